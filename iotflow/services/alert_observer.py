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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

import msgspec

from iotflow.clock import Clock
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.alert_evaluation import (
    NEVER,
    Change,
    Phase,
    Reading,
    RuleState,
    Transition,
    evaluate,
    readings_of,
)
from iotflow.domain.alert_rules import AlertRule, SilenceCondition
from iotflow.domain.alerts import AlertStatus, alert_of
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import LatestValues, Record
from iotflow.domain.times import Millis
from iotflow.repositories.alerts import AlertRepository, RuleStates
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.services.device_rules import DeviceRuleLookup
from iotflow.services.observers import RecordBatch

MAX_ATTEMPTS = 50
"""Evaluations of the same readings. Each failed one means that another process stored its own."""
READINGS_PER_SLICE = 500
MAX_UNREPORTED = 100
"""Transitions of a device that the documents lack. The oldest is dropped."""
MAX_WAITING_DEVICES = 10_000
"""Devices whose transitions this process reports again by itself; others wait for their next records."""

logger = logging.getLogger(__name__)


class _Unreported(msgspec.Struct, frozen=True, array_like=True):
    """A transition of a rule that the documents may lack."""

    rule_id: int
    transition: Transition


class _DeviceStates(msgspec.Struct, frozen=True, array_like=True):
    """The states of a device's rules by rule id, and what is not reported, in order."""

    rules: dict[int, RuleState] = {}
    unreported: tuple[_Unreported, ...] = ()


@dataclass(frozen=True, slots=True)
class _Work:
    """The rules of a device to evaluate, each with its readings in order of event time, and the records at hand."""

    device: DeviceSummary
    rules: Sequence[AlertRule]
    readings: Mapping[int, Sequence[Reading]]
    records: Sequence[Record]


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
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._states = states
        self._alerts = alerts
        self._telemetry = telemetry
        self._clock = clock
        self._locks = WeakValueDictionary[int, asyncio.Lock]()
        self._waiting: dict[int, DeviceSummary] = {}

    async def on_stored(self, batch: RecordBatch) -> None:
        covering = await self._rules.of_device(batch.device)
        if not covering.rules:
            return
        values = [(record.timestamp, record.values) for record in batch.records]
        readings: dict[int, Sequence[Reading]] = {}
        pace = TimeSlice()
        for rule in covering.rules:
            if not isinstance(rule.condition, SilenceCondition) and (found := readings_of(rule.condition, values)):
                readings[rule.id] = found
            if pace.is_over:
                await pace.pause()
        if readings:
            await self._evaluate(_Work(batch.device, covering.rules, readings, batch.records))

    async def on_write_failed(self, device: DeviceSummary) -> None:
        pass

    async def report_waiting(self) -> None:
        """Report transitions that the documents did not take earlier. Raises StoreUnavailable."""
        for device in list(self._waiting.values()):
            covering = await self._rules.of_device(device)
            del self._waiting[device.id]
            await self._evaluate(_Work(device, covering.rules, {}, ()))

    async def _evaluate(self, work: _Work) -> None:
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
            if after.unreported:
                await self._report(work, after, encoded)

    async def _advance(self, work: _Work, before: _DeviceStates) -> _DeviceStates:
        """Return the states after the readings. Those of rules that no longer cover the device are dropped."""
        started = await self._start(work, before)
        after = {}
        unreported = list(before.unreported)
        pace = TimeSlice()
        for rule in work.rules:
            state = started.get(rule.id)
            if state is None:
                continue
            readings = work.readings.get(rule.id, ())
            for first in range(0, len(readings), READINGS_PER_SLICE):
                state, transitions = evaluate(rule, state, readings[first : first + READINGS_PER_SLICE])
                unreported += [_Unreported(rule.id, one) for one in transitions]
                if pace.is_over:
                    await pace.pause()
            after[rule.id] = state
        if len(unreported) > MAX_UNREPORTED:
            logger.warning(
                "alerts: device=%d transitions=%d exceed the limit; the oldest are dropped",
                work.device.id,
                len(unreported),
            )
        return _DeviceStates(after, tuple(unreported[-MAX_UNREPORTED:]))

    async def _start(self, work: _Work, before: _DeviceStates) -> Mapping[int, RuleState]:
        """Return the states, with those of rules that have readings but no state of their version."""
        kept = {
            rule.id: before.rules[rule.id]
            for rule in work.rules
            if rule.id in before.rules and before.rules[rule.id].version == rule.version
        }
        new = [rule for rule in work.rules if rule.id in work.readings and rule.id not in kept]
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

    async def _report(self, work: _Work, states: _DeviceStates, encoded: bytes) -> None:
        """Apply transitions to the alerts, and remove them from the states."""
        rules = {rule.id: rule for rule in work.rules}
        try:
            for one in states.unreported:
                await self._apply(work.device.id, one.rule_id, rules.get(one.rule_id), one.transition)
        except StoreUnavailable as error:
            logger.warning(
                "alerts: device=%d the %s store is unavailable: %s; retry", work.device.id, error.store, error
            )
            if len(self._waiting) < MAX_WAITING_DEVICES:
                self._waiting[work.device.id] = work.device
            return
        # If a concurrent evaluation has replaced the states, it has found and applied the same transitions.
        await self._states.replace(work.device.id, encoded, _encode(_DeviceStates(states.rules)))

    async def _apply(self, device_id: int, rule_id: int, rule: AlertRule | None, transition: Transition) -> None:
        now, fired_at = self._clock.now(), Millis(transition.fired_at)
        match transition.change:
            case Change.FIRED:
                if rule is not None:
                    await self._alerts.add(alert_of(rule, device_id, transition, now))
            case Change.REPEATED:
                await self._alerts.update_of_rule(rule_id, device_id, fired_at, transition.count, now)
            case Change.CLEARED:
                await self._alerts.update_of_rule(
                    rule_id, device_id, fired_at, transition.count, now, AlertStatus.RESOLVED
                )


def _late_until(rule: AlertRule, records: Sequence[Record], latest: LatestValues) -> int:
    """Return the last time at which a rule's reading is late, by the newest stored one and the records at hand."""
    if isinstance(rule.condition, SilenceCondition) or (stored := latest.get(rule.condition.field)) is None:
        return NEVER
    newest = max((record.timestamp for record in records if rule.condition.field in record.values), default=NEVER)
    # The newest stored reading may be at hand in a concurrent evaluation, so it is not late itself.
    return stored.timestamp - 1 if stored.timestamp > newest else NEVER
