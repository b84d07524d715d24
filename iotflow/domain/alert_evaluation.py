"""The evaluation of an alert rule by a device's readings: a pure state machine over event time.

| Phase | A reading | Next phase | Transition |
|---|---|---|---|
| ok | fulfils the condition | pending, or at once as below | |
| pending | fulfils it, `for_seconds` after the first that did and after the cooldown | firing | fired |
| pending | does not | ok | |
| firing | fulfils it, within the hysteresis | firing | repeated, at most once per `REPEAT_EVERY_MS` |
| firing | does not | ok; the cooldown begins | cleared |

Invariant: readings are evaluated in the order of their event time, each once. A reading that is not newer than the
newest one evaluated is late, and ignored: nothing is raised for the past.

A condition compares a signal with a limit. The signal of a threshold is the reading. That of a rate is the slope from
the reading before, so the first reading has none. That of an anomaly is the distance of the reading from the
exponentially weighted mean of the readings before it, in standard deviations (Finch, "Incremental calculation of
weighted mean and variance", 2009, section 9; the constant weight of the newest reading is `ANOMALY_WEIGHT`). There is
none before `WARM_UP_READINGS`, nor while all readings were equal. Each reading then enters mean and variance, also one
that fires: a level that lasts becomes the usual one within some `ANOMALY_SPAN` readings, and its alert clears.
"""

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from enum import IntEnum
from math import sqrt
from typing import Final

import msgspec

from iotflow.domain.alert_rules import (
    MAX_LIMIT,
    AlertRule,
    Anomaly,
    Comparison,
    Rate,
    ReadingCondition,
    SilenceCondition,
    Threshold,
    kind_of,
)
from iotflow.domain.telemetry import Value
from iotflow.domain.times import SECOND_MS, Millis

ANOMALY_SPAN = 100
"""Readings over which the weight falls to about 1/e² (0.135)."""
ANOMALY_WEIGHT = 2 / (ANOMALY_SPAN + 1)
WARM_UP_READINGS = 30
REPEAT_EVERY_MS = 60_000
MAX_MAGNITUDE = 1e150
"""A larger number is no reading of a rate or an anomaly: its square would be no finite number."""
NEVER = -1
"""In place of a time: before all readings."""

TimedReading = tuple[Millis, Value]
"""A value of the rule's name, with its event time."""


class Phase(IntEnum):
    """The phase of a rule on a device."""

    OK = 0
    PENDING = 1
    FIRING = 2


class Change(IntEnum):
    """What a transition does to the alert of a rule and device."""

    FIRED = 0
    REPEATED = 1
    CLEARED = 2


class Transition(msgspec.Struct, frozen=True, array_like=True):
    """A change that a reading caused. `fired_at` identifies the alert, `count` its readings that fulfilled the rule."""

    change: Change
    at: int
    signal: Value
    fired_at: int
    count: int


class RuleState(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a rule on a device after its readings so far. Times are event times in milliseconds.

    `since` is the first reading that fulfilled the condition, while pending; the one that fired, while firing. `level`
    is the reading before (of a rate) or the mean (of an anomaly).
    """

    version: int
    last_time: int = NEVER
    phase: Phase = Phase.OK
    since: int = NEVER
    quiet_until: int = NEVER
    count: int = 0
    repeated_at: int = NEVER
    readings: int = 0
    level: float = 0.0
    variance: float = 0.0


_COMPARE: Final[Mapping[Comparison, Callable[[float, float], bool]]] = {
    comparison: getattr(operator, comparison.value) for comparison in Comparison
}


def readings_of(
    condition: ReadingCondition, values: Iterable[tuple[Millis, Mapping[str, Value]]]
) -> list[TimedReading]:
    """Return the readings of a condition's name and type in order of event time. Of equal times the last one stays."""
    found = {
        time: value
        for time, of_time in values
        if (value := of_time.get(condition.field)) is not None and _has_type(condition, value)
    }
    return sorted(found.items())


def series_of(condition: ReadingCondition) -> Hashable:
    """Return the identity of a condition's readings: of the same records, equal ones have the same readings."""
    return condition.field, kind_of(condition.value) if isinstance(condition, Threshold) else None


def evaluate(rule: AlertRule, state: RuleState, readings: Sequence[TimedReading]) -> tuple[RuleState, list[Transition]]:
    """Return the state after readings in order of event time, and the transitions that they caused.

    Readings never change the state of a silence condition.
    """
    condition = rule.condition
    if isinstance(condition, SilenceCondition):
        return state, []
    transitions = []
    for time, value in readings:
        if time <= state.last_time:
            continue
        signal = _signal(condition, state, time, value)
        state = _remember(condition, state, time, value)
        if signal is not None:
            state, transition = _step(rule, state, time, signal, fulfilled=_is_met(condition, state.phase, signal))
            if transition is not None:
                transitions.append(transition)
    return state, transitions


def _has_type(condition: ReadingCondition, value: Value) -> bool:
    if isinstance(condition, Threshold):
        return kind_of(value) is kind_of(condition.value)
    return isinstance(value, int | float) and kind_of(value) is float and abs(value) <= MAX_MAGNITUDE


def _signal(condition: ReadingCondition, state: RuleState, time: Millis, value: Value) -> Value | None:
    match condition:
        case Rate():
            if state.readings == 0:
                return None
            return (float(value) - state.level) / (time - state.last_time) * SECOND_MS * condition.per_second
        case Anomaly():
            if state.readings < WARM_UP_READINGS or state.variance == 0.0:
                return None
            return min(abs(float(value) - state.level) / sqrt(state.variance), MAX_LIMIT)
        case Threshold():
            return value


def _remember(condition: ReadingCondition, state: RuleState, time: Millis, value: Value) -> RuleState:
    """Return the state with the reading as the newest."""
    match condition:
        case Threshold():
            return msgspec.structs.replace(state, last_time=time)
        case Rate():
            return msgspec.structs.replace(state, last_time=time, readings=1, level=float(value))
        case Anomaly() if state.readings == 0:
            return msgspec.structs.replace(state, last_time=time, readings=1, level=float(value))
        case Anomaly():
            difference = float(value) - state.level
            step = ANOMALY_WEIGHT * difference
            return msgspec.structs.replace(
                state,
                last_time=time,
                readings=min(state.readings + 1, WARM_UP_READINGS),
                level=state.level + step,
                variance=(1 - ANOMALY_WEIGHT) * (state.variance + difference * step),
            )


def _is_met(condition: ReadingCondition, phase: Phase, signal: Value) -> bool:
    """Return whether a signal fulfils a condition; while firing, within the hysteresis."""
    if isinstance(condition, Anomaly):
        return float(signal) > condition.z - (condition.hysteresis if phase is Phase.FIRING else 0)
    comparison, limit = condition.op, condition.value
    if isinstance(limit, bool | str) or isinstance(signal, bool | str):
        return (signal == limit) is (comparison is Comparison.EQ)
    if phase is Phase.FIRING:
        limit += -condition.hysteresis if comparison in (Comparison.GT, Comparison.GE) else condition.hysteresis
    return _COMPARE[comparison](signal, limit)


def _step(
    rule: AlertRule, state: RuleState, time: Millis, signal: Value, *, fulfilled: bool
) -> tuple[RuleState, Transition | None]:
    """Return the next phase, by the table above, and its transition."""
    if state.phase is Phase.FIRING:
        return _repeat(state, time, signal) if fulfilled else _clear(rule, state, time, signal)
    if not fulfilled:
        return msgspec.structs.replace(state, phase=Phase.OK, since=NEVER), None
    since = state.since if state.phase is Phase.PENDING else time
    if time < max(since + rule.for_seconds * SECOND_MS, state.quiet_until):
        return msgspec.structs.replace(state, phase=Phase.PENDING, since=since), None
    fired = msgspec.structs.replace(state, phase=Phase.FIRING, since=time, count=1, repeated_at=time)
    return fired, Transition(Change.FIRED, time, signal, time, 1)


def _repeat(state: RuleState, time: Millis, signal: Value) -> tuple[RuleState, Transition | None]:
    count = state.count + 1
    if time < state.repeated_at + REPEAT_EVERY_MS:
        return msgspec.structs.replace(state, count=count), None
    repeated = msgspec.structs.replace(state, count=count, repeated_at=time)
    return repeated, Transition(Change.REPEATED, time, signal, state.since, count)


def _clear(rule: AlertRule, state: RuleState, time: Millis, signal: Value) -> tuple[RuleState, Transition]:
    cleared = msgspec.structs.replace(
        state,
        phase=Phase.OK,
        since=NEVER,
        quiet_until=time + rule.cooldown_seconds * SECOND_MS,
        count=0,
        repeated_at=NEVER,
    )
    return cleared, Transition(Change.CLEARED, time, signal, state.since, state.count)
