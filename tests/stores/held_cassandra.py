"""A connection that suspends one statement while a test does something else."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from iotflow.stores.cassandra.driver import Row, Statement
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, SHORT_TIMEOUT_S, Cassandra

DEADLINE_S = 10.0


class Hold:
    """Suspends the first statement with a given text until it is released; others pass."""

    def __init__(self, cql: str) -> None:
        self._cql = cql
        self._reached = asyncio.Event()
        self._released = asyncio.Event()

    async def wait_until_held(self) -> None:
        """Return once a statement is suspended."""
        async with asyncio.timeout(DEADLINE_S):
            await self._reached.wait()

    async def wait_if_held(self, cql: str) -> None:
        """Suspend the caller if it is the first one with this statement."""
        if cql == self._cql and not self._reached.is_set():
            self._reached.set()
            await self._released.wait()

    def release(self) -> None:
        """Release the statement."""
        self._released.set()


class HeldCassandra(Cassandra):
    """A connection that suspends a statement before its deadline begins."""

    _hold: Hold | None = None

    @contextmanager
    def holding(self, cql: str) -> Iterator[Hold]:
        """Suspend the first statement with this text, or its batch, until the block ends."""
        self._hold = hold = Hold(cql)
        try:
            yield hold
        finally:
            hold.release()
            self._hold = None

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SHORT_TIMEOUT_S
    ) -> list[Row]:
        await self._wait_if_held(cql)
        return await super().execute(cql, values, timeout_s=timeout_s)

    async def execute_batch(self, statements: Sequence[Statement], *, timeout_s: float = SHORT_TIMEOUT_S) -> None:
        for cql, _ in statements:
            await self._wait_if_held(cql)
        await super().execute_batch(statements, timeout_s=timeout_s)

    async def pages(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SCAN_TIMEOUT_S
    ) -> AsyncIterator[list[Row]]:
        await self._wait_if_held(cql)
        async for page in super().pages(cql, values, timeout_s=timeout_s):
            yield page

    async def _wait_if_held(self, cql: str) -> None:
        if self._hold is not None:
            await self._hold.wait_if_held(cql)
