"""Group commit of small writes: a statement costs the driver and Cassandra more than the data in it."""

from collections.abc import Sequence

from iotflow.concurrency.group_commit import GroupCommit
from iotflow.stores.cassandra.driver import STORE_NAME
from iotflow.stores.cassandra.session import SHORT_TIMEOUT_S, Cassandra
from iotflow.stores.cassandra.writes import DeviceWrite, Writer

MAX_WRITES_PER_BATCH = 10
MAX_BYTES_PER_BATCH = 5_000
"""Cassandra warns of batches with more partitions or bytes, and refuses those with ten times this number of bytes."""
MAX_WAITING_BYTES = 2_000_000
CONCURRENT_BATCHES = 4


class WriteBatcher:
    """Sends writes in batches, and before them the entries of the catalogue that they need."""

    def __init__(self, cassandra: Cassandra, writer: Writer) -> None:
        self._cassandra = cassandra
        self._writer = writer
        self._commits = GroupCommit(
            self._flush,
            store=STORE_NAME,
            group_weight=MAX_BYTES_PER_BATCH,
            max_waiting_weight=MAX_WAITING_BYTES,
            deadline_s=SHORT_TIMEOUT_S,
            concurrency=CONCURRENT_BATCHES,
        )

    async def submit(self, write: DeviceWrite) -> None:
        """Return once the write is stored. Raises StoreUnavailable."""
        await self._commits.submit(write, max(write.bytes, MAX_BYTES_PER_BATCH // MAX_WRITES_PER_BATCH))

    async def close(self) -> None:
        """Wait for the submitted writes."""
        await self._commits.close()

    async def _flush(self, writes: Sequence[DeviceWrite]) -> None:
        if any(write.entries for write in writes):
            await self._writer.store_entries(writes)
        await self._cassandra.execute_batch(
            [statement for write in writes for batch in write.day_partition_batches() for statement in batch]
        )
