"""Coordination of asyncio tasks, independent of the domain."""
