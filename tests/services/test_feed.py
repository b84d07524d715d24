"""The feed: what the records of all devices in one order would show."""

from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotflow.domain.errors import NotFound
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.times import Millis, Span
from iotflow.services import feed as module
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.feed import Feed, FeedPosition
from tests.services.house import House, Resident, new_probe, new_resident

ALL = Span(Millis(0), None)
Shown = list[tuple[int, int]]
"""Times and devices."""


@pytest.fixture
def feed(house: House) -> Feed:
    return Feed(house.stores.transactions, house.stores.telemetry, BulkReads())


async def store(house: House, device_id: int, *times: int, text: str = "") -> None:
    """Store records of these times."""
    records = [Record(Millis(time), {"n": time, "text": text}, None, house.clock.receipt()) for time in times]
    await house.stores.telemetry.write(device_id, records)


async def pages(feed: Feed, owner: Resident, limit: int, span: Span = ALL) -> list[Shown]:
    """All pages, as they follow each other."""
    found: list[Shown] = []
    after: FeedPosition | None = None
    while True:
        page = await feed.page(owner.caller.user_id, owner.caller.user_id, span, limit, after)
        found.append([(item.record.timestamp, item.device_id) for item in page.records])
        if page.next is None:
            return found
        assert len(found) < 200, "the pages go round in a circle"
        after = page.next


@given(
    times=st.lists(st.sets(st.integers(0, 30), max_size=12), min_size=1, max_size=6),
    limit=st.integers(1, 9),
    chunk=st.integers(1, 4),
    span=st.tuples(st.integers(0, 30), st.none() | st.integers(0, 31)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pages_hold_every_record_once_in_order(
    house: House,
    feed: Feed,
    monkeypatch: pytest.MonkeyPatch,
    times: list[set[int]],
    limit: int,
    chunk: int,
    span: tuple[int, int | None],
) -> None:
    monkeypatch.setattr(module, "DEVICES_PER_CHUNK", chunk)
    owner = await new_resident(house, f"owner {house.clock.receipt()}")
    wanted: Shown = []
    start, end = span
    for place, of_device in enumerate(times):
        probe = await new_probe(house, owner, f"probe {place}")
        await store(house, probe.id, *of_device)
        wanted += [(time, probe.id) for time in of_device if start <= time and (end is None or time < end)]
    asked = Span(Millis(start), None if end is None else Millis(end))
    found = await pages(feed, owner, limit, asked)
    assert [item for page in found for item in page] == sorted(wanted, key=lambda item: (-item[0], item[1]))
    assert all(len(page) == limit for page, _ in pairwise(found))


async def test_a_page_ends_at_its_bytes(
    house: House, feed: Feed, ada: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PageLimit", lambda records, *_: PageLimit(records, bytes=2_500))
    probes = [await new_probe(house, ada, f"probe {place}") for place in range(3)]
    for place, probe in enumerate(probes):
        await store(house, probe.id, *range(place, 30, 3), text="x" * 1_000)
    found = await pages(feed, ada, 100)
    assert [len(page) for page in found] == [2] * 15
    assert [time for page in found for time, _ in page] == list(range(30))[::-1]


async def test_of_devices_that_are_not_the_newest_nothing_is_read(
    house: House, feed: Feed, ada: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes = [await new_probe(house, ada, f"probe {place}") for place in range(40)]
    for place, probe in enumerate(probes):
        await store(house, probe.id, 1_000 + place)
    read: list[int] = []
    records = type(house.stores.telemetry).records

    async def noted(self: object, device_id: int, *arguments: object, **options: object) -> object:
        read.append(device_id)
        return await records(self, device_id, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(house.stores.telemetry), "records", noted)
    page = await feed.page(ada.caller.user_id, ada.caller.user_id, ALL, 1, None)
    assert [item.device_id for item in page.records] == [probes[-1].id]
    assert len(read) <= 10


async def test_an_unknown_user_has_no_feed(feed: Feed, ada: Resident) -> None:
    with pytest.raises(NotFound):
        await feed.page(ada.caller.user_id, uuid4(), ALL, 1, None)
