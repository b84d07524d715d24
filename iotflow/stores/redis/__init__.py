"""The players on Redis 7 or later."""
