"""Periodic work that one process does for all: the holder of a lease."""

import asyncio
import logging
import os
import time
from uuid import uuid4

from iotflow.background.supervisor import Supervisor, Work
from iotflow.concurrency.tasks import run_to_completion
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.transactions import Transactions

LEASE_MS = 15_000
"""Lifetime of the lease, in milliseconds: the next holder waits for this long after the last one was killed."""
RENEW_EVERY_S = 3.0
TRY_EVERY_S = 2.0
MARGIN_S = 2.0
"""Time in seconds before the end of the lease at which the work has stopped, if the lease could not be renewed."""
LEASE_NAME = "scheduler"

logger = logging.getLogger(__name__)


class Scheduler:
    """Named work that runs periodically in the process that holds the lease. Add the work before `run`.

    A process that is suspended for longer than the lease loses it unnoticed until it continues: a run may then overlap
    with one of the next holder, so work must be right if that happens.
    """

    def __init__(self, transactions: Transactions, lease_ms: int = LEASE_MS) -> None:
        self._transactions = transactions
        self._lease_ms = lease_ms
        self._holder = uuid4()
        self._work: list[tuple[str, Work, float]] = []

    def repeat(self, name: str, work: Work, every_s: float) -> None:
        """Add work that runs every `every_s` seconds while this process holds the lease."""
        self._work.append((name, work, every_s))

    async def run(self) -> None:
        """Do the work whenever this process holds the lease, until cancelled; then release the lease."""
        try:
            while True:
                held_until = await self._acquire()
                if held_until is not None:
                    await self._work_until_lost(held_until)
                await asyncio.sleep(TRY_EVERY_S)
        finally:
            await run_to_completion(self._release())

    async def _work_until_lost(self, held_until: float) -> None:
        logger.info("scheduler: pid=%d: this process holds the lease", os.getpid())
        async with Supervisor() as supervisor:
            for name, work, every_s in self._work:
                supervisor.repeat(name, work, every_s)
            while (rest_s := held_until - MARGIN_S - time.monotonic()) > 0:
                await asyncio.sleep(min(RENEW_EVERY_S, rest_s))
                try:
                    async with asyncio.timeout(held_until - MARGIN_S - time.monotonic()):
                        renewed = await self._acquire(raises=True)
                except (StoreUnavailable, TimeoutError):
                    continue
                if renewed is None:
                    break
                held_until = renewed
        logger.warning("scheduler: pid=%d: this process has lost the lease", os.getpid())

    async def _acquire(self, *, raises: bool = False) -> float | None:
        """Take or renew the lease. Return its end by the monotonic clock, None if another process holds it."""
        asked_at = time.monotonic()
        try:
            async with self._transactions.write() as transaction:
                held = await transaction.leases.acquire(LEASE_NAME, self._holder, self._lease_ms)
        except StoreUnavailable:
            if raises:
                raise
            return None
        return asked_at + self._lease_ms / 1_000 if held else None

    async def _release(self) -> None:
        try:
            async with self._transactions.write() as transaction:
                await transaction.leases.release(LEASE_NAME, self._holder)
        except StoreUnavailable as error:
            logger.info("scheduler: the %s store is unavailable: %s; the lease ends by itself", error.store, error)
