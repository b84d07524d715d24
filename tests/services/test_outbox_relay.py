"""The outbox relay: messages are handled at least once, in the order of each subject, despite failures."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import replace
from itertools import pairwise

import pytest

from iotflow.background.outbox_handlers import EVENT_LEASE_MS
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import Event, EventType
from iotflow.domain.outbox import NewOutboxMessage, OutboxTopic
from iotflow.repositories.stores import Stores
from iotflow.repositories.transactions import Transaction
from iotflow.services.passwords import Passwords
from iotflow.settings import Settings
from tests.clock import FakeClock
from tests.services.harness import ServiceHarness, SignedInUser, build_harness, register_device, register_user
from tests.services.interception import Fail, Intercepted, Pause
from tests.services.outbox import FaultyEvents, add_messages, count_waiting, events_of, run_relay

A_ROUND_DEADLINE_S = 10.0


class Killed(BaseException):
    """The process is killed at this point."""


@pytest.fixture
def documents(stores: Stores) -> FaultyEvents:
    return FaultyEvents(stores)


@pytest.fixture
def harness(documents: FaultyEvents, clock: FakeClock, passwords: Passwords) -> ServiceHarness:
    return build_harness(documents.stores, clock, passwords)


async def test_a_long_purge_delays_no_event(documents: FaultyEvents, clock: FakeClock, passwords: Passwords) -> None:
    pause = Pause()
    stores = documents.stores
    harness = build_harness(
        replace(stores, telemetry=Intercepted(stores.telemetry, "purge_chunk", before=pause)), clock, passwords
    )
    ada = await register_user(harness, "ada")
    device = await register_device(harness, ada)
    await harness.services.devices.delete(ada.context, device.id)
    async with asyncio.TaskGroup() as relay:
        tasks = [relay.create_task(consumer.run()) for consumer in harness.relay.consumers]
        async with asyncio.timeout(A_ROUND_DEADLINE_S):
            await pause.reached.wait()
            while documents.added[-1:] != [EventType.DEVICE_DELETED]:  # noqa: ASYNC110  # the store signals nothing
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()


async def test_an_event_is_relayed_once_and_removed(harness: ServiceHarness, ada: SignedInUser) -> None:
    await register_device(harness, ada, active=False)
    assert await harness.relay.handle_due() == 1
    assert [event.event_type for event in await events_of(harness, ada)] == [EventType.DEVICE_REGISTERED]
    assert await count_waiting(harness) == 0
    assert await harness.relay.handle_due() == 0


@pytest.mark.parametrize("error", [StoreUnavailable("documents", "gone"), Killed(), asyncio.CancelledError()])
async def test_an_event_that_is_relayed_again_is_stored_once(
    harness: ServiceHarness, documents: FaultyEvents, ada: SignedInUser, error: BaseException
) -> None:
    await register_device(harness, ada, active=False)
    documents.after.error = error
    try:
        await harness.relay.handle_due()
    except (Killed, asyncio.CancelledError):
        harness.clock.advance(EVENT_LEASE_MS / 1_000 - 1)
        assert await harness.relay.handle_due() == 0, "a claim holds until its lease ends"
    first = await events_of(harness, ada)
    assert len(first) == 1
    assert await count_waiting(harness) == 1

    documents.after.error = None
    harness.clock.advance(1)
    assert await harness.relay.handle_due() == 1
    assert documents.added == [EventType.DEVICE_REGISTERED] * 2
    assert await events_of(harness, ada) == first
    assert await count_waiting(harness) == 0


async def test_an_outage_delays_events_without_loss_or_reordering(
    harness: ServiceHarness, documents: FaultyEvents, ada: SignedInUser
) -> None:
    documents.before.error = StoreUnavailable("documents", "gone")
    device = await register_device(harness, ada)
    await run_relay(harness, seconds=5)
    await harness.services.devices.rotate_key(ada.context, device.id, 0)
    await run_relay(harness, seconds=5)
    await harness.services.devices.delete(ada.context, device.id)
    await run_relay(harness, seconds=5)
    assert await events_of(harness, ada) == []

    documents.before.error = None
    await run_relay(harness)
    assert documents.added == [
        EventType.DEVICE_REGISTERED,
        EventType.DEVICE_STATUS_CHANGED,
        EventType.DEVICE_KEY_ROTATED,
        EventType.DEVICE_DELETED,
    ]
    assert {event.event_type for event in await events_of(harness, ada)} == set(documents.added)
    assert await count_waiting(harness) == 0


@pytest.mark.parametrize(
    ("error", "expected"),
    [(ValueError("a defect"), [1, 2, 4, 8, 16, 32, 60, 60, 60]), (StoreUnavailable("documents", "gone"), [1] * 249)],
    ids=["a defect", "an outage"],
)
async def test_retries_back_off_after_defects_and_stay_frequent_in_an_outage(
    harness: ServiceHarness,
    documents: FaultyEvents,
    clock: FakeClock,
    ada: SignedInUser,
    error: Exception,
    expected: list[float],
) -> None:
    documents.before.error = error
    await register_device(harness, ada, active=False)
    tried_at: list[float] = []
    (consumer,) = [consumer for consumer in harness.relay.consumers if consumer.topic is OutboxTopic.EVENT]
    for half_second in range(500):
        calls = documents.before.calls
        await consumer.handle_due()
        if documents.before.calls > calls:
            tried_at.append(half_second / 2)
        clock.advance(0.5)
    pauses = [later - earlier for earlier, later in pairwise(tried_at)]
    assert pauses == expected


async def test_a_message_that_fails_delays_no_other_subject(
    harness: ServiceHarness, documents: FaultyEvents, settings: Settings, ada: SignedInUser
) -> None:
    others = [await register_user(harness, f"user-{number}") for number in range(3)]
    await register_device(harness, others[0], active=False)
    await register_device(harness, ada, active=False)
    with closing(sqlite3.connect(settings.data_dir / "iotflow.db")) as database, database:
        (poisoned, payload) = database.execute("SELECT id, payload FROM outbox ORDER BY id DESC LIMIT 1").fetchone()
        broken = {**json.loads(payload), "event_type": "no.such"}
        database.execute("UPDATE outbox SET payload = ? WHERE id = ?", (json.dumps(broken), poisoned))
    await register_device(harness, others[1], active=False)
    harness.clock.advance(0.001)
    await register_device(harness, ada, "second", active=False)
    await add_messages(
        harness, [NewOutboxMessage(OutboxTopic.PURGE_TELEMETRY, "device:x", {"device_ids": "x"}, harness.clock.now())]
    )
    await add_messages(
        harness, [NewOutboxMessage(OutboxTopic.ANONYMIZE_EVENTS, "user:x", {"user_id": "x"}, harness.clock.now())]
    )
    await register_device(harness, others[2], active=False)

    await harness.relay.handle_due()
    for other in others:
        assert [event.event_type for event in await events_of(harness, other)] == [EventType.DEVICE_REGISTERED]
    assert await events_of(harness, ada) == [], "the second event of a subject may not overtake the first"

    with closing(sqlite3.connect(settings.data_dir / "iotflow.db")) as database, database:
        database.execute("UPDATE outbox SET payload = ? WHERE id = ?", (payload, poisoned))
    await run_relay(harness, seconds=10)
    assert [event.details["name"] for event in await events_of(harness, ada)] == ["probe", "second"]
    assert await count_waiting(harness) == 2


async def test_one_refused_event_of_a_batch_delays_no_other_event(
    harness: ServiceHarness, documents: FaultyEvents, passwords: Passwords, ada: SignedInUser
) -> None:
    bob = await register_user(harness, "bob")

    async def refuse_adas(events: Sequence[Event]) -> None:
        if any(event.user_id == ada.caller.user_id for event in events):
            raise ValueError("an event that the store cannot hold")

    stores = replace(documents.stores, events=Intercepted(documents.stores.events, "add", before=refuse_adas))
    picky = build_harness(stores, harness.clock, passwords)
    for user in (bob, ada, bob):
        await register_device(harness, user, f"probe-{await count_waiting(harness)}", active=False)
    await picky.relay.handle_due()
    assert len(await events_of(harness, bob)) == 2
    assert await count_waiting(harness) == 1


async def test_events_are_anonymized_after_earlier_events_are_stored(
    harness: ServiceHarness, documents: FaultyEvents, ada: SignedInUser, root: SignedInUser
) -> None:
    documents.before.error = StoreUnavailable("documents", "gone")
    await register_device(harness, ada, "ada's own", active=False)
    await run_relay(harness, seconds=3)
    await harness.services.accounts.delete(root.context, ada.caller.user_id)
    await run_relay(harness, seconds=3)
    documents.before.error = None
    await run_relay(harness)
    events = await events_of(harness, ada)
    assert [event.event_type for event in events] == [EventType.DEVICE_REGISTERED, EventType.USER_DELETED]
    assert [event.details.keys() for event in events] == [{"actor"}, {"actor"}]


async def test_more_messages_than_one_claim_takes_keep_their_order(harness: ServiceHarness, ada: SignedInUser) -> None:
    device = await register_device(harness, ada, active=False)
    for version in range(450):
        await harness.services.devices.configure(ada.context, device.id, {"version": version}, None, {})
    await run_relay(harness, seconds=4)
    assert await count_waiting(harness) == 0
    versions = [event.details.get("config_version") for event in await events_of(harness, ada)]
    assert sorted(version for version in versions if isinstance(version, int)) == list(range(2, 452))


async def test_the_relay_continues_after_a_failed_read_of_the_outbox(
    documents: FaultyEvents, clock: FakeClock, passwords: Passwords, ada: SignedInUser
) -> None:
    gone = Fail(StoreUnavailable("sql", "gone"))

    class Transactions:
        """Transactions of which the first one fails."""

        def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
            if gone.calls == 0:
                gone.calls += 1
                raise StoreUnavailable("sql", "gone")
            return documents.stores.transactions.read(bulk=bulk)

        def write(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
            return documents.stores.transactions.write(bulk=bulk)

    harness = build_harness(documents.stores, clock, passwords)
    shaky = build_harness(replace(documents.stores, transactions=Transactions()), clock, passwords)
    await register_device(harness, ada, active=False)
    (events,) = [consumer for consumer in shaky.relay.consumers if consumer.topic is OutboxTopic.EVENT]
    running = asyncio.create_task(events.run())
    async with asyncio.timeout(A_ROUND_DEADLINE_S):
        while await count_waiting(harness):  # noqa: ASYNC110  # the store signals nothing
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait([running])
    assert gone.calls == 1
    assert len(await events_of(harness, ada)) == 1
