"""The outbox's consumer: at least once with a fixed id, in the order of each subject, whatever fails."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from itertools import pairwise

import pytest

from iotflow.bootstrap import Stores
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import Event, EventFilter, EventType
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewMessage, Topic
from iotflow.repositories.transactions import Transaction
from iotflow.services import relay
from iotflow.services.passwords import Passwords
from iotflow.services.relay import LEASE_MS, MESSAGES_PER_CLAIM, Consumer, RunJobs
from iotflow.settings import Settings
from tests.clock import FakeClock
from tests.services.edges import Edge, Fail, Pause
from tests.services.house import House, Resident, furnish, new_probe, new_resident

A_ROUND_DEADLINE_S = 10.0


class Killed(BaseException):
    """The process ends here."""


class Documents:
    """The events' store as a test breaks it: before or after it has stored events."""

    def __init__(self, stores: Stores) -> None:
        self.before = Fail(None)
        self.after = Fail(None)
        self.added: list[EventType] = []
        self.stores = replace(stores, events=Edge(stores.events, "add", before=self._note, after=self.after))

    async def _note(self, events: Sequence[Event]) -> None:
        await self.before()
        self.added += [event.event_type for event in events]


@pytest.fixture
def documents(stores: Stores) -> Documents:
    return Documents(stores)


@pytest.fixture
def house(documents: Documents, clock: FakeClock, passwords: Passwords) -> House:
    return furnish(documents.stores, clock, passwords)


async def test_a_purge_that_takes_long_keeps_no_event_waiting(
    documents: Documents, clock: FakeClock, passwords: Passwords
) -> None:
    pause = Pause()
    stores = documents.stores
    house = furnish(replace(stores, telemetry=Edge(stores.telemetry, "purge_chunk", before=pause)), clock, passwords)
    ada = await new_resident(house, "ada")
    probe = await new_probe(house, ada)
    await house.devices.delete(ada.caller, probe.id, None)
    async with asyncio.TaskGroup() as relay:
        tasks = [relay.create_task(consumer.run()) for consumer in house.relay.consumers]
        async with asyncio.timeout(A_ROUND_DEADLINE_S):
            await pause.reached.wait()
            while documents.added[-1:] != [EventType.DEVICE_DELETED]:  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()


async def events_of(house: House, resident: Resident) -> list[Event]:
    """The resident's events, oldest first."""
    page = await house.stores.events.page(EventFilter(user_id=resident.caller.user_id), 1_000, None)
    return page[::-1]


async def waiting(house: House) -> int:
    """How many messages wait."""
    async with house.stores.transactions.read() as transaction:
        return await transaction.outbox.count()


async def relay_all(house: House, seconds: int = 200) -> None:
    """Let so much time pass with the relay at work."""
    for _ in range(seconds):
        await house.relay.handle_due()
        house.clock.advance(1)


async def test_an_event_is_relayed_once_and_forgotten(house: House, ada: Resident) -> None:
    await new_probe(house, ada, active=False)
    assert await house.relay.handle_due() == 1
    assert [event.event_type for event in await events_of(house, ada)] == [EventType.DEVICE_REGISTERED]
    assert await waiting(house) == 0
    assert await house.relay.handle_due() == 0


@pytest.mark.parametrize("error", [StoreUnavailable("documents", "gone"), Killed(), asyncio.CancelledError()])
async def test_an_event_that_was_stored_but_not_removed_is_relayed_again_and_is_there_once(
    house: House, documents: Documents, ada: Resident, error: BaseException
) -> None:
    await new_probe(house, ada, active=False)
    documents.after.error = error
    try:
        await house.relay.handle_due()
    except (Killed, asyncio.CancelledError):
        house.clock.advance(LEASE_MS / 1_000 - 1)
        assert await house.relay.handle_due() == 0, "a claim holds until its lease ends"
    first = await events_of(house, ada)
    assert len(first) == 1
    assert await waiting(house) == 1

    documents.after.error = None
    house.clock.advance(1)
    assert await house.relay.handle_due() == 1
    assert documents.added == [EventType.DEVICE_REGISTERED] * 2
    assert await events_of(house, ada) == first
    assert await waiting(house) == 0


async def test_an_outage_delays_events_and_loses_none_of_them_nor_their_order(
    house: House, documents: Documents, ada: Resident
) -> None:
    documents.before.error = StoreUnavailable("documents", "gone")
    probe = await new_probe(house, ada)
    await relay_all(house, seconds=5)
    await house.devices.rotate_key(ada.caller, probe.id, 0, None)
    await relay_all(house, seconds=5)
    await house.devices.delete(ada.caller, probe.id, None)
    await relay_all(house, seconds=5)
    assert await events_of(house, ada) == []

    documents.before.error = None
    await relay_all(house)
    assert documents.added == [
        EventType.DEVICE_REGISTERED,
        EventType.DEVICE_STATUS_CHANGED,
        EventType.DEVICE_KEY_ROTATED,
        EventType.DEVICE_DELETED,
    ]
    assert {event.event_type for event in await events_of(house, ada)} == set(documents.added)
    assert await waiting(house) == 0


async def test_a_store_that_stays_away_is_tried_ever_more_rarely(
    house: House, documents: Documents, clock: FakeClock, ada: Resident
) -> None:
    documents.before.error = StoreUnavailable("documents", "gone")
    await new_probe(house, ada, active=False)
    tried_at: list[float] = []
    for half_second in range(500):
        calls = documents.before.calls
        await house.relay.handle_due()
        if documents.before.calls > calls:
            tried_at.append(half_second / 2)
        clock.advance(0.5)
    pauses = [later - earlier for earlier, later in pairwise(tried_at)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_message_that_cannot_be_handled_stops_nobody_else(
    house: House, documents: Documents, settings: Settings, ada: Resident
) -> None:
    others = [await new_resident(house, f"user-{number}") for number in range(3)]
    await new_probe(house, others[0], active=False)
    await new_probe(house, ada, active=False)
    with closing(sqlite3.connect(settings.data_dir / "iotflow.db")) as database, database:
        (poisoned, payload) = database.execute("SELECT id, payload FROM outbox ORDER BY id DESC LIMIT 1").fetchone()
        broken = {**json.loads(payload), "event_type": "no.such"}
        database.execute("UPDATE outbox SET payload = ? WHERE id = ?", (json.dumps(broken), poisoned))
    await new_probe(house, others[1], active=False)
    house.clock.advance(0.001)
    await new_probe(house, ada, "second", active=False)
    await _add(house, [NewMessage(Topic.PURGE_TELEMETRY, "device:x", {"device_ids": "x"}, house.clock.now())])
    await _add(house, [NewMessage(Topic.ANONYMIZE_EVENTS, "user:x", {"user_id": "x"}, house.clock.now())])
    await new_probe(house, others[2], active=False)

    await house.relay.handle_due()
    for other in others:
        assert [event.event_type for event in await events_of(house, other)] == [EventType.DEVICE_REGISTERED]
    assert await events_of(house, ada) == [], "the second event of a subject may not overtake the first"

    with closing(sqlite3.connect(settings.data_dir / "iotflow.db")) as database, database:
        database.execute("UPDATE outbox SET payload = ? WHERE id = ?", (payload, poisoned))
    await relay_all(house, seconds=10)
    assert [event.details["name"] for event in await events_of(house, ada)] == ["probe", "second"]
    assert await waiting(house) == 2


async def test_what_one_event_does_to_the_store_is_not_laid_to_others(
    house: House, documents: Documents, passwords: Passwords, ada: Resident
) -> None:
    bob = await new_resident(house, "bob")

    async def refuse_adas(events: Sequence[Event]) -> None:
        if any(event.user_id == ada.caller.user_id for event in events):
            raise ValueError("an event that the store cannot hold")

    stores = replace(documents.stores, events=Edge(documents.stores.events, "add", before=refuse_adas))
    picky = furnish(stores, house.clock, passwords)
    for resident in (bob, ada, bob):
        await new_probe(house, resident, f"probe-{await waiting(house)}", active=False)
    await picky.relay.handle_due()
    assert len(await events_of(house, bob)) == 2
    assert await waiting(house) == 1


async def test_events_are_anonymized_after_all_that_came_before(
    house: House, documents: Documents, ada: Resident, root: Resident
) -> None:
    documents.before.error = StoreUnavailable("documents", "gone")
    await new_probe(house, ada, "ada's own", active=False)
    await relay_all(house, seconds=3)
    await house.accounts.delete(root.caller, ada.caller.user_id, None)
    await relay_all(house, seconds=3)
    documents.before.error = None
    await relay_all(house)
    events = await events_of(house, ada)
    assert [event.event_type for event in events] == [EventType.DEVICE_REGISTERED, EventType.USER_DELETED]
    assert [event.details.keys() for event in events] == [{"actor"}, {"actor"}]


async def test_more_messages_than_one_claim_takes_keep_their_order(house: House, ada: Resident) -> None:
    probe = await new_probe(house, ada, active=False)
    for version in range(450):
        await house.devices.configure(ada.caller, probe.id, {"version": version}, None, {}, None)
    await relay_all(house, seconds=4)
    assert await waiting(house) == 0
    versions = [event.details.get("config_version") for event in await events_of(house, ada)]
    assert sorted(version for version in versions if isinstance(version, int)) == list(range(2, 452))


async def test_the_relay_goes_on_after_the_outbox_could_not_be_read(
    documents: Documents, clock: FakeClock, passwords: Passwords, ada: Resident
) -> None:
    gone = Fail(StoreUnavailable("sql", "gone"))

    class Transactions:
        """The outbox cannot be read, the first time."""

        def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
            if gone.calls == 0:
                gone.calls += 1
                raise StoreUnavailable("sql", "gone")
            return documents.stores.transactions.read(bulk=bulk)

        def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
            return documents.stores.transactions.write(bulk=bulk)

    house = furnish(documents.stores, clock, passwords)
    shaky = furnish(replace(documents.stores, transactions=Transactions()), clock, passwords)
    await new_probe(house, ada, active=False)
    (events,) = [consumer for consumer in shaky.relay.consumers if consumer.topic is Topic.EVENT]
    running = asyncio.create_task(events.run())
    async with asyncio.timeout(A_ROUND_DEADLINE_S):
        while await waiting(house):  # noqa: ASYNC110  # the store tells nobody that it has changed
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait([running])
    assert gone.calls == 1
    assert len(await events_of(house, ada)) == 1


def consumer_of(house: House, topic: Topic) -> Consumer:
    (found,) = [consumer for consumer in house.relay.consumers if consumer.topic is topic]
    return found


async def test_accounts_take_turns(house: House, ada: Resident) -> None:
    others = [await new_resident(house, f"user-{number}") for number in range(3)]
    probe = await new_probe(house, ada, active=False)
    for version in range(450):
        await house.devices.configure(ada.caller, probe.id, {"version": version}, None, {}, None)
    for other in others:
        await new_probe(house, other, active=False)
    await consumer_of(house, Topic.EVENT).handle_due()
    for other in others:
        assert len(await events_of(house, other)) == 1
    assert 0 < len(await events_of(house, ada)) <= MESSAGES_PER_CLAIM


async def test_a_job_that_is_not_done_after_its_slice_keeps_its_progress_and_lets_others_go_on(
    house: House, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SLICE_S", 0.0)
    done: list[str] = []

    async def count_down(payload: JsonObject) -> JsonObject | None:
        left = payload["left"]
        assert isinstance(left, int)
        done.append(f"{payload['of']}{left}")
        return {**payload, "left": left - 1} if left > 1 else None

    jobs = Consumer(house.stores.transactions, clock, Topic.ANONYMIZE_EVENTS, RunJobs(count_down))
    await _add(
        house,
        [
            NewMessage(Topic.ANONYMIZE_EVENTS, f"user:{of}", {"of": of, "left": left}, clock.now())
            for of, left in (("a", 3), ("a", 1), ("b", 1))
        ],
    )
    rounds = [await jobs.handle_due() for _ in range(5)]
    assert done == ["a3", "b1", "a2", "a1", "a1"]
    assert rounds == [3, 2, 2, 1, 0]
    assert await waiting(house) == 0


async def test_a_job_that_fails_is_tried_again_from_where_it_was(house: House, clock: FakeClock) -> None:
    fail = Fail(StoreUnavailable("telemetry", "gone"))
    done: list[object] = []

    async def work(payload: JsonObject) -> JsonObject | None:
        done.append(payload["left"])
        await fail()
        return None

    jobs = Consumer(house.stores.transactions, clock, Topic.PURGE_TELEMETRY, RunJobs(work))
    await _add(house, [NewMessage(Topic.PURGE_TELEMETRY, "purge:a", {"left": n}, clock.now()) for n in (2, 1)])
    await jobs.handle_due()
    assert await jobs.handle_due() == 0
    fail.error = None
    clock.advance(1)
    await jobs.handle_due()
    assert done == [2, 2, 1]


async def _add(house: House, messages: Sequence[NewMessage]) -> None:
    async with house.stores.transactions.write() as transaction:
        await transaction.outbox.add(messages)
