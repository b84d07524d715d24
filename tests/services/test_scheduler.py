"""Scheduled work of several processes over one store: one of them does it."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from uuid import uuid4

import pytest

from iotflow.background import scheduler as module
from iotflow.background.scheduler import LEASE_NAME, Scheduler
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.transactions import Transaction, Transactions
from tests.services.harness import ServiceHarness
from tests.waiting import wait_until

LEASE_MS = 500
DEADLINE_S = 10.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RENEW_EVERY_S", 0.05), ("TRY_EVERY_S", 0.05), ("MARGIN_S", 0.1)):
        monkeypatch.setattr(module, name, value)


class Line:
    """Implementation of `Transactions` by others that is refused while it is cut."""

    def __init__(self, transactions: Transactions) -> None:
        self.is_cut = False
        self._transactions = transactions

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        return self._transactions.read(bulk=bulk)

    def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        if self.is_cut:
            raise StoreUnavailable("sql", "the line is cut")
        return self._transactions.write(bulk=bulk)


class Process:
    """A process with scheduled work that counts its runs."""

    def __init__(self, harness: ServiceHarness) -> None:
        self.runs = 0
        self.line = Line(harness.stores.transactions)
        self.scheduler = Scheduler(self.line, LEASE_MS)
        self.scheduler.repeat("work", self._work, 0.01)
        self._task = asyncio.create_task(self.scheduler.run())

    async def _work(self) -> None:
        self.runs += 1

    async def wait_until_it_works(self) -> None:
        """Wait for more runs."""
        before = self.runs

        async def works() -> bool:
            return self.runs > before

        await wait_until(works, DEADLINE_S, 0.01)

    async def stop(self) -> None:
        """Shut down."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_one_process_works_until_it_stops_and_the_next_takes_over_at_once(harness: ServiceHarness) -> None:
    first = Process(harness)
    await first.wait_until_it_works()
    second = Process(harness)
    for _ in range(20):
        await first.wait_until_it_works()
    assert second.runs == 0
    await first.stop()
    await second.wait_until_it_works()
    await second.stop()
    async with harness.stores.transactions.write() as transaction:
        assert await transaction.leases.acquire(LEASE_NAME, uuid4(), LEASE_MS)


async def test_a_process_that_cannot_renew_its_lease_ends_its_work_before_the_next_begins(
    harness: ServiceHarness,
) -> None:
    first = Process(harness)
    await first.wait_until_it_works()
    second = Process(harness)
    first.line.is_cut = True
    await second.wait_until_it_works()
    runs = first.runs
    for _ in range(20):
        await second.wait_until_it_works()
    assert first.runs == runs
    first.line.is_cut = False
    await second.stop()
    await first.wait_until_it_works()
    await first.stop()
