"""What the service does by itself, again and again, while it runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.outbox import LONGEST_WAIT_MS
from iotflow.domain.times import Millis
from iotflow.repositories.presence import PresenceRepository
from iotflow.repositories.sweeper import Sweeper
from iotflow.repositories.transactions import Transactions

CREDENTIALS_PER_SWEEP = 500
DEVICES_PER_FLUSH = 1_000
PAUSE_BETWEEN_CHUNKS_S = 0.02
SKEW_MS = 60_000
"""How far the clocks of hosts that share the stores may be apart."""

logger = logging.getLogger(__name__)


async def repeat(what: str, work: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Do `work` each `every_s` seconds until cancelled; an unavailable store is logged and met again next time."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await work()
        except StoreUnavailable as error:
            logger.warning("%s must wait, the %s store is unavailable: %s", what, error.store, error)


async def flush_presence(presence: PresenceRepository, transactions: Transactions, clock: Clock) -> None:
    """Store in SQL when devices were last seen, at the latest now: the clock may have been set back since.

    In chunks: requests use the writer in between.
    """
    times = sorted((await presence.unflushed()).items())
    now = clock.now()
    for start in range(0, len(times), DEVICES_PER_FLUSH):
        seen = dict(times[start : start + DEVICES_PER_FLUSH])
        async with transactions.write(bulk=True) as transaction:
            await transaction.devices.record_seen({device_id: min(at, now) for device_id, at in seen.items()})
        await presence.flushed(seen)


async def clamp_future_times(transactions: Transactions, clock: Clock) -> None:
    """Bring stored times that a clock set back has left in the future to now.

    Else devices would be online, and messages of the outbox wait, until the clock is there again.
    """
    now = clock.now()
    async with transactions.write() as transaction:
        await transaction.devices.clamp_last_seen(Millis(now + SKEW_MS), now)
        await transaction.outbox.clamp_not_before(Millis(now + LONGEST_WAIT_MS + SKEW_MS), now)


async def sweep(sweepers: Sequence[Sweeper], transactions: Transactions, clock: Clock) -> None:
    """Remove what has outlived its retention, in chunks with pauses, so that ingestion never waits for long."""
    for sweeper in sweepers:
        more = True
        while more:
            more = await sweeper.sweep_chunk()
            await asyncio.sleep(PAUSE_BETWEEN_CHUNKS_S)
    expired = CREDENTIALS_PER_SWEEP
    while expired == CREDENTIALS_PER_SWEEP:
        async with transactions.write() as transaction:
            expired = max(
                await transaction.tokens.delete_expired(clock.now(), CREDENTIALS_PER_SWEEP),
                await transaction.keys.delete_expired(clock.now(), CREDENTIALS_PER_SWEEP),
            )
        await asyncio.sleep(PAUSE_BETWEEN_CHUNKS_S)
