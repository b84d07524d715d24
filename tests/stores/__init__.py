"""The players: each inherits its role's suite, and what is its own is tested beside it."""
