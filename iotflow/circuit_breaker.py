"""Failing fast while a store is down (Nygard, "Release It!", 2nd edition, 2018, section 5.2)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from iotflow.completion import stopped
from iotflow.domain.errors import StoreUnavailable

FAILURES = 3
"""So many calls in a row that fail open the circuit."""
PROBE_EVERY_S = 0.5

logger = logging.getLogger(__name__)


class CircuitBreaker:
    """Guards the calls to one store. Once some in a row have failed, others fail at once, without trying.

    Meanwhile a task of its own probes the store, and the first probe that succeeds lets calls through again: no request
    ever pays for finding out.
    """

    def __init__(self, store: str, probe: Callable[[], Awaitable[None]], *, probe_timeout_s: float) -> None:
        """`probe` raises StoreUnavailable unless the store answers; it may replace what is broken."""
        self._store = store
        self._probe = probe
        self._probe_timeout_s = probe_timeout_s
        self._failures = 0
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls fail without trying."""
        return self._probing is not None

    @asynccontextmanager
    async def guard(self, timeout_s: float) -> AsyncIterator[asyncio.Timeout]:
        """Give the block's call so many seconds. Raises StoreUnavailable: at once while the circuit is open.

        The block turns its driver's errors into StoreUnavailable when the store is to blame; no other error counts.
        It is given its deadline, which it may move.
        """
        if self._probing is not None:
            raise StoreUnavailable(self._store, f"it failed {FAILURES} times in a row and has not answered since")
        try:
            async with asyncio.timeout(timeout_s) as deadline:
                yield deadline
        except TimeoutError as error:
            self._failed()
            raise StoreUnavailable(self._store, f"no answer within {timeout_s} s") from error
        except StoreUnavailable:
            self._failed()
            raise
        self._failures = 0

    async def close(self) -> None:
        """Stop probing."""
        if self._probing is not None:
            await stopped(self._probing)

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES and self._probing is None:
            logger.warning("the %s store failed %d times in a row: not asked until it answers", self._store, FAILURES)
            self._probing = asyncio.create_task(self._probe_until_it_answers(), name=f"probe of {self._store}")

    async def _probe_until_it_answers(self) -> None:
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            try:
                async with asyncio.timeout(self._probe_timeout_s):
                    await self._probe()
            except (StoreUnavailable, TimeoutError):
                continue
            except Exception:
                # A defect of the probe's must not keep the circuit open when the store is well again.
                logger.exception("the probe of the %s store failed", self._store)
                continue
            break
        logger.warning("the %s store answers again", self._store)
        self._failures = 0
        self._probing = None
