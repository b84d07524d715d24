"""Evaluation of alert rules by stored records: several processes, lost states, unavailable documents."""

import asyncio
from dataclasses import replace

import pytest

from iotflow.domain.alert_rules import AlertRule, Anomaly, Comparison, Condition, NewAlertRule, Severity, Threshold
from iotflow.domain.alerts import Alert, AlertFilter, AlertStatus
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.stores import Stores
from iotflow.services import observers
from iotflow.services.passwords import Passwords
from iotflow.stores.redis.cache import RedisCache
from tests.clock import FakeClock
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    register_device,
    register_user,
    submit,
)
from tests.services.interception import Fail, Intercepted, Pause
from tests.services.test_redis_processes import over
from tests.stores.redis import OnRedis
from tests.waiting import wait_until

HOT = Threshold("t", Comparison.GT, 10)
ACTIVE, RESOLVED = AlertStatus.ACTIVE, AlertStatus.RESOLVED
DOWN = StoreUnavailable("documents", "down")


async def add_rule(
    harness: ServiceHarness, owner: SignedInUser, device: RegisteredDevice, condition: Condition = HOT
) -> AlertRule:
    """Create a rule of the device."""
    new = NewAlertRule("hot", Severity.INFO, condition, device_id=device.id)
    return await harness.services.alert_rules.create(owner.context, new)


async def alerts_of(harness: ServiceHarness, device: RegisteredDevice) -> list[Alert]:
    """Return the device's alerts in the order in which they fired."""
    found = await harness.stores.alerts.page(AlertFilter(device_id=device.id), 1_000, None)
    return sorted(found, key=lambda alert: alert.fired_at or 0)


async def statuses(harness: ServiceHarness, device: RegisteredDevice) -> list[AlertStatus]:
    return [alert.status for alert in await alerts_of(harness, device)]


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    return await register_device(harness, ada)


async def lose_states(harness: ServiceHarness, device: RegisteredDevice) -> None:
    await harness.stores.rule_states.remove([device.id])


async def test_a_lost_state_raises_no_second_alert_and_clears_the_open_one(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    await add_rule(harness, ada, device)
    await submit(harness, device, 1, t=20)
    (raised,) = await alerts_of(harness, device)
    await lose_states(harness, device)
    await submit(harness, device, 2, t=20)
    assert [(alert.id, alert.status) for alert in await alerts_of(harness, device)] == [(raised.id, ACTIVE)]
    await lose_states(harness, device)
    await submit(harness, device, 3, t=5)
    assert await statuses(harness, device) == [RESOLVED]


async def test_after_a_lost_state_late_readings_still_raise_nothing(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    await add_rule(harness, ada, device)
    await submit(harness, device, 50, t=5)
    await lose_states(harness, device)
    await submit(harness, device, 20, t=99)
    assert await alerts_of(harness, device) == []
    await submit(harness, device, 51, t=99)
    assert await statuses(harness, device) == [ACTIVE]


async def test_an_anomaly_warms_up_anew_after_its_state_was_lost(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    await add_rule(harness, ada, device, Anomaly("t", 4))
    for second in range(40):
        await submit(harness, device, second, t=second % 2)
    await lose_states(harness, device)
    await submit(harness, device, 40, t=50)
    assert await alerts_of(harness, device) == []


async def test_an_alert_that_the_documents_refused_is_raised_once_they_are_back(
    stores: Stores, clock: FakeClock, passwords: Passwords, caplog: pytest.LogCaptureFixture
) -> None:
    down = Fail(None)
    calls = ("add", "update_of_rule")
    harness = build_harness(replace(stores, alerts=Intercepted(stores.alerts, *calls, before=down)), clock, passwords)
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    await add_rule(harness, ada, device)
    await submit(harness, device, 0, t=1)
    down.error = DOWN
    await submit(harness, device, 1, t=20)
    await submit(harness, device, 2, t=5)
    assert await alerts_of(harness, device) == []
    assert "the documents store is unavailable: down; retry" in caplog.text
    down.error = None
    await harness.services.alert_observer.apply_waiting()
    assert await statuses(harness, device) == [RESOLVED]
    calls_until_now = down.calls
    await harness.services.alert_observer.apply_waiting()
    await submit(harness, device, 3, t=5)
    assert down.calls == calls_until_now


async def test_transitions_that_an_outage_left_waiting_are_applied_after_it(
    stores: Stores, clock: FakeClock, passwords: Passwords
) -> None:
    additions, updates = Fail(DOWN), Fail(DOWN)
    alerts = Intercepted(Intercepted(stores.alerts, "add", before=additions), "update_of_rule", before=updates)
    harness = build_harness(replace(stores, alerts=alerts), clock, passwords)
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    await add_rule(harness, ada, device)
    for second, value in ((1, 20), (2, 5), (3, 20), (4, 5)):
        await submit(harness, device, second, t=value)
    additions.error = None
    await harness.services.alert_observer.apply_waiting()
    assert await statuses(harness, device) == [ACTIVE]
    additions.calls, updates.error = 0, None
    await harness.services.alert_observer.apply_waiting()
    assert await statuses(harness, device) == [RESOLVED, RESOLVED]
    assert additions.calls == 1


async def test_transitions_that_the_deadline_of_observers_left_are_applied_without_a_reading(
    stores: Stores, clock: FakeClock, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observers, "OBSERVER_TIMEOUT_S", 0.1)
    harness = build_harness(replace(stores, alerts=Intercepted(stores.alerts, "add", before=Pause())), clock, passwords)
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    await add_rule(harness, ada, device)
    await submit(harness, device, 1, t=20)
    assert await alerts_of(harness, device) == []
    await harness.services.alert_observer.apply_waiting()
    assert await statuses(harness, device) == [ACTIVE]


async def test_another_process_raises_the_alert_of_one_that_was_killed(
    stores: Stores, clock: FakeClock, passwords: Passwords
) -> None:
    down = Fail(DOWN)
    killed = build_harness(replace(stores, alerts=Intercepted(stores.alerts, "add", before=down)), clock, passwords)
    ada = await register_user(killed)
    device = await register_device(killed, ada)
    await add_rule(killed, ada, device)
    await submit(killed, device, 1, t=20)
    other = build_harness(stores, clock, passwords)
    await submit(other, device, 2, t=5)
    (alert,) = await alerts_of(other, device)
    assert (alert.status, alert.fired_at, alert.count) == (RESOLVED, 1_000, 1)


async def test_a_delayed_transition_of_an_earlier_alert_does_not_touch_a_later_one(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    rule = await add_rule(harness, ada, device)
    for second, value in ((1, 20), (2, 5), (3, 20)):
        await submit(harness, device, second, t=value)
    first, second_alert = await alerts_of(harness, device)
    await harness.stores.alerts.add(replace(first, status=ACTIVE, resolved_at=None))
    assert first.fired_at is not None
    await harness.stores.alerts.update_of_rule(rule.id, device.id, first.fired_at, 1, harness.clock.now(), RESOLVED)
    assert await alerts_of(harness, device) == [first, second_alert]
    assert second_alert.status is ACTIVE


async def test_unavailable_states_are_counted_and_do_not_fail_the_submission(
    stores: Stores, clock: FakeClock, passwords: Passwords
) -> None:
    down = Fail(None)
    harness = build_harness(
        replace(stores, rule_states=Intercepted(stores.rule_states, "get", before=down)), clock, passwords
    )
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    await add_rule(harness, ada, device)
    down.error = StoreUnavailable("cache", "down")
    await submit(harness, device, 1, t=20)
    assert down.calls == 1
    down.error = None
    await submit(harness, device, 2, t=20)
    assert await statuses(harness, device) == [ACTIVE]


async def test_a_device_without_rules_reads_neither_rules_nor_states_again(
    stores: Stores, clock: FakeClock, passwords: Passwords
) -> None:
    reads, states = Fail(None), Fail(None)
    harness = build_harness(
        replace(
            stores,
            rule_cache=Intercepted(stores.rule_cache, "fill", before=reads),
            rule_states=Intercepted(stores.rule_states, "get", "replace", before=states),
        ),
        clock,
        passwords,
    )
    ada = await register_user(harness)
    device, other = [await register_device(harness, ada, name) for name in ("one", "other")]
    for second in range(5):
        await submit(harness, device, second, t=20)
    assert (reads.calls, states.calls) == (1, 0)
    await add_rule(harness, ada, other)
    await submit(harness, device, 9, t=20)
    assert (reads.calls, states.calls) == (1, 0)


class TestTwoProcesses(OnRedis):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def here(self, stores: Stores, redis: RedisCache, clock: FakeClock, passwords: Passwords) -> ServiceHarness:
        return build_harness(over(stores, redis), clock, passwords)

    @pytest.fixture
    def there(self, stores: Stores, other_redis: RedisCache, clock: FakeClock, passwords: Passwords) -> ServiceHarness:
        return build_harness(over(stores, other_redis), clock, passwords)

    async def test_concurrent_readings_over_the_threshold_raise_one_alert(
        self, here: ServiceHarness, there: ServiceHarness
    ) -> None:
        ada = await register_user(here)
        device = await register_device(here, ada)
        await add_rule(here, ada, device)
        both = (here, there)
        await asyncio.gather(*(submit(both[second % 2], device, second, t=20) for second in range(40)))
        assert await statuses(here, device) == [ACTIVE]
        await submit(there, device, 50, t=1)
        assert await statuses(here, device) == [RESOLVED]

    async def test_processes_take_turns_with_one_device(self, here: ServiceHarness, there: ServiceHarness) -> None:
        ada = await register_user(here)
        device = await register_device(here, ada)
        await add_rule(here, ada, device)
        for second in range(20):
            await submit((here, there)[second // 3 % 2], device, second, t=20 if second % 4 else 1)
        fired = [alert.fired_at for alert in await alerts_of(here, device)]
        assert fired == [1_000, 5_000, 9_000, 13_000, 17_000]

    async def test_a_rule_reaches_the_other_process(self, here: ServiceHarness, there: ServiceHarness) -> None:
        ada = await register_user(here)
        device = await register_device(here, ada)
        await submit(there, device, 1, t=20)
        await add_rule(here, ada, device)

        async def raised() -> bool:
            there.clock.advance(1)
            await submit(there, device, 2 + there.clock.elapsed() // 1_000, t=20)
            return await statuses(here, device) == [ACTIVE]

        await wait_until(raised, 5, 0.01)
