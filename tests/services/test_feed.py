"""The feed of a user: the records of all devices in one order."""

from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotflow.domain.errors import NotFound
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.times import Millis, TimeRange
from iotflow.services import feed as module
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.feed import Feed, FeedPosition
from tests.services.harness import ServiceHarness, SignedInUser, register_device, register_user

ALL = TimeRange(Millis(0), None)
Shown = list[tuple[int, int]]
"""Pairs of time and device."""


@pytest.fixture
def feed(harness: ServiceHarness) -> Feed:
    return Feed(harness.stores.transactions, harness.stores.telemetry, BulkReads())


async def store(harness: ServiceHarness, device_id: int, *times: int, text: str = "") -> None:
    """Store records with these times."""
    records = [Record(Millis(time), {"n": time, "text": text}, None, harness.clock.unique_now()) for time in times]
    await harness.stores.telemetry.write(device_id, records)


async def pages(feed: Feed, owner: SignedInUser, limit: int, time_range: TimeRange = ALL) -> list[Shown]:
    """Return all pages, following the cursors."""
    found: list[Shown] = []
    after: FeedPosition | None = None
    while True:
        page = await feed.page(owner.context, owner.caller.user_id, time_range, limit, after)
        found.append([(item.record.timestamp, item.device_id) for item in page.records])
        if page.next is None:
            return found
        assert len(found) < 200, "the cursors form a cycle"
        after = page.next


@given(
    times=st.lists(st.sets(st.integers(0, 30), max_size=12), min_size=1, max_size=6),
    limit=st.integers(1, 9),
    chunk=st.integers(1, 4),
    span=st.tuples(st.integers(0, 30), st.none() | st.integers(0, 31)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pages_hold_every_record_once_in_order(
    harness: ServiceHarness,
    feed: Feed,
    monkeypatch: pytest.MonkeyPatch,
    times: list[set[int]],
    limit: int,
    chunk: int,
    span: tuple[int, int | None],
) -> None:
    monkeypatch.setattr(module, "DEVICES_PER_CHUNK", chunk)
    owner = await register_user(harness, f"owner {harness.clock.unique_now()}")
    wanted: Shown = []
    start, end = span
    for place, of_device in enumerate(times):
        device = await register_device(harness, owner, f"probe {place}")
        await store(harness, device.id, *of_device)
        wanted += [(time, device.id) for time in of_device if start <= time and (end is None or time < end)]
    asked = TimeRange(Millis(start), None if end is None else Millis(end))
    found = await pages(feed, owner, limit, asked)
    assert [item for page in found for item in page] == sorted(wanted, key=lambda item: (-item[0], item[1]))
    assert all(len(page) == limit for page, _ in pairwise(found))


async def test_a_page_ends_at_its_limit_of_bytes(
    harness: ServiceHarness, feed: Feed, ada: SignedInUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PageLimit", lambda records, *_: PageLimit(records, bytes=2_500))
    devices = [await register_device(harness, ada, f"probe {place}") for place in range(3)]
    for place, device in enumerate(devices):
        await store(harness, device.id, *range(place, 30, 3), text="x" * 1_000)
    found = await pages(feed, ada, 100)
    assert [len(page) for page in found] == [2] * 15
    assert [time for page in found for time, _ in page] == list(range(30))[::-1]


async def test_only_the_devices_with_the_newest_records_are_read(
    harness: ServiceHarness, feed: Feed, ada: SignedInUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [await register_device(harness, ada, f"probe {place}") for place in range(40)]
    for place, device in enumerate(devices):
        await store(harness, device.id, 1_000 + place)
    read: list[int] = []
    records = harness.stores.telemetry.records

    async def noted(device_id: int, *arguments: object, **options: object) -> object:
        read.append(device_id)
        return await records(device_id, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(harness.stores.telemetry, "records", noted)
    page = await feed.page(ada.context, ada.caller.user_id, ALL, 1, None)
    assert [item.device_id for item in page.records] == [devices[-1].id]
    assert len(read) <= 10


async def test_an_unknown_user_has_no_feed(feed: Feed, root: SignedInUser) -> None:
    with pytest.raises(NotFound):
        await feed.page(root.context, uuid4(), ALL, 1, None)
