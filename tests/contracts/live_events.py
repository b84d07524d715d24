"""Contract of the log of live events."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from iotflow.domain.live_events import MAX_HISTORY_EVENTS, UNKNOWN_ID, EventId
from iotflow.repositories.broker import Interruption
from iotflow.repositories.live_events import LiveEventLog, LoggedEvent
from tests.waiting import wait_until

DEADLINE_S = 10.0
LIMIT = MAX_HISTORY_EVENTS


async def received(events: AsyncIterator[LoggedEvent | Interruption], number: int) -> list[LoggedEvent]:
    """Wait for this number of events."""
    found: list[LoggedEvent] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < number:
            event = await anext(events)
            if isinstance(event, LoggedEvent):
                found.append(event)
    return found


async def wait_until_ready(log: LiveEventLog) -> None:
    """Wait until a process that has just started no longer treats every account as followed."""
    anyone = uuid4()

    async def is_ready() -> bool:
        return not log.is_followed(anyone)

    await wait_until(is_ready, DEADLINE_S)


class LiveEventLogContract:
    """The log under test in one process and in another; the same object if it serves one process only."""

    @pytest.fixture
    def log(self) -> LiveEventLog:
        raise NotImplementedError

    @pytest.fixture
    def other(self, log: LiveEventLog) -> LiveEventLog:
        return log

    @pytest.fixture
    def user_id(self) -> UUID:
        return uuid4()

    async def test_all_followers_of_an_account_get_its_events_in_order(
        self, log: LiveEventLog, other: LiveEventLog, user_id: UUID
    ) -> None:
        async with log.follow(user_id) as first, other.follow(user_id) as second, other.follow(uuid4()) as third:
            await log.append(user_id, [b"a", b"b \r\n\0"])
            await other.append(user_id, [b"c"])
            here, there = await received(first, 3), await received(second, 3)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await anext(third)
        assert [event.content for event in here] == [b"a", b"b \r\n\0", b"c"]
        assert here == there
        assert here == sorted(here)
        assert len({event.id for event in here}) == 3

    async def test_every_process_learns_that_an_account_is_followed(
        self, log: LiveEventLog, other: LiveEventLog, user_id: UUID
    ) -> None:
        await wait_until_ready(log)
        assert not log.is_followed(user_id)

        async def is_known() -> bool:
            return log.is_followed(user_id)

        async with other.follow(user_id):
            await wait_until(is_known, DEADLINE_S)
            assert not log.is_followed(uuid4())
        assert log.is_followed(user_id), "events are collected for a stream that resumes"

    async def test_a_stream_resumes_after_its_last_event(
        self, log: LiveEventLog, other: LiveEventLog, user_id: UUID
    ) -> None:
        async with log.follow(user_id) as events:
            await log.append(user_id, [b"a", b"b", b"c"])
            first, *rest = await received(events, 3)
            assert await other.events_after(user_id, first.id, LIMIT) == rest
            assert await other.events_after(user_id, first.id, 1) == rest[:1]
            assert await other.events_after(user_id, rest[-1].id, LIMIT) == []

    @pytest.mark.parametrize("event_id", [UNKNOWN_ID, (1, 0), (4_000_000_000_000, 7)])
    async def test_an_event_that_the_log_does_not_have_is_reported(
        self, log: LiveEventLog, user_id: UUID, event_id: EventId
    ) -> None:
        assert await log.events_after(user_id, event_id, LIMIT) is None
        async with log.follow(user_id):
            await log.append(user_id, [b"a"])
            assert await log.events_after(user_id, event_id, LIMIT) is None

    async def test_the_log_keeps_the_newest_events(self, log: LiveEventLog, user_id: UUID) -> None:
        async with log.follow(user_id) as events:
            await log.append(user_id, [b"first", b"second"])
            first, second = await received(events, 2)
            await log.append(user_id, [b"%d" % number for number in range(MAX_HISTORY_EVENTS - 1)])
            assert await log.events_after(user_id, first.id, LIMIT) is None
            found = await log.events_after(user_id, second.id, LIMIT)
            assert found is not None
            assert [event.content for event in found] == [b"%d" % number for number in range(MAX_HISTORY_EVENTS - 1)]
