"""Background work: flushes of presence and activity, and sweeps of expired data."""

import asyncio

import pytest

from iotflow.background.housekeeping import (
    CREDENTIALS_PER_CHUNK,
    clamp_future_times,
    count_queues,
    delete_expired,
    seal_closed_days,
)
from iotflow.background.supervisor import Supervisor
from iotflow.domain import credentials
from iotflow.domain.context import RequestContext
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import EventFilter
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Millis
from iotflow.metrics.counting import CELLS
from iotflow.metrics.exposition import render_metrics
from iotflow.services import activity as activity_module
from iotflow.services import presence
from iotflow.services.activity import ActivityBuffer
from iotflow.services.ingest import Submission
from iotflow.services.presence import flush_presence
from iotflow.settings import Settings
from iotflow.stores.sql.telemetry import ROWS_PER_SWEEP
from tests.api.clients import DeviceClient, new_device, sign_up
from tests.api.clients import submit as send
from tests.api.service import run_service
from tests.clock import START, FakeClock
from tests.metrics import Reading
from tests.services.harness import ServiceHarness, SignedInUser, calling, register_device
from tests.services.interception import Fail, Intercepted, InterceptedTransactions, Pause
from tests.stores.sqlite import SqliteTables

DAY_S = 86_400
DEADLINE_S = 10.0


async def seen(harness: ServiceHarness, device_id: int, at: int) -> None:
    await harness.stores.presence.touch(device_id, Millis(at))


async def stored_last_seen(harness: ServiceHarness, device_id: int) -> Millis | None:
    """Return the last-seen times that SQL stores."""
    async with harness.stores.transactions.read() as transaction:
        device = await transaction.devices.get(device_id)
    assert device is not None
    return device.last_seen


async def test_the_outbox_is_counted(harness: ServiceHarness, ada: SignedInUser) -> None:
    async def count() -> float:
        await count_queues(harness.stores.transactions)
        return Reading(render_metrics().decode()).value("iotflow_outbox_messages", topic="event")

    while await harness.relay.handle_due():
        pass
    CELLS.give_sign_of_life()
    assert await count() == 0
    await register_device(harness, ada)
    assert await count() > 0


async def test_presence_is_stored_and_never_moves_back(harness: ServiceHarness, ada: SignedInUser) -> None:
    device = await register_device(harness, ada)
    for at, expected in ((5_000, 5_000), (3_000, 5_000), (7_000, 7_000)):
        await seen(harness, device.id, at)
        await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)
        assert await stored_last_seen(harness, device.id) == expected
        assert (await harness.services.devices.get(ada.context, device.id)).last_seen == expected


async def test_presence_recorded_during_a_flush_is_not_lost(harness: ServiceHarness, ada: SignedInUser) -> None:
    device = await register_device(harness, ada)
    await seen(harness, device.id, 5_000)
    pause = Pause()
    flushing = asyncio.create_task(
        flush_presence(
            Intercepted(harness.stores.presence, "mark_flushed", before=pause),
            harness.stores.transactions,
            harness.clock,
        )
    )
    await pause.reached.wait()
    await seen(harness, device.id, 6_000)
    pause.go_on.set()
    await flushing
    assert (await harness.services.devices.get(ada.context, device.id)).last_seen == 6_000
    await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)
    assert await stored_last_seen(harness, device.id) == 6_000


async def test_presence_and_activity_are_stored_when_the_service_stops(
    settings: Settings, clock: FakeClock, tables: SqliteTables
) -> None:
    async with run_service(settings, clock) as service, service.client() as client:
        device: DeviceClient = await new_device(await sign_up(client, "ada"))
        await send(device, temp=21, humidity=40)
        clock.advance(1)
        await device.post("/devices/heartbeat")
        assert tables.query("SELECT * FROM activity") == []
    assert tables.query("SELECT id, last_seen FROM devices") == [{"id": device.id, "last_seen": START + 1_000}]
    assert tables.query("SELECT device_id, messages, points FROM activity") == [
        {"device_id": device.id, "messages": 1, "points": 2}
    ]


async def test_activity_of_a_failed_flush_is_kept_for_the_next_flush(
    harness: ServiceHarness, clock: FakeClock, tables: SqliteTables
) -> None:
    pause, away = Pause(), Fail(StoreUnavailable("documents", "gone"))
    repository = Intercepted(Intercepted(harness.stores.activity, "add", before=away), "add", before=pause)
    activity = ActivityBuffer(repository, clock)
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
    harness: ServiceHarness,
    clock: FakeClock,
    tables: SqliteTables,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(activity_module, "DEVICE_HOURS_PER_FLUSH", 2)
    monkeypatch.setattr(activity_module, "MAX_DEVICE_HOURS", 5)
    adds = Fail(None)
    counter = ActivityBuffer(Intercepted(harness.stores.activity, "add", before=adds), clock)
    for device_id in range(9):
        for _ in range(2):
            counter.count(device_id, points=3)
    assert caplog.text.count("limit met: 5 counts of activity that wait for the documents; by device 5") == 1
    await counter.flush()
    assert adds.calls == 3
    stored = tables.query("SELECT device_id, messages, points FROM activity ORDER BY device_id")
    assert [tuple(row.values()) for row in stored] == [(device_id, 2, 6) for device_id in range(5)]


async def test_presence_is_flushed_in_chunks(
    harness: ServiceHarness, ada: SignedInUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "DEVICES_PER_FLUSH", 2)
    devices = [await register_device(harness, ada, f"probe {number}") for number in range(5)]
    for device in devices:
        await seen(harness, device.id, 1_000)
    writes = Fail(None)
    stepped = InterceptedTransactions(harness.stores.transactions, "devices", "record_seen", after=writes)
    await flush_presence(harness.stores.presence, stepped, harness.clock)
    assert writes.calls == 3
    assert [await stored_last_seen(harness, device.id) for device in devices] == [1_000] * 5
    assert await harness.stores.presence.pending() == {}


async def test_a_sweep_removes_only_expired_data(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, tables: SqliteTables
) -> None:
    device = await register_device(harness, ada)
    records = [Record(Millis(second), {"x": 1}, None, clock.unique_now()) for second in range(2 * ROWS_PER_SWEEP + 1)]
    await harness.stores.telemetry.write(device.id, records)
    await harness.relay.handle_due()
    await _add_tokens(harness, ada, CREDENTIALS_PER_CHUNK + 10, lifetime_s=DAY_S)
    await _add_tokens(harness, ada, 1, lifetime_s=1_000 * DAY_S)

    clock.advance(89 * DAY_S)
    rotated = await harness.services.devices.rotate_key(ada.context, device.id, 60)
    await harness.services.ingest.submit(RequestContext(await calling(harness, rotated.api_key)), _submission(temp=21))
    await harness.relay.handle_due()
    counted = {table: len(tables.query(f"SELECT * FROM {table}")) for table in ("telemetry_records", "events")}
    clock.advance(2 * DAY_S)
    await delete_expired(harness.stores.retention_sweepers, harness.stores.transactions, clock)
    assert len(tables.query("SELECT * FROM telemetry_records")) == 1
    assert counted["telemetry_records"] > 2 * ROWS_PER_SWEEP
    assert len(tables.query("SELECT * FROM tokens")) == 1
    assert len(tables.query("SELECT * FROM device_keys")) == 1, (
        "only the new key remains after the grace period of the former one"
    )
    assert len(tables.query("SELECT * FROM events")) == counted["events"]

    clock.advance(300 * DAY_S)
    await delete_expired(harness.stores.retention_sweepers, harness.stores.transactions, clock)
    left = await harness.stores.events.page(EventFilter(), 1_000, None)
    assert {event.event_type.value for event in left} == {"device.key_rotated"}
    assert tables.query("SELECT * FROM telemetry_records") == []


async def test_closed_days_are_sealed(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, tables: SqliteTables
) -> None:
    device = await register_device(harness, ada)
    times = [*range(0, 50_000, 1_000), clock.now()]
    await harness.stores.telemetry.write(
        device.id, [Record(Millis(time), {"x": time}, None, clock.unique_now()) for time in times]
    )
    assert harness.stores.sealer is not None
    await seal_closed_days(harness.stores.sealer)
    assert [row["number"] for row in tables.query("SELECT * FROM telemetry_blocks")] == [50]
    assert [row["time"] for row in tables.query("SELECT * FROM telemetry_records")] == [clock.now()]


async def test_work_that_fails_in_an_outage_is_repeated() -> None:
    rounds = 0
    done = asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise StoreUnavailable("sql", "gone")
        done.set()

    async with Supervisor() as supervisor:
        supervisor.repeat("the work", work, every_s=0.001)
        async with asyncio.timeout(DEADLINE_S):
            await done.wait()
    stopped_after = rounds
    await asyncio.sleep(0.01)
    assert rounds == stopped_after


def _submission(**values: int) -> Submission:
    return Submission(values, None, None)


async def _add_tokens(harness: ServiceHarness, owner: SignedInUser, number: int, lifetime_s: int) -> None:
    now = harness.clock.now()
    async with harness.stores.transactions.write() as transaction:
        for _ in range(number):
            digest = credentials.digest(credentials.new_access_token())
            await transaction.tokens.add(digest, owner.caller.user_id, now, Millis(now + lifetime_s * 1_000))


async def test_times_stored_by_a_clock_that_was_ahead_are_corrected(harness: ServiceHarness, ada: SignedInUser) -> None:
    device = await register_device(harness, ada)
    ahead = 6 * 3_600
    harness.clock.advance(ahead)
    await calling(harness, device.key)
    await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)
    await harness.services.devices.update(ada.context, device.id, {"location": "roof"})
    await calling(harness, device.key)
    now = Millis(harness.clock.now() - ahead * 1_000)
    harness.clock.set(now)
    await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)
    await clamp_future_times(harness.stores.transactions, harness.clock)
    assert await stored_last_seen(harness, device.id) == now
    while await harness.relay.handle_due():
        pass
    async with harness.stores.transactions.read() as transaction:
        assert await transaction.outbox.count() == 0
