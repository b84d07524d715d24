"""Group commit of submissions: a statement costs the driver and Cassandra more than what it stores."""

from collections.abc import Awaitable, Callable, Sequence

from iotflow.group_commit import GroupCommit
from iotflow.stores.cassandra.connection import POINT_TIMEOUT_S, STORE, Cassandra
from iotflow.stores.cassandra.writing import Write

WRITES_PER_BATCH = 10
BYTES_PER_BATCH = 5_000
"""Batches of more partitions or bytes Cassandra warns of, and from ten times as many bytes on it refuses them."""
BYTES_WAITING = 2_000_000
LANES = 4
"""Groups that may be under way at a time. One after the other is used only when a full group waits in each before."""


class SmallWrites:
    """Sends writes in groups, each first to the devices' partitions, then to the days'."""

    def __init__(self, cassandra: Cassandra) -> None:
        self._cassandra = cassandra
        self._lanes = [_Lane(self._flush) for _ in range(LANES)]

    async def submit(self, write: Write) -> None:
        """Return once the write is stored. Raises StoreUnavailable."""
        lane = next((lane for lane in self._lanes if lane.has_room), self._lanes[-1])
        await lane.submit(write)

    async def close(self) -> None:
        """Wait for what was submitted."""
        for lane in self._lanes:
            await lane.commits.close()

    async def _flush(self, writes: Sequence[Write]) -> None:
        await self._cassandra.execute_batch([statement for write in writes for statement in write.of_device()])
        await self._cassandra.execute_batch(
            [statement for write in writes for batch in write.of_days() for statement in batch]
        )


class _Lane:
    def __init__(self, flush: Callable[[Sequence[Write]], Awaitable[None]]) -> None:
        self.commits = GroupCommit(
            flush,
            store=STORE,
            group_weight=BYTES_PER_BATCH,
            waiting_weight=BYTES_WAITING,
            deadline_s=POINT_TIMEOUT_S,
        )
        self._submitted = 0

    @property
    def has_room(self) -> bool:
        """Whether less than one group is under way and less than another one waits."""
        return self._submitted < 2 * WRITES_PER_BATCH

    async def submit(self, write: Write) -> None:
        self._submitted += 1
        try:
            await self.commits.submit(write, max(write.bytes, BYTES_PER_BATCH // WRITES_PER_BATCH))
        finally:
            self._submitted -= 1
