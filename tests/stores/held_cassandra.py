"""A connection that holds a statement back while a test does something else."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from iotflow.stores.cassandra.connection import POINT_TIMEOUT_S, SCAN_TIMEOUT_S, Cassandra, Row, Statement

BATCH = "a batch"
DEADLINE_S = 10.0


class Hold:
    """The first statement of a kind that comes waits until the block ends; others pass."""

    def __init__(self, cql: str) -> None:
        self._cql = cql
        self._reached = asyncio.Event()
        self._released = asyncio.Event()

    async def reached(self) -> None:
        """Return once a statement is held."""
        async with asyncio.timeout(DEADLINE_S):
            await self._reached.wait()

    async def meet(self, cql: str) -> None:
        """What a session asks before it sends."""
        if cql == self._cql and not self._reached.is_set():
            self._reached.set()
            await self._released.wait()

    def release(self) -> None:
        """Let it go."""
        self._released.set()


class HeldCassandra(Cassandra):
    """Holds back a statement, before the deadline of its own begins."""

    _hold: Hold | None = None

    @contextmanager
    def holding(self, cql: str) -> Iterator[Hold]:
        """Hold the first statement with this text (`BATCH` is any batch) that comes while the block runs."""
        self._hold = hold = Hold(cql)
        try:
            yield hold
        finally:
            hold.release()
            self._hold = None

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = POINT_TIMEOUT_S
    ) -> list[Row]:
        await self._meet(cql)
        return await super().execute(cql, values, timeout_s=timeout_s)

    async def execute_batch(self, statements: Sequence[Statement], *, timeout_s: float = POINT_TIMEOUT_S) -> None:
        await self._meet(BATCH)
        await super().execute_batch(statements, timeout_s=timeout_s)

    async def pages(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SCAN_TIMEOUT_S
    ) -> AsyncIterator[list[Row]]:
        await self._meet(cql)
        async for page in super().pages(cql, values, timeout_s=timeout_s):
            yield page

    async def _meet(self, cql: str) -> None:
        if self._hold is not None:
            await self._hold.meet(cql)
