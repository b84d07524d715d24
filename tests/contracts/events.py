"""Contract of the events interface."""

import asyncio
import json
from collections.abc import Callable
from typing import Protocol
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.clock import Clock
from iotflow.domain.events import PERSONAL_DETAILS, Event, EventFilter, EventPosition, EventType
from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.times import DAY_MS, Millis
from iotflow.repositories.events import EventRepository
from tests.contracts.timed import PassTime, Timed

RETENTION_DAYS = 10

OpenEvents = Callable[[int], EventRepository]
"""Returns an implementation with this retention in days, on the store of the test."""

JSON_TYPES = {dict, list, str, int, float, bool, type(None)}


class RawEvents(Protocol):
    """Direct access to the stored documents."""

    async def details(self) -> dict[UUID, JsonObject]:
        """Return the details of each stored event by id."""
        ...


def event(clock: Clock, ago_ms: int = 0, **fields: object) -> Event:
    """Return an event of `ago_ms` milliseconds ago, with these fields."""
    usual: dict[str, object] = {
        "id": uuid4(),
        "event_type": EventType.DEVICE_UPDATED,
        "timestamp": Millis(clock.now() - ago_ms),
        "user_id": uuid4(),
        "device_id": None,
        "details": {"actor": {"type": "system", "id": None}},
        "request_id": None,
    }
    return Event(**{**usual, **fields})  # type: ignore[arg-type]  # the keys are names of fields


def nested(levels: int) -> JsonValue:
    """Return an object nested to this depth."""
    value: JsonValue = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def types_in(value: JsonValue) -> set[type]:
    """Return the types of a value and of all values in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return {type(value)}.union(*map(types_in, inner))


def newest_first(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda one: (one.timestamp, one.id), reverse=True)


async def anonymize(events: EventRepository, user_id: UUID) -> int:
    """Anonymize all events of a user and return the number of chunks."""
    after = await events.anonymize_chunk(user_id, None)
    chunks = 1
    while after is not None:
        after = await events.anonymize_chunk(user_id, after)
        chunks += 1
    return chunks


class EventsContract(Timed):
    """The implementation under test. Each test creates its users and devices, because tests may share a store."""

    @pytest.fixture
    def open_events(self) -> OpenEvents:
        raise NotImplementedError

    @pytest.fixture
    def raw(self) -> RawEvents:
        raise NotImplementedError

    @pytest.fixture
    def events(self, open_events: OpenEvents) -> EventRepository:
        return open_events(RETENTION_DAYS)

    async def test_an_event_is_returned_as_it_was_stored(
        self, events: EventRepository, raw: RawEvents, clock: Clock
    ) -> None:
        details: JsonObject = {
            "actor": {"type": "user", "id": "1"},
            "n": 2**53 + 1,
            "f": 1.0,
            "t": [None, "ü\U0001f321"],
        }
        whole = event(clock, device_id=2**53 - 1, details=details, request_id="a.b_c-1")
        least = event(clock, ago_ms=1, user_id=whole.user_id)
        await events.add([least, whole])
        assert await events.page(EventFilter(user_id=whole.user_id), 9, None) == [whole, least]
        assert (await raw.details())[whole.id] == details

    @given(
        details=st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        )
    )
    @example(details={"$ref": "a", "$id": 1})
    @example(details={"$set": {"a.b": 1, "": 2, ".": 3, "_id": 4}})
    @example(details=[2**31, -(2**31) - 1, 2**63, -(2**63), -(2**63) - 1, 10**400])
    @example(details=[-0.0, 1.0, 1, True, 5e-324, 1.7976931348623157e308])
    @example(details={"a\0b": "c\0d"})
    @example(details={"\ud800": "\udfff"})
    @example(details={"2026-01-01T00:00:00Z": "00000000-0000-0000-0000-000000000000"})
    @example(details=nested(300))
    async def test_details_may_hold_any_json(
        self, events: EventRepository, raw: RawEvents, clock: Clock, details: JsonValue
    ) -> None:
        for held in ({"held": details}, details):
            if isinstance(held, dict):
                one = event(clock, details=held)
                await events.add([one])
                (back,) = await events.page(EventFilter(user_id=one.user_id), 2, None)
                # Encoded as JSON, 1, 1.0 and true differ, and so do orders of keys.
                assert json.dumps(back.details) == json.dumps(held)
                assert types_in(back.details) <= JSON_TYPES
                assert (await raw.details())[one.id] == held

    async def test_a_stored_event_is_not_overwritten(
        self, events: EventRepository, raw: RawEvents, clock: Clock
    ) -> None:
        first = event(clock, details={"n": 1})
        again = event(clock, id=first.id, user_id=first.user_id, details={"n": 2})
        other = event(clock, ago_ms=5, user_id=first.user_id)
        await events.add([first])
        await events.add([other, again])
        assert await events.page(EventFilter(user_id=first.user_id), 9, None) == [first, other]
        assert (await raw.details())[first.id] == {"n": 1}

    async def test_an_empty_list_of_events_writes_nothing(self, events: EventRepository) -> None:
        await events.add([])

    async def test_every_type_is_stored(self, events: EventRepository, clock: Clock) -> None:
        user_id = uuid4()
        stored = [event(clock, ago_ms=i, user_id=user_id, event_type=kind) for i, kind in enumerate(EventType)]
        await events.add(stored)
        assert await events.page(EventFilter(user_id=user_id), 100, None) == stored

    async def test_filters_are_combined(self, events: EventRepository, clock: Clock) -> None:
        mine, foreign, device = uuid4(), uuid4(), 10**15 + clock.unique_now() % 10**12
        stored = [
            event(clock, ago_ms=0, user_id=mine, device_id=device),
            event(clock, ago_ms=10, user_id=mine, device_id=device + 1),
            event(clock, ago_ms=20, user_id=mine, event_type=EventType.USER_LOGGED_IN),
            event(clock, ago_ms=30, user_id=foreign, device_id=device, event_type=EventType.DEVICE_DELETED),
        ]
        await events.add(stored)
        now = stored[0].timestamp
        expected = {
            EventFilter(user_id=mine): [0, 1, 2],
            EventFilter(device_id=device): [0, 3],
            EventFilter(user_id=mine, device_id=device): [0],
            EventFilter(user_id=mine, event_type=EventType.USER_LOGGED_IN): [2],
            EventFilter(device_id=device, event_type=EventType.DEVICE_DELETED): [3],
            EventFilter(user_id=mine, start=Millis(now - 10)): [0, 1],
            EventFilter(user_id=mine, end=Millis(now - 10)): [2],
            EventFilter(user_id=mine, start=Millis(now - 20), end=now): [1, 2],
            EventFilter(user_id=foreign, event_type=EventType.USER_LOGGED_IN): [],
        }
        for where, found in expected.items():
            assert await events.page(where, 9, None) == [stored[i] for i in found], where

    async def test_without_a_filter_events_of_all_users_are_returned(
        self, events: EventRepository, clock: Clock
    ) -> None:
        stored = newest_first([event(clock) for _ in range(3)])
        await events.add(stored)
        shown = await events.page(EventFilter(start=clock.now()), 1_000, None)
        assert [one for one in shown if one in stored] == stored

    @given(
        ages=st.lists(st.integers(0, 5), max_size=20),
        limit=st.integers(1, 6),
        window=st.tuples(st.none() | st.integers(0, 5), st.none() | st.integers(0, 5)),
    )
    async def test_pages_hold_every_event_once_even_at_equal_times(
        self, events: EventRepository, clock: Clock, ages: list[int], limit: int, window: tuple[int | None, int | None]
    ) -> None:
        user_id = uuid4()
        stored = [event(clock, ago_ms=age, user_id=user_id) for age in ages]
        await events.add(stored)
        base = clock.now()
        start, end = (None if age is None else Millis(base - age) for age in window)
        where = EventFilter(user_id=user_id, start=start, end=end)
        shown: list[Event] = []
        after: EventPosition | None = None
        while page := await events.page(where, limit, after):
            assert len(page) <= limit
            shown += page
            assert len(shown) <= len(stored), "the cursors form a cycle"
            after = EventPosition(page[-1].timestamp, page[-1].id)
        wanted = [
            one
            for one in newest_first(stored)
            if (start is None or start <= one.timestamp) and (end is None or one.timestamp < end)
        ]
        assert shown == wanted

    async def test_anonymization_removes_only_names_and_addresses(
        self, events: EventRepository, raw: RawEvents, clock: Clock
    ) -> None:
        personal = dict.fromkeys(PERSONAL_DETAILS, "personal")
        kept: JsonObject = {"actor": {"type": "user", "id": "1"}, "from": "inactive", "n": 1}
        user_id = uuid4()
        stored = [event(clock, ago_ms=i, user_id=user_id, details={**kept, **personal}) for i in range(3)]
        plain = event(clock, ago_ms=9, user_id=user_id, details=kept)
        foreign = event(clock, details=personal)
        await events.add([*stored, plain, foreign])
        for _ in range(2):
            await anonymize(events, user_id)
        shown = await events.page(EventFilter(user_id=user_id), 9, None)
        assert [(one.id, one.details) for one in shown] == [(one.id, kept) for one in [*stored, plain]]
        details = await raw.details()
        assert [details[one.id] for one in stored] == [kept] * 3
        assert details[foreign.id] == personal

    async def test_many_events_are_anonymized_in_chunks(self, events: EventRepository, clock: Clock) -> None:
        user_id = uuid4()
        # All events have the same time, so a chunk can only end by id.
        stored = [event(clock, user_id=user_id, details={"name": "personal", "n": n}) for n in range(1_100)]
        await events.add(stored)
        assert await anonymize(events, user_id) > 1
        shown = await events.page(EventFilter(user_id=user_id), 2_000, None)
        assert sorted(len(one.details) for one in shown) == [1] * 1_100

    async def test_anonymizing_an_unknown_user_changes_nothing(self, events: EventRepository) -> None:
        await anonymize(events, uuid4())

    async def test_events_expire_after_their_retention(
        self, events: EventRepository, clock: Clock, pass_time: PassTime
    ) -> None:
        user_id = uuid4()
        ending = event(clock, ago_ms=RETENTION_DAYS * DAY_MS - 2_000, user_id=user_id)
        staying = event(clock, ago_ms=RETENTION_DAYS * DAY_MS - 60_000_000, user_id=user_id)
        await events.add([ending, staying])
        assert len(await events.page(EventFilter(user_id=user_id), 9, None)) == 2
        await pass_time(3)
        assert await events.page(EventFilter(user_id=user_id), 9, None) == [staying]

    async def test_a_retention_of_0_days_keeps_all_data(self, open_events: OpenEvents, clock: Clock) -> None:
        events, old = open_events(0), event(clock, ago_ms=30_000 * 1_000_000)
        await events.add([old])
        assert await events.page(EventFilter(user_id=old.user_id), 9, None) == [old]

    async def test_many_relays_store_each_event_once(
        self, events: EventRepository, raw: RawEvents, clock: Clock
    ) -> None:
        user_id = uuid4()
        stored = newest_first([event(clock, user_id=user_id) for _ in range(30)])
        async with asyncio.TaskGroup() as relays:
            for start in range(0, 30, 5):
                relays.create_task(events.add(stored[start : start + 10]))
        assert await events.page(EventFilter(user_id=user_id), 100, None) == stored
