"""What the service does by itself: presence and activity are stored, what has outlived its retention is removed."""

import asyncio

import pytest

from iotflow.domain import credentials
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import EventFilter
from iotflow.domain.times import Millis
from iotflow.services import activity as activity_module
from iotflow.services import upkeep
from iotflow.services.activity import ActivityCounter
from iotflow.services.ingest import Submission
from iotflow.services.upkeep import CREDENTIALS_PER_SWEEP, clamp_future_times, flush_presence, repeat, sweep
from iotflow.settings import Settings
from iotflow.stores.sql.telemetry import ROWS_PER_SWEEP
from tests.api.people import Thing, join, new_device
from tests.api.people import submit as send
from tests.api.service import running
from tests.clock import START, FakeClock
from tests.services.edges import Edge, Fail, Pause, Stepped
from tests.services.house import House, Resident, calling, new_probe, submit
from tests.stores.sqlite import SqliteTables

DAY_S = 86_400
DEADLINE_S = 10.0


async def seen(house: House, device_id: int, at: int) -> None:
    await house.stores.presence.seen(device_id, Millis(at))


async def stored_last_seen(house: House, device_id: int) -> Millis | None:
    """What SQL knows."""
    async with house.stores.transactions.read() as transaction:
        device = await transaction.devices.get(device_id)
    assert device is not None
    return device.last_seen


async def test_presence_is_stored_and_never_moves_back(house: House, ada: Resident) -> None:
    probe = await new_probe(house, ada)
    for at, expected in ((5_000, 5_000), (3_000, 5_000), (7_000, 7_000)):
        await seen(house, probe.id, at)
        await flush_presence(house.stores.presence, house.stores.transactions, house.clock)
        assert await stored_last_seen(house, probe.id) == expected
        assert (await house.devices.get(ada.caller, probe.id)).last_seen == expected


async def test_what_is_seen_during_a_flush_is_not_lost(house: House, ada: Resident) -> None:
    probe = await new_probe(house, ada)
    await seen(house, probe.id, 5_000)
    pause = Pause()
    flushing = asyncio.create_task(
        flush_presence(Edge(house.stores.presence, "flushed", before=pause), house.stores.transactions, house.clock)
    )
    await pause.reached.wait()
    await seen(house, probe.id, 6_000)
    pause.go_on.set()
    await flushing
    assert (await house.devices.get(ada.caller, probe.id)).last_seen == 6_000
    await flush_presence(house.stores.presence, house.stores.transactions, house.clock)
    assert await stored_last_seen(house, probe.id) == 6_000


async def test_presence_and_activity_are_stored_when_the_service_stops(
    settings: Settings, clock: FakeClock, tables: SqliteTables
) -> None:
    async with running(settings, clock) as service, service.client() as client:
        probe: Thing = await new_device(await join(client, "ada"))
        await send(probe, temp=21, humidity=40)
        clock.advance(1)
        await probe.post("/devices/heartbeat")
        assert tables.query("SELECT * FROM activity") == []
    assert tables.query("SELECT id, last_seen FROM devices") == [{"id": probe.id, "last_seen": START + 1_000}]
    assert tables.query("SELECT device_id, messages, points FROM activity") == [
        {"device_id": probe.id, "messages": 1, "points": 2}
    ]


async def test_activity_that_no_store_takes_is_kept_for_the_next_flush(
    house: House, clock: FakeClock, tables: SqliteTables
) -> None:
    pause, away = Pause(), Fail(StoreUnavailable("documents", "gone"))
    repository = Edge(Edge(house.stores.activity, "add", before=away), "add", before=pause)
    activity = ActivityCounter(repository, clock)
    activity.count(1, points=3)
    flushing = asyncio.create_task(activity.flush())
    await pause.reached.wait()
    activity.count(1, points=4)
    pause.go_on.set()
    with pytest.raises(StoreUnavailable):
        await flushing
    assert tables.query("SELECT * FROM activity") == []
    away.error = None
    await activity.flush()
    assert [(row["messages"], row["points"]) for row in tables.query("SELECT * FROM activity")] == [(2, 7)]


async def test_counts_are_flushed_in_chunks_and_held_up_to_a_limit(
    house: House,
    clock: FakeClock,
    tables: SqliteTables,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(activity_module, "DEVICE_HOURS_PER_FLUSH", 2)
    monkeypatch.setattr(activity_module, "MAX_DEVICE_HOURS", 5)
    adds = Fail(None)
    counter = ActivityCounter(Edge(house.stores.activity, "add", before=adds), clock)
    for device_id in range(9):
        for _ in range(2):
            counter.count(device_id, points=3)
    assert caplog.text.count("limit met: 5 counts of activity that wait for the documents; by device 5") == 1
    await counter.flush()
    assert adds.calls == 3
    stored = tables.query("SELECT device_id, messages, points FROM activity ORDER BY device_id")
    assert [tuple(row.values()) for row in stored] == [(device_id, 2, 6) for device_id in range(5)]


async def test_presence_is_flushed_in_chunks(house: House, ada: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "DEVICES_PER_FLUSH", 2)
    probes = [await new_probe(house, ada, f"probe {number}") for number in range(5)]
    for probe in probes:
        await seen(house, probe.id, 1_000)
    writes = Fail(None)
    stepped = Stepped(house.stores.transactions, "devices", "record_seen", after=writes)
    await flush_presence(house.stores.presence, stepped, house.clock)
    assert writes.calls == 3
    assert [await stored_last_seen(house, probe.id) for probe in probes] == [1_000] * 5
    assert await house.stores.presence.unflushed() == {}


async def test_a_sweep_removes_what_has_outlived_its_retention_and_nothing_else(
    house: House, ada: Resident, clock: FakeClock, tables: SqliteTables
) -> None:
    probe = await new_probe(house, ada)
    names = {f"name-{number}": number for number in range(250)}
    for second in range(2 * ROWS_PER_SWEEP // len(names) + 1):
        await submit(house, probe, second, **names)
    await house.relay.handle_due()
    await _add_tokens(house, ada, CREDENTIALS_PER_SWEEP + 10, lifetime_s=DAY_S)
    await _add_tokens(house, ada, 1, lifetime_s=1_000 * DAY_S)

    clock.advance(89 * DAY_S)
    device = await house.devices.rotate_key(ada.caller, probe.id, 60, None)
    await house.ingest.submit(await calling(house, device.api_key), _submission(temp=21), None)
    await house.relay.handle_due()
    counted = {table: len(tables.query(f"SELECT * FROM {table}")) for table in ("telemetry_points", "events")}
    clock.advance(2 * DAY_S)
    await sweep(house.stores.sweepers, house.stores.transactions, clock)
    assert [row["name"] for row in tables.query("SELECT name FROM telemetry_points")] == ["temp"]
    assert counted["telemetry_points"] > 2 * ROWS_PER_SWEEP
    assert len(tables.query("SELECT * FROM tokens")) == 1
    assert len(tables.query("SELECT * FROM device_keys")) == 1, "the former key's grace is over, the new key stays"
    assert len(tables.query("SELECT * FROM events")) == counted["events"]

    clock.advance(300 * DAY_S)
    await sweep(house.stores.sweepers, house.stores.transactions, clock)
    left = await house.stores.events.page(EventFilter(), 1_000, None)
    assert {event.event_type.value for event in left} == {"device.key_rotated"}
    assert tables.query("SELECT * FROM telemetry_points") == []


async def test_work_that_meets_an_outage_is_done_again() -> None:
    rounds = 0
    done = asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise StoreUnavailable("sql", "gone")
        done.set()

    repeating = asyncio.create_task(repeat("the work", work, every_s=0.001))
    async with asyncio.timeout(DEADLINE_S):
        await done.wait()
    repeating.cancel()
    await asyncio.wait([repeating])
    assert repeating.cancelled()


def _submission(**values: int) -> Submission:
    return Submission(values, None, None)


async def _add_tokens(house: House, owner: Resident, number: int, lifetime_s: int) -> None:
    now = house.clock.now()
    async with house.stores.transactions.write() as transaction:
        for _ in range(number):
            digest = credentials.digest(credentials.new_access_token())
            await transaction.tokens.add(digest, owner.caller.user_id, now, Millis(now + lifetime_s * 1_000))


async def test_what_a_clock_that_was_ahead_has_stored_is_brought_back(house: House, ada: Resident) -> None:
    probe = await new_probe(house, ada)
    ahead = 6 * 3_600
    house.clock.advance(ahead)
    await calling(house, probe.key)
    await flush_presence(house.stores.presence, house.stores.transactions, house.clock)
    await house.devices.update(ada.caller, probe.id, {"location": "roof"}, None)
    await calling(house, probe.key)
    now = Millis(house.clock.now() - ahead * 1_000)
    house.clock.set(now)
    await flush_presence(house.stores.presence, house.stores.transactions, house.clock)
    await clamp_future_times(house.stores.transactions, house.clock)
    assert await stored_last_seen(house, probe.id) == now
    while await house.relay.handle_due():
        pass
    async with house.stores.transactions.read() as transaction:
        assert await transaction.outbox.count() == 0
