"""Supervision of background work: restart after a defect, cancellation at the end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import StoreUnavailable

RESTART_DELAY_S = 5.0
FIRST_RUN_AFTER_S = 10.0
"""Time until the first run of repeated work at most: a service may never run for as long as its interval."""

Work = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)


class Supervisor:
    """The owner of the service's background tasks, which run until the end of its `async with` block."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._tasks:
            await cancel_and_wait(self._tasks.pop())

    def run(self, name: str, work: Work) -> None:
        """Start work that runs until shutdown; restart it `RESTART_DELAY_S` seconds after it ends or raises."""
        self._tasks.append(asyncio.create_task(_restart(name, work), name=name))

    def repeat(self, name: str, work: Work, every_s: float) -> None:
        """Start work that runs every `every_s` seconds, first after `FIRST_RUN_AFTER_S` seconds at most.

        StoreUnavailable is logged; the next run is the retry.
        """
        self.run(name, lambda: _repeat(name, work, every_s))


async def _restart(name: str, work: Work) -> None:
    while True:
        try:
            await work()
        except Exception:
            # An uncaught error would end the work, so events, purges or flushes would stop until the process restarts.
            logger.exception("%s: failed; restart in %.0f s", name, RESTART_DELAY_S)
        await asyncio.sleep(RESTART_DELAY_S)


async def _repeat(name: str, work: Work, every_s: float) -> None:
    delay_s = min(every_s, FIRST_RUN_AFTER_S)
    while True:
        await asyncio.sleep(delay_s)
        delay_s = every_s
        try:
            await work()
        except StoreUnavailable as error:
            logger.warning("%s: the %s store is unavailable: %s; retry in %.0f s", name, error.store, error, every_s)
