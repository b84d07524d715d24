"""Limits on concurrent bulk reads."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from iotflow.domain.errors import Overloaded
from iotflow.services import bulk_reads
from iotflow.services.bulk_reads import (
    MAX_CONCURRENT_READS,
    MAX_CONCURRENT_READS_PER_ACCOUNT,
    MAX_READS_PER_ACCOUNT,
    BulkReads,
)


class Readers:
    """Bulk reads that run until the test ends them."""

    def __init__(self) -> None:
        self.reads = BulkReads()
        self.under_way: list[UUID] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._over = asyncio.Event()

    def begin(self, account: UUID, count: int = 1) -> list[asyncio.Task[None]]:
        """Begin reads of an account."""
        begun = [asyncio.create_task(self._read(account)) for _ in range(count)]
        self._tasks += begun
        return begun

    async def end(self) -> None:
        """End all reads."""
        self._over.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, account: UUID) -> None:
        async with self.reads.slot(account):
            self.under_way.append(account)
            await self._over.wait()


@pytest.fixture
async def readers() -> AsyncIterator[Readers]:
    readers = Readers()
    yield readers
    await readers.end()


async def settled() -> None:
    """Run every task until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_an_account_may_run_a_few_reads_and_others_are_not_delayed(readers: Readers) -> None:
    greedy, modest = uuid4(), uuid4()
    readers.begin(greedy, 20)
    await settled()
    assert readers.under_way == [greedy] * MAX_CONCURRENT_READS_PER_ACCOUNT
    readers.begin(modest)
    await settled()
    assert readers.under_way == [greedy] * MAX_CONCURRENT_READS_PER_ACCOUNT + [modest]
    readers.begin(uuid4(), 9)
    await settled()
    assert len(readers.under_way) == MAX_CONCURRENT_READS


async def test_waiting_reads_run_in_order(readers: Readers) -> None:
    accounts = [uuid4() for _ in range(3)]
    begun = [task for account in accounts for task in readers.begin(account, 10)]
    await settled()
    await readers.end()
    assert all(task.exception() is None for task in begun)
    assert sorted(readers.under_way) == sorted(accounts * 10)


async def test_a_read_that_waits_too_long_is_refused(
    readers: Readers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bulk_reads, "QUEUE_TIMEOUT_S", 0.05)
    account = uuid4()
    readers.begin(account, MAX_CONCURRENT_READS_PER_ACCOUNT)
    (late,) = readers.begin(account)
    with pytest.raises(Overloaded, match="2 at a time of one account"):
        await late
    assert str(account) in caplog.text


async def test_reads_beyond_the_queue_limit_are_refused_at_once(readers: Readers) -> None:
    account = uuid4()
    readers.begin(account, MAX_READS_PER_ACCOUNT)
    await settled()
    (refused,) = readers.begin(account)
    await settled()
    assert isinstance(refused.exception(), Overloaded)
    (other,) = readers.begin(uuid4())
    await settled()
    assert not other.done()


async def test_a_read_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_reads, "READ_TIMEOUT_S", 0.05)
    reads = BulkReads()
    with pytest.raises(Overloaded, match="took more than"):
        async with reads.slot(uuid4()):
            await asyncio.Event().wait()


async def test_a_timeout_raised_by_the_read_itself_is_not_converted() -> None:
    with pytest.raises(TimeoutError):
        async with BulkReads().slot(uuid4()):
            raise TimeoutError


async def test_a_cancelled_read_frees_its_place(readers: Readers) -> None:
    account = uuid4()
    running = readers.begin(account, MAX_CONCURRENT_READS_PER_ACCOUNT)
    waiting = readers.begin(account, 5)
    await settled()
    for task in (running[0], *waiting[:4]):
        task.cancel()
    await settled()
    assert readers.under_way == [account] * (MAX_CONCURRENT_READS_PER_ACCOUNT + 1)
    await readers.end()
    assert not readers.reads._accounts, "accounts without reads are forgotten"
