"""The cache on Redis 7 or later."""
