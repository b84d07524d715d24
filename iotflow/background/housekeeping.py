"""Housekeeping: removal of expired data, and repair of times that a wrong clock has stored."""

import asyncio
from collections.abc import Sequence

from iotflow.clock import Clock
from iotflow.domain.outbox import MAX_MESSAGE_DELAY_MS
from iotflow.domain.times import Millis
from iotflow.metrics.catalogue import OUTBOX_MESSAGES
from iotflow.repositories.retention import RetentionSweeper
from iotflow.repositories.transactions import Transactions

CREDENTIALS_PER_CHUNK = 500
PAUSE_BETWEEN_CHUNKS_S = 0.02
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
        await transaction.outbox.clamp_not_before(Millis(now + MAX_MESSAGE_DELAY_MS + SKEW_MS), now)


async def count_outbox(transactions: Transactions) -> None:
    """Count the outbox messages of each topic, up to `MAX_COUNTED_MESSAGES`, for the metrics."""
    async with transactions.read() as transaction:
        counts = await transaction.outbox.count_by_topic(MAX_COUNTED_MESSAGES)
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
            )
        await asyncio.sleep(PAUSE_BETWEEN_CHUNKS_S)
