"""Contracts of the interfaces of alerts and of the states of rules."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from iotflow.clock import Clock
from iotflow.domain.alert_rules import Severity
from iotflow.domain.alerts import Alert, AlertFilter, AlertPosition, AlertStatus, AlertType
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.repositories.alerts import AlertRepository, RuleStates
from tests.contracts.timed import Timed

RETENTION_DAYS = 10
CHUNK = 5
OpenAlerts = Callable[[int], AlertRepository]
"""Returns an implementation with this retention in days, on the store of the test."""

_ids = itertools.count(1)


def new_id() -> int:
    """Return an unused id of a device or a rule."""
    return next(_ids)


def alert(clock: Clock, **fields: object) -> Alert:
    """Return an alert of a rule, with these fields."""
    usual: dict[str, object] = {
        "id": uuid4(),
        "rule_id": new_id(),
        "device_id": new_id(),
        "user_id": uuid4(),
        "alert_type": AlertType.ANOMALY,
        "severity": Severity.ERROR,
        "status": AlertStatus.ACTIVE,
        "message": "x is odd",
        "details": {"signal": 4.5, "a.b": {"$c": [None, True]}},
        "count": 1,
        "created_at": clock.now(),
        "updated_at": clock.now(),
        "fired_at": Millis(1_000),
    }
    return Alert(**{**usual, **fields})  # type: ignore[arg-type]  # the keys are names of fields


class AlertsContract(Timed):
    """The implementation under test. Each test creates its users and devices, because tests may share a store."""

    @pytest.fixture
    def open_alerts(self) -> OpenAlerts:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def small_chunks(self) -> None:
        """Set the number of alerts in a chunk to `CHUNK`."""
        raise NotImplementedError

    @pytest.fixture
    def alerts(self, open_alerts: OpenAlerts) -> AlertRepository:
        return open_alerts(RETENTION_DAYS)

    async def test_an_alert_is_returned_unchanged(self, alerts: AlertRepository, clock: Clock) -> None:
        raised = alert(clock)
        by_hand = alert(clock, rule_id=None, fired_at=None)
        for one in (raised, by_hand):
            await alerts.add(one)
            assert await alerts.get(one.id) == one
        assert await alerts.get(uuid4()) is None

    async def test_adding_is_idempotent(self, alerts: AlertRepository, clock: Clock) -> None:
        one = alert(clock)
        await alerts.add(one)
        await alerts.resolve(one.id, clock.now())
        resolved = await alerts.get(one.id)
        await alerts.add(one)
        assert await alerts.get(one.id) == resolved

    async def test_a_rule_and_device_have_one_open_alert(self, alerts: AlertRepository, clock: Clock) -> None:
        first = alert(clock)
        repeats = [replace(first, id=uuid4(), updated_at=Millis(clock.now() + 5)) for _ in range(20)]
        await alerts.add(first)
        await asyncio.gather(*(alerts.add(one) for one in repeats))
        found = await alerts.page(AlertFilter(device_id=first.device_id), 100, None)
        assert found == [replace(first, count=21, updated_at=Millis(clock.now() + 5))]
        await alerts.resolve(first.id, clock.now())
        await alerts.add(repeats[0])
        assert await alerts.open_of_device(first.device_id, [first.rule_id or 0]) == [repeats[0]]

    async def test_alerts_raised_by_hand_are_not_limited(self, alerts: AlertRepository, clock: Clock) -> None:
        first = alert(clock, rule_id=None)
        for one in (first, replace(first, id=uuid4())):
            await alerts.add(one)
        assert len(await alerts.page(AlertFilter(device_id=first.device_id), 100, None)) == 2

    async def test_the_life_cycle(self, alerts: AlertRepository, clock: Clock) -> None:
        one, user = alert(clock), uuid4()
        await alerts.add(one)
        later = Millis(clock.now() + 1_000)
        assert await alerts.acknowledge(one.id, user, later)
        acknowledged = replace(
            one, status=AlertStatus.ACKNOWLEDGED, acknowledged_at=later, acknowledged_by=user, updated_at=later
        )
        assert await alerts.get(one.id) == acknowledged
        assert not await alerts.acknowledge(one.id, uuid4(), clock.now())
        last = Millis(clock.now() + 2_000)
        assert await alerts.resolve(one.id, last)
        resolved = replace(acknowledged, status=AlertStatus.RESOLVED, resolved_at=last, updated_at=last)
        assert await alerts.get(one.id) == resolved
        assert not await alerts.resolve(one.id, clock.now())
        assert not await alerts.acknowledge(one.id, uuid4(), clock.now())
        assert await alerts.get(one.id) == resolved
        assert not await alerts.resolve(uuid4(), clock.now())

    async def test_a_rule_updates_and_resolves_its_open_alert(self, alerts: AlertRepository, clock: Clock) -> None:
        one = alert(clock)
        rule_id, device_id, later = one.rule_id or 0, one.device_id, Millis(clock.now() + 1_000)
        await alerts.add(one)
        await alerts.update_of_rule(rule_id, device_id, Millis(1_000), 7, later)
        await alerts.update_of_rule(rule_id, device_id, Millis(1_000), 5, later)
        await alerts.update_of_rule(rule_id, device_id, Millis(999), 9, later, AlertStatus.RESOLVED)
        await alerts.update_of_rule(rule_id + 10**6, device_id, Millis(1_000), 9, later, AlertStatus.RESOLVED)
        assert await alerts.get(one.id) == replace(one, count=7, updated_at=later)
        await alerts.update_of_rule(rule_id, device_id, Millis(1_000), 8, later, AlertStatus.RESOLVED)
        resolved = replace(one, count=8, status=AlertStatus.RESOLVED, updated_at=later, resolved_at=later)
        assert await alerts.get(one.id) == resolved
        await alerts.update_of_rule(rule_id, device_id, Millis(1_000), 9, later)
        assert await alerts.get(one.id) == resolved
        assert await alerts.open_of_device(device_id, [rule_id]) == []

    async def test_open_alerts_of_a_rule_are_resolved_in_chunks(self, alerts: AlertRepository, clock: Clock) -> None:
        rule, user = new_id(), uuid4()
        for _ in range(CHUNK + 1):
            await alerts.add(alert(clock, rule_id=rule, user_id=user))
        other = alert(clock, user_id=user)
        await alerts.add(other)
        assert await alerts.resolve_chunk(rule, clock.now())
        assert not await alerts.resolve_chunk(rule, clock.now())
        assert await alerts.page(AlertFilter(user_id=user, status=AlertStatus.ACTIVE), 1_000, None) == [other]

    async def test_pages_are_filtered_and_in_order(self, alerts: AlertRepository, clock: Clock) -> None:
        user, device = uuid4(), new_id()
        stored = [
            alert(
                clock,
                user_id=user,
                device_id=device if number % 3 else new_id(),
                severity=(Severity.INFO, Severity.ERROR)[number % 2],
                alert_type=(AlertType.ANOMALY, AlertType.CUSTOM)[number % 2],
                created_at=Millis(clock.now() - number // 2 * 10),
            )
            for number in range(12)
        ]
        for one in stored:
            await alerts.add(one)
        await alerts.add(alert(clock))
        newest_first = sorted(stored, key=lambda one: (one.created_at, one.id), reverse=True)
        seen: list[Alert] = []
        after: AlertPosition | None = None
        while page := await alerts.page(AlertFilter(user_id=user), 5, after):
            seen += page
            after = AlertPosition(page[-1].created_at, page[-1].id)
        assert seen == newest_first
        for where, chosen in (
            (AlertFilter(device_id=device), [one for one in newest_first if one.device_id == device]),
            (AlertFilter(user, severity=Severity.INFO), [one for one in newest_first if one.severity is Severity.INFO]),
            (AlertFilter(user, alert_type=AlertType.CUSTOM), newest_first[:0]),
            (AlertFilter(user, status=AlertStatus.ACTIVE), newest_first),
            (AlertFilter(user, status=AlertStatus.RESOLVED), []),
        ):
            expected = chosen or [one for one in newest_first if one.alert_type is where.alert_type]
            assert await alerts.page(where, 100, None) == expected

    async def test_alerts_are_counted_by_severity(self, alerts: AlertRepository, clock: Clock) -> None:
        user, now = uuid4(), clock.now()
        for severity, age in (("info", 0), ("critical", 10), ("critical", 9), ("critical", 11), ("error", 10)):
            created = Millis(now - age)
            await alerts.add(alert(clock, user_id=user, severity=Severity(severity), created_at=created))
        expired = {"resolved_at": Millis(now - RETENTION_DAYS * DAY_MS), "status": AlertStatus.RESOLVED}
        await alerts.add(alert(clock, user_id=user, created_at=Millis(now - 10), **expired))
        await alerts.add(alert(clock, created_at=Millis(now - 10)))
        none = dict.fromkeys(Severity, 0)
        within = TimeRange(Millis(now - 10), now)
        assert await alerts.count_by_severity(user, within) == {**none, Severity.CRITICAL: 2, Severity.ERROR: 1}
        open_range = TimeRange(now, None)
        assert await alerts.count_by_severity(user, open_range) == {**none, Severity.INFO: 1}

    async def test_alerts_go_with_their_devices(self, alerts: AlertRepository, clock: Clock) -> None:
        device, user = new_id(), uuid4()
        for _ in range(CHUNK + 1):
            await alerts.add(alert(clock, rule_id=None, device_id=device, user_id=user))
        kept = alert(clock, user_id=user)
        await alerts.add(kept)
        assert await alerts.purge_chunk([device, new_id()])
        assert not await alerts.purge_chunk([device])
        assert await alerts.page(AlertFilter(user_id=user), 1_000, None) == [kept]

    async def test_resolved_alerts_expire(self, alerts: AlertRepository, open_alerts: OpenAlerts, clock: Clock) -> None:
        user = uuid4()
        old = Millis(clock.now() - RETENTION_DAYS * DAY_MS)
        ended = {"created_at": old, "status": AlertStatus.RESOLVED, "user_id": user}
        expired, kept = alert(clock, **ended, resolved_at=old), alert(clock, **ended, resolved_at=Millis(old + 60_000))
        still_open = alert(clock, created_at=old, user_id=user)
        for one in (expired, kept, still_open):
            await alerts.add(one)
        listed: set[UUID] = {one.id for one in await alerts.page(AlertFilter(user_id=user), 9, None)}
        assert listed == {kept.id, still_open.id}
        assert await alerts.get(expired.id) is None
        unlimited = open_alerts(0)
        assert await unlimited.get(expired.id) == expired
        assert len(await unlimited.page(AlertFilter(user_id=user), 9, None)) == 3


class RuleStatesContract(Timed):
    """The implementation under test on an empty store, and that of another process on the same store."""

    @pytest.fixture
    def states(self) -> RuleStates:
        raise NotImplementedError

    @pytest.fixture
    def other(self, states: RuleStates) -> RuleStates:
        return states

    async def test_states_are_replaced_if_they_are_those_expected(self, states: RuleStates, other: RuleStates) -> None:
        assert await states.get(1) == b""
        assert await states.replace(1, b"", b"\x00a")
        assert not await other.replace(1, b"", b"b")
        assert await other.get(1) == b"\x00a"
        assert await other.replace(1, b"\x00a", b"c")
        assert not await states.replace(1, b"\x00a", b"d")
        assert await states.get(1) == b"c"
        assert await states.get(2) == b""

    async def test_of_concurrent_replacements_one_takes_effect(self, states: RuleStates, other: RuleStates) -> None:
        async def increment(by: RuleStates) -> None:
            while True:
                stored = await by.get(1)
                if await by.replace(1, stored, b"%d" % (int(stored or b"0") + 1)):
                    return

        await asyncio.gather(*(increment(by) for by in (states, other) * 25))
        await other.replace(1, b"?", b"")
        assert await other.get(1) == b"50"

    async def test_removed_states_are_gone_in_all_processes(self, states: RuleStates, other: RuleStates) -> None:
        for device_id in (1, 2, 3):
            await states.replace(device_id, b"", b"x")
        await other.remove([1, 2])
        assert not await states.replace(1, b"x", b"y")
        assert [await states.get(device_id) for device_id in (1, 3)] == [b"", b"x"]
        assert await states.replace(1, b"", b"z")
