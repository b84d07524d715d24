"""Two workers on one SQL store, the first of which is held within a transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from iotflow.domain.networks import LOCAL_NETWORK
from iotflow.repositories.stores import Stores
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.passwords import Passwords
from tests.clock import FakeClock
from tests.contracts.raw import RawRow
from tests.services.harness import ServiceHarness, build_harness
from tests.services.interception import Hook, Intercepted, InterceptedTransactions, Pause
from tests.stores.postgres import PostgresTables
from tests.stores.sql import SqlTables
from tests.waiting import wait_until

PASSWORD = "correct horse battery"
DEADLINE_S = 10.0
BLOCKED_BACKENDS = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""


class UnhashedPasswords(Passwords):
    """Passwords that are stored as they are, so that a change of password takes no time."""

    async def hash(self, password: str, network: str = LOCAL_NETWORK) -> str:
        return password

    async def verify(self, password: str, password_hash: str | None, network: str = LOCAL_NETWORK) -> bool:
        return password == password_hash


class SignallingTransactions:
    """Implementation of `Transactions` that sets an event when a write transaction is requested."""

    def __init__(self, transactions: Transactions, write_requested: asyncio.Event) -> None:
        self._transactions = transactions
        self._write_requested = write_requested

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        return self._transactions.read(bulk=bulk)

    def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        self._write_requested.set()
        return self._transactions.write(bulk=bulk)


@dataclass(frozen=True)
class WorkerPair:
    """Two workers on one store."""

    stores: tuple[Stores, Stores]
    clock: FakeClock
    passwords: Passwords
    tables: SqlTables
    second_write_requested: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def first(self) -> ServiceHarness:
        return self._worker(self.stores[0])

    @property
    def second(self) -> ServiceHarness:
        stores, event = self.stores[1], self.second_write_requested
        transactions = SignallingTransactions(stores.transactions, event)
        telemetry: Any = Intercepted(stores.telemetry, "write", before=_setter(event))
        return self._worker(replace(stores, transactions=transactions, telemetry=telemetry))

    def first_held_after(self, repository: str, method: str, pause: Pause) -> ServiceHarness:
        """Return the first worker, held within its transaction after the first call of a repository's method."""
        transactions = InterceptedTransactions(self.stores[0].transactions, repository, method, pause)
        return self._worker(replace(self.stores[0], transactions=transactions))

    async def run_both(
        self, pause: Pause, first: Awaitable[object], second: Callable[[], Awaitable[object]]
    ) -> tuple[object, object]:
        """Start `second` while `first` is held; release `first` once `second` has ended or waits for a lock.

        Returns both results; an exception is a result.
        """
        one = asyncio.ensure_future(first)
        held = asyncio.create_task(pause.reached.wait())
        await asyncio.wait([one, held], return_when=asyncio.FIRST_COMPLETED, timeout=DEADLINE_S)
        assert pause.reached.is_set(), "the first request was never held"
        self.second_write_requested.clear()
        other = asyncio.ensure_future(second())
        blocked = asyncio.create_task(self._wait_until_second_is_blocked())
        await asyncio.wait([other, blocked], return_when=asyncio.FIRST_COMPLETED, timeout=DEADLINE_S)
        if blocked.done():
            blocked.result()
        assert other.done() or blocked.done(), "the second request neither ended nor waited for a lock"
        blocked.cancel()
        pause.go_on.set()
        async with asyncio.timeout(DEADLINE_S):
            return await asyncio.gather(one, other, return_exceptions=True)

    async def rows(self, table: str, **where: object) -> list[RawRow]:
        """Return the committed rows of a table whose columns have these values."""
        rows = await self.tables.rows(table)
        return [row for row in rows if all(row[column] == value for column, value in where.items())]

    async def _wait_until_second_is_blocked(self) -> None:
        # The first request is SQLite's one writer, so there any write of the second waits from its begin.
        await self.second_write_requested.wait()
        if isinstance(self.tables, PostgresTables):
            await wait_until(self._has_blocked_backend, DEADLINE_S, interval_s=0.01)

    async def _has_blocked_backend(self) -> bool:
        assert isinstance(self.tables, PostgresTables)
        return bool(await self.tables.query(BLOCKED_BACKENDS))

    def _worker(self, stores: Stores) -> ServiceHarness:
        return build_harness(stores, self.clock, self.passwords)


def _setter(event: asyncio.Event) -> Hook:
    async def set_event(*_args: object, **_kwargs: object) -> None:
        event.set()

    return set_event
