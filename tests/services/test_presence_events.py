"""Events of devices that come online and go offline, by the injected clock."""

from dataclasses import replace

import pytest

from iotflow.domain.events import EventFilter, EventType
from iotflow.domain.times import format_rfc3339
from iotflow.repositories.stores import Stores
from iotflow.services import presence_monitor
from iotflow.services.passwords import Passwords
from iotflow.services.presence import flush_presence
from iotflow.services.presence_monitor import MAX_GAP_MS, SETTLE_MS
from iotflow.stores.memory.presence import MemoryPresence
from tests.clock import FakeClock
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    register_device,
    register_user,
)

ONLINE, OFFLINE = EventType.DEVICE_ONLINE, EventType.DEVICE_OFFLINE
WINDOW_S = 60
STEP_S = 2
GAP_S, SETTLE_S = MAX_GAP_MS // 1_000, SETTLE_MS // 1_000


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    return await add_device(harness, ada)


async def add_device(harness: ServiceHarness, owner: SignedInUser, name: str = "probe") -> RegisteredDevice:
    """Register a device with an online window of `WINDOW_S`."""
    device = await register_device(harness, owner, name)
    await harness.services.devices.update(owner.context, device.id, {"online_window": WINDOW_S})
    return device


async def request(harness: ServiceHarness, device: RegisteredDevice) -> None:
    """Have the device send a request, and flush its presence."""
    await calling(harness, device.key)
    await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)


async def watch_for(harness: ServiceHarness, duration_s: int) -> None:
    """Let time pass in steps, as the scheduler does."""
    for _ in range(0, duration_s, STEP_S):
        harness.clock.advance(STEP_S)
        await harness.services.presence_monitor.announce_offline()


async def changes_of(harness: ServiceHarness, device: RegisteredDevice) -> list[EventType]:
    """Return the device's changes of presence, the oldest first."""
    while await harness.relay.handle_due():
        pass
    found = await harness.stores.events.page(EventFilter(device_id=device.id), 1_000, None)
    return [event.event_type for event in reversed(found) if event.event_type in (ONLINE, OFFLINE)]


async def test_each_change_of_presence_is_one_event(harness: ServiceHarness, device: RegisteredDevice) -> None:
    await watch_for(harness, STEP_S)
    for _ in range(2):
        await request(harness, device)
        await request(harness, device)
        await watch_for(harness, 3 * WINDOW_S)
    assert await changes_of(harness, device) == [ONLINE, OFFLINE] * 2


async def test_a_device_that_sends_requests_stays_online(harness: ServiceHarness, device: RegisteredDevice) -> None:
    for _ in range(5):
        # Not flushed: the time in the cache counts.
        await calling(harness, device.key)
        await watch_for(harness, WINDOW_S - STEP_S)
        await flush_presence(harness.stores.presence, harness.stores.transactions, harness.clock)
    assert await changes_of(harness, device) == [ONLINE]


async def test_an_outage_begins_the_window_anew(harness: ServiceHarness, device: RegisteredDevice) -> None:
    await request(harness, device)
    await watch_for(harness, WINDOW_S - STEP_S)
    harness.clock.advance(GAP_S + STEP_S)
    await watch_for(harness, WINDOW_S)
    assert await changes_of(harness, device) == [ONLINE]
    await watch_for(harness, SETTLE_S + STEP_S)
    assert await changes_of(harness, device) == [ONLINE, OFFLINE]


async def test_a_cache_that_lost_its_data_begins_the_window_anew(
    stores: Stores, harness: ServiceHarness, device: RegisteredDevice, clock: FakeClock, passwords: Passwords
) -> None:
    await request(harness, device)
    await watch_for(harness, WINDOW_S - STEP_S)
    await calling(harness, device.key)
    restarted = build_harness(replace(stores, presence=MemoryPresence()), clock, passwords)
    await watch_for(restarted, WINDOW_S)
    assert await changes_of(restarted, device) == [ONLINE]


async def test_a_shorter_window_counts_at_once(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    await request(harness, device)
    await watch_for(harness, 20)
    await harness.services.devices.update(ada.context, device.id, {"online_window": 10})
    await watch_for(harness, STEP_S)
    assert await changes_of(harness, device) == [ONLINE, OFFLINE]


async def test_many_devices_go_offline_in_steps(
    harness: ServiceHarness, ada: SignedInUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_monitor, "DEVICES_PER_STEP", 2)
    devices = [await add_device(harness, ada, f"probe {number}") for number in range(5)]
    for device in devices:
        await request(harness, device)
    await watch_for(harness, WINDOW_S + SETTLE_S + STEP_S)
    for device in devices:
        assert await changes_of(harness, device) == [ONLINE, OFFLINE]


async def test_the_event_tells_when_the_device_was_last_seen(harness: ServiceHarness, clock: FakeClock) -> None:
    owner = await register_user(harness, "bob")
    device = await add_device(harness, owner)
    seen_at = clock.now()
    await request(harness, device)
    await watch_for(harness, 2 * WINDOW_S)
    await changes_of(harness, device)
    (event,) = await harness.stores.events.page(EventFilter(device_id=device.id, event_type=OFFLINE), 10, None)
    assert event.details == {"actor": {"type": "system", "id": None}, "last_seen": format_rfc3339(seen_at)}
    assert event.user_id == owner.caller.user_id
