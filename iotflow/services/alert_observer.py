"""The evaluation of alert rules by stored records.

The states of a device's rules are replaced by compare-and-set, so that of concurrent evaluations, in whatever process,
one at a time takes effect; the others evaluate their readings again by the new states. A transition is part of the new
states until the documents hold it (a transactional outbox within the states). It is applied after the states are
stored, at least once, and by anyone who finds it there: alerts have fixed ids and counts only grow, so that a
repetition changes nothing. A process that is killed, or documents that are unavailable, only delay an alert.

States may be lost. A rule without a state starts with what the stores hold: with its open alert, if there is one, and
after the newest stored reading, if the readings at hand are older.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakValueDictionary

import msgspec

from iotflow.clock import Clock
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.alert_evaluation import (
    NEVER,
    Change,
    Phase,
    RuleState,
    TimedReading,
    Transition,
    evaluate,
    readings_of,
    series_of,
)
from iotflow.domain.alert_rules import AlertRule, Offline, SilenceCondition
from iotflow.domain.alerts import AlertStatus, alert_id, alert_of
from iotflow.domain.devices import DeviceStatus, DeviceSummary
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.silence import SilenceCheck, after_receipt, check_silence, ends_silence, next_check, restart_silence
from iotflow.domain.telemetry import LatestValues, Record
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import AlertChange
from iotflow.repositories.alerts import AlertRepository, RuleStates
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.services.device_rules import DeviceRuleLookup
from iotflow.services.notifications import AlertNotifications
from iotflow.services.observers import SubmittedRecords

MAX_ATTEMPTS = 50
"""Evaluations of the same readings. Each failed one means that another process stored its own."""
FAILED_WRITE_TIMEOUT_S = 1.0
READINGS_PER_SLICE = 500
MAX_UNAPPLIED = 100
"""Transitions of a device that the documents lack. The oldest is dropped."""
MAX_WAITING_DEVICES = 10_000
"""Devices whose transitions this process applies again by itself; others wait for their next records."""

logger = logging.getLogger(__name__)


class _Unapplied(msgspec.Struct, frozen=True, array_like=True):
    """A transition of a rule that the documents may lack."""

    rule_id: int
    transition: Transition


class _DeviceStates(msgspec.Struct, frozen=True, array_like=True):
    """The states of a device's rules by rule id, and the transitions that are not applied, in order."""

    rules: dict[int, RuleState] = {}
    unapplied: tuple[_Unapplied, ...] = ()


@dataclass(frozen=True, slots=True)
class _Work:
    """The rules of a device to evaluate, each with its readings in order of event time, and the records at hand.

    `received` holds times of receipt by rule of silence, `write_failed_at` the time of a failed submission, `check` a
    check of these rules.
    """

    device: DeviceSummary
    rules: Sequence[AlertRule]
    readings: Mapping[int, Sequence[TimedReading]]
    records: Sequence[Record]
    received: Mapping[int, Millis]
    write_failed_at: Millis | None = None
    check: SilenceCheck | None = None

    def concerns(self, rule: AlertRule) -> bool:
        """Return whether a rule needs a state."""
        if not isinstance(rule.condition, SilenceCondition):
            return rule.id in self.readings
        return rule.id in self.received or self.check is not None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_DeviceStates).decode


class AlertObserver:
    """The observer that evaluates a device's alert rules, and raises and resolves its alerts."""

    def __init__(
        self,
        rules: DeviceRuleLookup,
        states: RuleStates,
        alerts: AlertRepository,
        telemetry: TelemetryRepository,
        notifications: AlertNotifications,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._states = states
        self._alerts = alerts
        self._telemetry = telemetry
        self._notifications = notifications
        self._clock = clock
        self._locks = WeakValueDictionary[int, asyncio.Lock]()
        self._waiting: dict[int, DeviceSummary] = {}

    async def on_stored(self, submitted: SubmittedRecords) -> None:
        covering = await self._rules.of_device(submitted.device)
        if not covering.rules:
            return
        values = [(record.timestamp, record.values) for record in submitted.records]
        # Shared by rules: a list for each of a hundred rules would hold a large batch a hundred times.
        series: dict[Hashable, Sequence[TimedReading]] = {}
        readings: dict[int, Sequence[TimedReading]] = {}
        received: dict[int, Millis] = {}
        now = self._clock.now()
        time_slice = TimeSlice()
        for rule in covering.rules:
            if isinstance(rule.condition, SilenceCondition):
                if ends_silence(rule.condition, submitted.records):
                    received[rule.id] = now
            elif found := series.get(key := series_of(rule.condition)) or readings_of(rule.condition, values):
                readings[rule.id] = series[key] = found
            if time_slice.is_over:
                await time_slice.pause()
        if readings or received:
            await self._evaluate(_Work(submitted.device, covering.rules, readings, submitted.records, received))

    async def on_write_failed(self, device: DeviceSummary) -> None:
        """Restart the silence of a device whose data could not be stored."""
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(FAILED_WRITE_TIMEOUT_S):
                rules = (await self._rules.of_device(device)).rules
                if any(isinstance(rule.condition, SilenceCondition) for rule in rules):
                    await self._evaluate(_Work(device, rules, {}, (), {}, write_failed_at=self._clock.now()))

    async def check_silence(
        self, device: DeviceSummary, rules: Sequence[AlertRule], check: SilenceCheck
    ) -> Millis | None:
        """Evaluate a device's rules of silence at a time. Return when to check them again, None if it has none.

        The silence of a device in maintenance begins anew. Raises StoreUnavailable.
        """
        silent = [rule for rule in rules if isinstance(rule.condition, SilenceCondition)]
        if not silent:
            return None
        states = await self._evaluate(_Work(device, rules, {}, (), {}, check=check))
        return min(next_check(rule, states[rule.id], check.watched_since, check.now) for rule in silent)

    async def apply_waiting(self) -> None:
        """Apply transitions that an outage or the deadline of observers left waiting. Raises StoreUnavailable."""
        for device in list(self._waiting.values()):
            covering = await self._rules.of_device(device)
            self._waiting.pop(device.id, None)
            await self._evaluate(_Work(device, covering.rules, {}, (), {}))

    async def _evaluate(self, work: _Work) -> Mapping[int, RuleState]:
        """Replace the states by those after the work, apply transitions, and return the states."""
        # The lock spares the evaluations of this process failed attempts; it is not needed for their correctness.
        async with self._locks.setdefault(work.device.id, asyncio.Lock()):
            for _ in range(MAX_ATTEMPTS):
                stored = await self._states.get(work.device.id)
                before = _decode(stored) if stored else _DeviceStates()
                after = await self._advance(work, before)
                encoded = _encode(after)
                if encoded == stored or await self._states.replace(work.device.id, stored, encoded):
                    break
            else:
                raise StoreUnavailable("cache", f"states of rules: replaced by others {MAX_ATTEMPTS} times in a row")
            if after.unapplied:
                await self._apply_transitions(work, after, encoded)
            return after.rules

    async def _advance(self, work: _Work, before: _DeviceStates) -> _DeviceStates:
        """Return the states after the readings. Those of rules that no longer cover the device are dropped."""
        started = await self._with_initial_states(work, before)
        after = {}
        unapplied, number = deque(before.unapplied, maxlen=MAX_UNAPPLIED), len(before.unapplied)
        time_slice = TimeSlice()
        for rule in work.rules:
            if (state := started.get(rule.id)) is None:
                continue
            if isinstance(rule.condition, SilenceCondition):
                state, transitions = _evaluate_silence(work, rule, state)
                unapplied.extend(_Unapplied(rule.id, one) for one in transitions)
                number += len(transitions)
            readings = work.readings.get(rule.id, ())
            for first in range(0, len(readings), READINGS_PER_SLICE):
                state, transitions = evaluate(rule, state, readings[first : first + READINGS_PER_SLICE])
                unapplied.extend(_Unapplied(rule.id, one) for one in transitions)
                number += len(transitions)
                if time_slice.is_over:
                    await time_slice.pause()
            after[rule.id] = state
        if number > MAX_UNAPPLIED:
            logger.warning("alerts: device=%d transitions=%d: the oldest are dropped", work.device.id, number)
        return _DeviceStates(after, tuple(unapplied))

    async def _with_initial_states(self, work: _Work, before: _DeviceStates) -> Mapping[int, RuleState]:
        """Return the states, with those of rules that have readings but no state of their version."""
        kept = {
            rule.id: before.rules[rule.id]
            for rule in work.rules
            if rule.id in before.rules and before.rules[rule.id].version == rule.version
        }
        new = [rule for rule in work.rules if work.concerns(rule) and rule.id not in kept]
        if not new:
            return kept
        open_alerts = await self._alerts.open_of_device(work.device.id, [rule.id for rule in new])
        fired = {alert.rule_id: alert for alert in open_alerts}
        latest = await self._telemetry.latest(work.device.id)
        for rule in new:
            state = RuleState(rule.version, last_time=_late_until(rule, work.records, latest))
            if (alert := fired.get(rule.id)) is not None and alert.fired_at is not None:
                state = msgspec.structs.replace(
                    state, phase=Phase.FIRING, since=alert.fired_at, count=alert.count, repeated_at=alert.fired_at
                )
            kept[rule.id] = state
        return kept

    async def _apply_transitions(self, work: _Work, states: _DeviceStates, encoded: bytes) -> None:
        """Apply transitions, store their notifications, and remove each at once. `apply_waiting` continues it."""
        device, rules = work.device, {rule.id: rule for rule in work.rules}
        if len(self._waiting) < MAX_WAITING_DEVICES:
            self._waiting[device.id] = device
        is_current = True
        try:
            for number, one in enumerate(states.unapplied, 1):
                await self._apply(device.id, one.rule_id, rules.get(one.rule_id), one.transition)
                if is_current:
                    rest, is_current = _encode(_DeviceStates(states.rules, states.unapplied[number:])), False
                    with suppress(StoreUnavailable):  # a transition that stays is applied again, to no effect
                        is_current = await self._states.replace(device.id, encoded, rest)
                    encoded = rest
        except StoreUnavailable as error:
            logger.warning("alerts: device=%d the %s store is unavailable: %s; retry", device.id, error.store, error)
        else:
            self._waiting.pop(device.id, None)

    async def _apply(self, device_id: int, rule_id: int, rule: AlertRule | None, transition: Transition) -> None:
        now, fired_at = self._clock.now(), Millis(transition.fired_at)
        match transition.change:
            case Change.FIRED:
                if rule is not None:
                    alert = alert_of(rule, device_id, transition, now)
                    await self._alerts.add(alert)
                    await self._notifications.notify(rule, alert.id, AlertChange.RAISED)
            case Change.REPEATED:
                await self._alerts.update_of_rule(rule_id, device_id, fired_at, transition.count, now)
            case Change.CLEARED:
                count, resolved = transition.count, AlertStatus.RESOLVED
                await self._alerts.update_of_rule(rule_id, device_id, fired_at, count, now, resolved)
                if rule is not None:
                    found = alert_id(rule_id, device_id, fired_at)
                    await self._notifications.notify(rule, found, AlertChange.RESOLVED)


def _evaluate_silence(work: _Work, rule: AlertRule, state: RuleState) -> tuple[RuleState, list[Transition]]:
    """Return the state of a rule of silence after the work, and its transitions."""
    transitions: list[Transition] = []
    received_at, check = work.received.get(rule.id), work.check
    if received_at is None and check is not None and isinstance(rule.condition, Offline):
        received_at = check.last_seen
    if received_at is not None:
        state, transitions = after_receipt(rule, state, received_at)
    if work.write_failed_at is not None:
        state = restart_silence(state, work.write_failed_at)
    if check is not None and work.device.status is DeviceStatus.MAINTENANCE:
        state = restart_silence(state, check.now)
    elif check is not None:
        state, fired = check_silence(rule, state, check.watched_since, check.now)
        transitions = transitions + fired
    return state, transitions


def _late_until(rule: AlertRule, records: Sequence[Record], latest: LatestValues) -> int:
    """Return the last time at which a rule's reading is late, by the newest stored one and the records at hand."""
    if isinstance(rule.condition, SilenceCondition) or (stored := latest.get(rule.condition.field)) is None:
        return NEVER
    newest = max((record.timestamp for record in records if rule.condition.field in record.values), default=NEVER)
    # The newest stored reading may be at hand in a concurrent evaluation, so it is not late itself.
    return stored.timestamp - 1 if stored.timestamp > newest else NEVER
