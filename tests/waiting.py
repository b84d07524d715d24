"""Waiting for a condition with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable


async def wait_until(condition: Callable[[], Awaitable[bool]], deadline_s: float, interval_s: float = 0.1) -> None:
    """Evaluate a condition every `interval_s` seconds until it is true. Raises TimeoutError at the deadline."""
    async with asyncio.timeout(deadline_s):
        while not await condition():  # noqa: ASYNC110  # the service has no notification to wait for
            await asyncio.sleep(interval_s)
