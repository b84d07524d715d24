"""Rules of silence, by the injected clock: fired by the watch, cleared by what devices send."""

from dataclasses import replace

import pytest

from iotflow.domain.alert_rules import AlertRule, NewAlertRule, NoData, Offline, Severity, SilenceCondition
from iotflow.domain.alerts import AlertStatus
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.groups import NewGroup
from iotflow.repositories.stores import Stores
from iotflow.services import silence_monitor
from iotflow.services.passwords import Passwords
from iotflow.services.presence_monitor import MAX_GAP_MS, SETTLE_MS
from tests.clock import FakeClock
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    register_device,
    register_user,
    submit,
)
from tests.services.interception import Fail, Intercepted
from tests.services.test_alert_observer import alerts_of, lose_states, statuses

ACTIVE, RESOLVED = AlertStatus.ACTIVE, AlertStatus.RESOLVED
AFTER_S = 60
STEP_S = 2
SETTLE_S, GAP_S = SETTLE_MS // 1_000, MAX_GAP_MS // 1_000
OFFLINE, NO_DATA = Offline(AFTER_S), NoData("t", AFTER_S)
both = pytest.mark.parametrize("condition", [OFFLINE, NO_DATA], ids=["offline", "no_data"])


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    return await register_device(harness, ada)


async def add_rule(
    harness: ServiceHarness,
    owner: SignedInUser,
    condition: SilenceCondition,
    cooldown_s: int = 0,
    *,
    device_id: int | None = None,
    group_id: int | None = None,
) -> AlertRule:
    """Create a rule, and have it checked for the first time."""
    new = NewAlertRule("silent", Severity.INFO, condition, device_id, group_id, cooldown_seconds=cooldown_s)
    rule = await harness.services.alert_rules.create(owner.context, new)
    await harness.services.silence_monitor.check_due()
    return rule


async def send(harness: ServiceHarness, device: RegisteredDevice) -> None:
    """Submit a reading, with an event time far from that of its receipt."""
    await submit(harness, device, 1_000_000, t=1)


async def watch_for(harness: ServiceHarness, duration_s: int) -> None:
    """Let time pass in steps, as the scheduler does."""
    for _ in range(0, duration_s, STEP_S):
        harness.clock.advance(STEP_S)
        await harness.services.silence_monitor.check_due()


@both
async def test_silence_raises_one_alert_that_the_next_reading_resolves(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, condition: SilenceCondition
) -> None:
    await add_rule(harness, ada, condition, device_id=device.id)
    for number in range(2):
        await send(harness, device)
        await watch_for(harness, AFTER_S - STEP_S)
        assert await statuses(harness, device) == [RESOLVED] * number
        await watch_for(harness, 3 * AFTER_S)
        assert await statuses(harness, device) == [RESOLVED] * number + [ACTIVE]
        await send(harness, device)
        assert await statuses(harness, device) == [RESOLVED] * (number + 1)


@both
async def test_a_device_that_sends_raises_nothing(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, condition: SilenceCondition
) -> None:
    await add_rule(harness, ada, condition, device_id=device.id)
    for _ in range(5):
        await send(harness, device)
        await watch_for(harness, AFTER_S - STEP_S)
    assert await alerts_of(harness, device) == []


async def test_readings_of_other_names_are_no_data_of_this_one(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    await add_rule(harness, ada, NO_DATA, device_id=device.id)
    await add_rule(harness, ada, OFFLINE, device_id=device.id)
    for _ in range(3):
        await submit(harness, device, 1, other=1)
        await watch_for(harness, AFTER_S // 2)
    (alert,) = await alerts_of(harness, device)
    assert alert.message == "silent: no reading of t for 60 s"


async def test_a_request_without_readings_resolves_an_offline_alert(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    await add_rule(harness, ada, OFFLINE, device_id=device.id)
    await watch_for(harness, AFTER_S + SETTLE_S + STEP_S)
    assert await statuses(harness, device) == [ACTIVE]
    await watch_for(harness, STEP_S)
    await calling(harness, device.key)
    await watch_for(harness, AFTER_S - STEP_S)
    assert await statuses(harness, device) == [RESOLVED]


@both
async def test_the_cooldown_delays_the_next_alert(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, condition: SilenceCondition
) -> None:
    await add_rule(harness, ada, condition, cooldown_s=4 * AFTER_S, device_id=device.id)
    await watch_for(harness, 2 * AFTER_S)
    await send(harness, device)
    await watch_for(harness, 3 * AFTER_S)
    assert await statuses(harness, device) == [RESOLVED]
    await watch_for(harness, AFTER_S + STEP_S)
    assert await statuses(harness, device) == [RESOLVED, ACTIVE]


@both
async def test_an_outage_begins_the_silence_anew(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, condition: SilenceCondition
) -> None:
    await add_rule(harness, ada, condition, device_id=device.id)
    await send(harness, device)
    await watch_for(harness, AFTER_S - STEP_S)
    harness.clock.advance(GAP_S + STEP_S)
    await watch_for(harness, AFTER_S)
    assert await alerts_of(harness, device) == []
    await watch_for(harness, SETTLE_S + STEP_S)
    assert await statuses(harness, device) == [ACTIVE]


@both
async def test_lost_states_neither_raise_nor_forget_alerts(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, condition: SilenceCondition
) -> None:
    await add_rule(harness, ada, condition, device_id=device.id)
    await watch_for(harness, AFTER_S + SETTLE_S + STEP_S)
    await lose_states(harness, device)
    await watch_for(harness, 3 * AFTER_S)
    assert await statuses(harness, device) == [ACTIVE]
    await lose_states(harness, device)
    await send(harness, device)
    assert await statuses(harness, device) == [RESOLVED]


async def test_a_rule_of_a_group_covers_members_that_join_later(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    later = await register_device(harness, ada, "later")
    group = await harness.services.groups.create(ada.context, NewGroup("greenhouse"))
    await harness.services.groups.add_device(ada.context, group.id, device.id)
    await add_rule(harness, ada, NO_DATA, group_id=group.id)
    await harness.services.groups.add_devices(ada.context, group.id, [later.id])
    await watch_for(harness, 2 * AFTER_S)
    assert await statuses(harness, device) == await statuses(harness, later) == [ACTIVE]


@both
async def test_a_device_in_maintenance_raises_nothing(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, condition: SilenceCondition
) -> None:
    await add_rule(harness, ada, condition, device_id=device.id)
    await harness.services.devices.update(ada.context, device.id, {"status": DeviceStatus.MAINTENANCE.value})
    await watch_for(harness, 3 * AFTER_S)
    assert await alerts_of(harness, device) == []
    await harness.services.devices.update(ada.context, device.id, {"status": DeviceStatus.ACTIVE.value})
    await watch_for(harness, 2 * AFTER_S)
    assert await statuses(harness, device) == [ACTIVE]


async def test_a_rule_that_is_disabled_and_enabled_again_begins_anew(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    rule = await add_rule(harness, ada, NO_DATA, device_id=device.id)
    await harness.services.alert_rules.update(ada.context, rule.id, {"enabled": False})
    await watch_for(harness, 2 * AFTER_S)
    assert await alerts_of(harness, device) == []
    await harness.services.alert_rules.update(ada.context, rule.id, {"enabled": True})
    await watch_for(harness, AFTER_S)
    assert await alerts_of(harness, device) == []
    await watch_for(harness, SETTLE_S + STEP_S)
    assert await statuses(harness, device) == [ACTIVE]


async def test_data_that_could_not_be_stored_restarts_the_silence(
    stores: Stores, clock: FakeClock, passwords: Passwords
) -> None:
    down = Fail(None)
    harness = build_harness(
        replace(stores, telemetry=Intercepted(stores.telemetry, "write", before=down)), clock, passwords
    )
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    await add_rule(harness, ada, NO_DATA, device_id=device.id)
    down.error = StoreUnavailable("telemetry", "down")
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await send(harness, device)
        await watch_for(harness, AFTER_S - STEP_S)
    assert await alerts_of(harness, device) == []


async def test_many_devices_fall_silent_in_steps(
    harness: ServiceHarness, ada: SignedInUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence_monitor, "DEVICES_PER_STEP", 2)
    devices = [await register_device(harness, ada, f"probe {number}") for number in range(5)]
    for device in devices:
        await add_rule(harness, ada, OFFLINE, device_id=device.id)
    await watch_for(harness, AFTER_S + SETTLE_S + STEP_S)
    for device in devices:
        assert await statuses(harness, device) == [ACTIVE]
