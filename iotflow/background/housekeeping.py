"""Housekeeping: removal of expired data, and repair of times that a wrong clock has stored."""

import asyncio
import time
from collections.abc import Sequence

from iotflow.clock import Clock
from iotflow.domain.devices import MAX_ONLINE_WINDOW_S
from iotflow.domain.outbox import MAX_MESSAGE_DELAY_MS
from iotflow.domain.times import SECOND_MS, Millis
from iotflow.domain.webhooks import FINISHED_LIFETIME_MS, MAX_RETRY_MS
from iotflow.metrics.definitions import DELIVERIES_WAITING, OUTBOX_MESSAGES
from iotflow.repositories.retention import RecordSealer, RetentionSweeper
from iotflow.repositories.transactions import Transactions

CREDENTIALS_PER_CHUNK = 500
PAUSE_BETWEEN_CHUNKS_S = 0.02
SEALING_PAUSES = 4
"""The pause after a chunk of sealing, as a multiple of the chunk's duration: a fifth of the time at most."""
MAX_COUNTED_MESSAGES = 10_000
"""Per topic. A count of all would read the whole table."""
SKEW_MS = 60_000
"""Largest difference expected between the clocks of hosts that share the stores."""


async def clamp_future_times(transactions: Transactions, clock: Clock) -> None:
    """Set stored times in the future to now.

    A clock that ran ahead leaves such times: devices would count as online, and outbox messages would be delayed, until
    the clock reaches them.
    """
    now = clock.now()
    async with transactions.write() as transaction:
        await transaction.devices.clamp_last_seen(Millis(now + SKEW_MS), now)
        await transaction.watches.clamp_checks(Millis(now + MAX_ONLINE_WINDOW_S * SECOND_MS + SKEW_MS), now)
        await transaction.outbox.clamp_not_before(Millis(now + MAX_MESSAGE_DELAY_MS + SKEW_MS), now)
        latest = Millis(now + MAX_RETRY_MS + SKEW_MS)
        await transaction.deliveries.clamp_due_at(latest, now)
        await transaction.mail.clamp_due_at(latest, now)


async def seal_closed_days(sealer: RecordSealer) -> None:
    """Seal the days that have ended, in chunks with pauses in between. Raises StoreUnavailable.

    A pause lasts as long as `SEALING_PAUSES` chunks: sealing takes a small share of the CPU and of the time to write.
    """
    more = True
    while more:
        started = time.monotonic()
        more = await sealer.seal_chunk()
        await asyncio.sleep(max(PAUSE_BETWEEN_CHUNKS_S, SEALING_PAUSES * (time.monotonic() - started)))


async def count_queues(transactions: Transactions) -> None:
    """Count the outbox messages of each topic and the waiting deliveries, up to `MAX_COUNTED_MESSAGES`, for metrics."""
    async with transactions.read() as transaction:
        counts = await transaction.outbox.count_by_topic(MAX_COUNTED_MESSAGES)
        DELIVERIES_WAITING.set(await transaction.deliveries.count_waiting(MAX_COUNTED_MESSAGES))
    for topic, count in counts.items():
        OUTBOX_MESSAGES.set(count, topic.value)


async def delete_expired(sweepers: Sequence[RetentionSweeper], transactions: Transactions, clock: Clock) -> None:
    """Delete data past its retention, and expired tokens and keys. Raises StoreUnavailable.

    Deletes in chunks with pauses in between: a long transaction would delay ingestion.
    """
    for sweeper in sweepers:
        more = True
        while more:
            more = await sweeper.delete_expired_chunk()
            await asyncio.sleep(PAUSE_BETWEEN_CHUNKS_S)
    expired = CREDENTIALS_PER_CHUNK
    while expired == CREDENTIALS_PER_CHUNK:
        async with transactions.write() as transaction:
            expired = max(
                await transaction.tokens.delete_expired(clock.now(), CREDENTIALS_PER_CHUNK),
                await transaction.keys.delete_expired(clock.now(), CREDENTIALS_PER_CHUNK),
                await transaction.deliveries.delete_finished_before(
                    Millis(clock.now() - FINISHED_LIFETIME_MS), CREDENTIALS_PER_CHUNK
                ),
            )
        await asyncio.sleep(PAUSE_BETWEEN_CHUNKS_S)
