"""Work beyond the service's capacity is refused at once with a retry. Every queue is limited."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from iotflow.cli.databases import migrate
from iotflow.clock import SystemClock
from iotflow.composition import open_stores
from iotflow.concurrency.group_commit import GroupCommit
from iotflow.domain.errors import Overloaded, StoreUnavailable
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.stores import Stores
from iotflow.services import passwords
from iotflow.services.passwords import MAX_QUEUED_PASSWORDS, Passwords
from iotflow.settings import load_settings
from iotflow.stores.sql.telemetry import MAX_WAITING_VALUES, VALUES_PER_FLUSH
from tests.api.clients import PASSWORD

LONG_S = 60.0


class Flushes:
    """A store whose flushes the test releases."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, items: Sequence[str]) -> None:
        self.groups.append(list(items))
        self.began.set()
        await self.may_end.wait()

    def commit(self, *, group: int = 10, waiting: int = 3, deadline_s: float = LONG_S) -> GroupCommit[str]:
        """Open a group commit into this store."""
        return GroupCommit(self, store="here", group_weight=group, max_waiting_weight=waiting, deadline_s=deadline_s)


@pytest.fixture
def flushes() -> Flushes:
    return Flushes()


async def test_the_items_that_wait_for_a_flush_are_limited(flushes: Flushes) -> None:
    commit = flushes.commit(waiting=3)
    first = asyncio.create_task(commit.submit("first"))
    await flushes.began.wait()
    waiting = [asyncio.create_task(commit.submit(item)) for item in "abc"]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await commit.submit("d")
    flushes.may_end.set()
    await asyncio.gather(first, *waiting)
    assert flushes.groups == [["first"], ["a", "b", "c"]]


async def test_an_item_heavier_than_the_queue_is_accepted_when_the_queue_is_empty(flushes: Flushes) -> None:
    flushes.may_end.set()
    await flushes.commit(group=2, waiting=3).submit("heavy", weight=50)
    assert flushes.groups == [["heavy"]]


async def test_the_weight_of_a_flush_is_limited(flushes: Flushes) -> None:
    flushes.may_end.set()
    commit = flushes.commit(group=3, waiting=100)
    await asyncio.gather(*(commit.submit(item, weight) for item, weight in (("a", 1), ("b", 2), ("c", 3), ("d", 1))))
    assert flushes.groups == [["a", "b"], ["c"], ["d"]]


async def test_an_item_that_expires_in_the_queue_is_refused_and_never_flushed(flushes: Flushes) -> None:
    commit = flushes.commit(deadline_s=0.05)
    first = asyncio.create_task(commit.submit("first"))
    await flushes.began.wait()
    with pytest.raises(StoreUnavailable):
        await commit.submit("late")
    assert not first.done(), "an item in a flush must wait for its end: until then its outcome is unknown"
    flushes.may_end.set()
    await first
    await commit.submit("next")
    assert flushes.groups == [["first"], ["next"]]


async def test_a_cancelled_submitter_cancels_no_other_item(flushes: Flushes) -> None:
    commit = flushes.commit()
    first, second = (asyncio.create_task(commit.submit(item)) for item in ("first", "second"))
    await flushes.began.wait()
    for task in (first, second):
        task.cancel()
    third = asyncio.create_task(commit.submit("third"))
    flushes.may_end.set()
    await third
    assert [item for group in flushes.groups for item in group] == ["first", "second", "third"]


async def test_one_bad_item_fails_alone_and_an_outage_fails_its_group() -> None:
    flushed: list[list[int]] = []

    async def flush(items: Sequence[int]) -> None:
        flushed.append(list(items))
        if -1 in items:
            raise ValueError("bad")
        if 100 in items:
            raise StoreUnavailable("here", "down")

    commit = GroupCommit(flush, store="here", group_weight=10, max_waiting_weight=10, deadline_s=LONG_S)
    assert await _outcomes(commit, [1, -1, 2]) == [None, ValueError, None]
    assert await _outcomes(commit, [1, 100, 2]) == [StoreUnavailable] * 3
    assert flushed == [[1, -1, 2], [1], [-1], [2], [1, 100, 2]]
    assert await _outcomes(commit, [3]) == [None]


async def test_the_queue_of_password_hashing_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHING_TIMEOUT_S", LONG_S)
    fresh = Passwords()
    hashed = await asyncio.gather(
        *(fresh.hash(PASSWORD) for _ in range(MAX_QUEUED_PASSWORDS + 5)), return_exceptions=True
    )
    fresh.close()
    # One more is being hashed: the other thread is reserved for logins.
    assert Counter(map(type, hashed)) == {str: MAX_QUEUED_PASSWORDS + 1, Overloaded: 4}


@pytest.fixture
def settings() -> dict[str, str]:
    """Without these settings most registrations would be refused by the limit of their one address."""
    return {"IOTFLOW_REGISTRATIONS_PER_ADDRESS": "0"}


async def test_registrations_beyond_the_queue_are_answered_503(client: httpx.AsyncClient) -> None:
    statuses = Counter(
        await asyncio.gather(*(_register(client, f"user-{number}") for number in range(4 * MAX_QUEUED_PASSWORDS)))
    )
    assert statuses.keys() == {201, 503}
    assert statuses[201] >= MAX_QUEUED_PASSWORDS
    assert await _register(client, "calm") == 201


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    settings = load_settings(data_dir=tmp_path)
    await migrate(settings)
    async with open_stores(settings, SystemClock()) as stores:
        yield stores


async def test_the_telemetry_that_waits_for_the_writer_is_limited(stores: Stores, tmp_path: Path) -> None:
    clock = SystemClock()
    values = {f"name-{number}": number for number in range(250)}
    full = [Record(Millis(time), values, None, clock.unique_now()) for time in range(VALUES_PER_FLUSH // len(values))]
    fit = 1 + MAX_WAITING_VALUES // VALUES_PER_FLUSH
    with closing(sqlite3.connect(tmp_path / "iotflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writes = [asyncio.create_task(stores.telemetry.write(1, full)) for _ in range(fit + 3)]
        done, _ = await asyncio.wait(writes, timeout=2.0)
        other.execute("ROLLBACK")
    assert [type(write.exception()) for write in done] == [StoreUnavailable] * len(done)
    assert len(done) in (3, 4), "of the first write, the flush may not have begun when the last came"
    taken = await asyncio.gather(*(write for write in writes if write not in done), return_exceptions=True)
    # On a slow machine the last ones may have waited for too long.
    assert taken[0] is None
    assert {type(outcome) for outcome in taken} <= {type(None), StoreUnavailable}
    page = (
        await stores.telemetry.records(1, TimeRange(Millis(0), None), descending=False, limit=PageLimit(1_000))
    ).records
    assert len(page) == len(full)


async def _outcomes(commit: GroupCommit[int], items: Sequence[int]) -> list[type[BaseException] | None]:
    found = await asyncio.gather(*(commit.submit(item) for item in items), return_exceptions=True)
    return [None if error is None else type(error) for error in found]


async def _register(client: httpx.AsyncClient, name: str) -> int:
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    return (await client.post("/auth/register", json=body)).status_code
