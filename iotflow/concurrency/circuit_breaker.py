"""A circuit breaker: calls fail fast while a store is unavailable.

Source: Nygard, "Release It!", 2nd edition, 2018, section 5.2.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import StoreUnavailable
from iotflow.metrics.definitions import OPEN_CIRCUITS

MAX_FAILURES = 3
"""Consecutive failed calls that open the circuit."""
PROBE_INTERVAL_S = 0.5

logger = logging.getLogger(__name__)


class CircuitBreaker:
    """A circuit breaker for one store: after `MAX_FAILURES` consecutive failures, calls fail at once.

    While the circuit is open, a background task probes the store every `PROBE_INTERVAL_S` seconds; the first successful
    probe closes the circuit. No request waits for a probe.
    """

    def __init__(self, store: str, probe: Callable[[], Awaitable[None]], *, probe_timeout_s: float) -> None:
        """`probe` raises StoreUnavailable unless the store answers; it may replace broken connections."""
        self._store = store
        self._probe = probe
        self._probe_timeout_s = probe_timeout_s
        self._failures = 0
        self._probing: asyncio.Task[None] | None = None
        OPEN_CIRCUITS.add_source(self, lambda breaker: {(breaker._store,): float(breaker.is_open)})

    @property
    def is_open(self) -> bool:
        """Return whether calls fail at once, without calling the store."""
        return self._probing is not None

    @asynccontextmanager
    async def guard(self, timeout_s: float) -> AsyncIterator[asyncio.Timeout]:
        """Run the block's call within `timeout_s` seconds; the block receives the deadline and may move it.

        Only a timeout and StoreUnavailable count as failures: the block maps driver errors of an unavailable store to
        StoreUnavailable. Raises StoreUnavailable: on a timeout, and at once while the circuit is open.
        """
        if self._probing is not None:
            raise StoreUnavailable(
                self._store, f"circuit open after {MAX_FAILURES} failures; no probe has succeeded since"
            )
        try:
            async with asyncio.timeout(timeout_s) as deadline:
                yield deadline
        except TimeoutError as error:
            self._record_failure()
            raise StoreUnavailable(self._store, f"no answer within {timeout_s} s") from error
        except StoreUnavailable:
            self._record_failure()
            raise
        self._failures = 0

    async def close(self) -> None:
        """Stop the probes."""
        if self._probing is not None:
            await cancel_and_wait(self._probing)

    def _record_failure(self) -> None:
        self._failures += 1
        if self._failures >= MAX_FAILURES and self._probing is None:
            logger.warning(
                "circuit breaker: the %s store is unavailable: failures=%d; calls fail until a probe succeeds",
                self._store,
                MAX_FAILURES,
            )
            self._probing = asyncio.create_task(self._probe_until_available(), name=f"probe of {self._store}")

    async def _probe_until_available(self) -> None:
        while True:
            await asyncio.sleep(PROBE_INTERVAL_S)
            try:
                async with asyncio.timeout(self._probe_timeout_s):
                    await self._probe()
            except (StoreUnavailable, TimeoutError):
                continue
            except Exception:
                # An unexpected error would end the probes, so the circuit would stay open for good.
                logger.exception(
                    "circuit breaker: the probe of the %s store failed; retry in %.1f s", self._store, PROBE_INTERVAL_S
                )
                continue
            break
        logger.warning("circuit breaker: the %s store is available again", self._store)
        self._failures = 0
        self._probing = None
