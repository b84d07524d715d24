"""Evaluation of alert rules, against models that share no code with it."""

import itertools
import math
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from iotflow.domain.alert_evaluation import (
    ANOMALY_WEIGHT,
    MAX_MAGNITUDE,
    REPEAT_EVERY_MS,
    WARM_UP_READINGS,
    Change,
    Phase,
    RuleState,
    TimedReading,
    Transition,
    evaluate,
    readings_of,
)
from iotflow.domain.alert_rules import (
    AlertRule,
    Anomaly,
    Comparison,
    Condition,
    NoData,
    Offline,
    Rate,
    Severity,
    Threshold,
)
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis

HOT = Threshold("x", Comparison.GT, 10)
values = st.integers(0, 20)
numbers = st.floats(-1e9, 1e9)


def rule_of(condition: Condition, for_seconds: int = 0, cooldown_seconds: int = 0) -> AlertRule:
    return AlertRule(
        "r",
        Severity.INFO,
        condition,
        device_id=1,
        for_seconds=for_seconds,
        cooldown_seconds=cooldown_seconds,
        id=1,
        user_id=UUID(int=1),
        version=1,
        created_at=Millis(0),
        updated_at=Millis(0),
    )


def fired(condition: Condition, readings: Sequence[TimedReading], state: RuleState | None = None) -> list[int]:
    """Return the times at which a rule fires."""
    _, transitions = evaluate(rule_of(condition), state or RuleState(1), readings)
    return [one.at for one in transitions if one.change is Change.FIRED]


def timed(readings: Sequence[float], step_ms: int = 1_000) -> list[TimedReading]:
    return [(Millis(number * step_ms), value) for number, value in enumerate(readings)]


@given(st.lists(values), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_a_threshold_fires_and_clears_as_a_plain_loop_over_all_readings(
    sent: list[int], for_s: int, cooldown_s: int, hysteresis: int
) -> None:
    expected = []
    since: int | None = None
    firing, quiet_until = False, -1
    for second, value in enumerate(sent):
        if firing and value <= 10 - hysteresis:
            expected.append((Change.CLEARED, second))
            firing, since, quiet_until = False, None, second + cooldown_s
        elif not firing and value > 10:
            since = second if since is None else since
            if second - since >= for_s and second >= quiet_until:
                expected.append((Change.FIRED, second))
                firing = True
        elif not firing:
            since = None
    condition = Threshold("x", Comparison.GT, 10, hysteresis=hysteresis)
    _, transitions = evaluate(rule_of(condition, for_s, cooldown_s), RuleState(1), timed(sent))
    assert [(one.change, one.at // 1_000) for one in transitions] == expected


@given(st.lists(numbers), st.integers(1, 7), st.sampled_from([HOT, Rate("x", Comparison.LT, -1.5), Anomaly("x", 2.0)]))
def test_readings_may_arrive_in_parts_and_late_ones_change_nothing(
    sent: list[float], part: int, condition: Condition
) -> None:
    readings = timed(sent, 20_000)
    whole, expected = evaluate(rule_of(condition, 30, 60), RuleState(1), readings)
    state, transitions = RuleState(1), []
    for first in range(0, len(readings), part):
        late = readings[: first + part]
        state, more = evaluate(rule_of(condition, 30, 60), state, late)
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=RuleState)
        transitions += more
    assert (state, transitions) == (whole, expected)


@pytest.mark.parametrize(
    ("op", "limit", "met", "not_met"),
    [
        (Comparison.GT, 5, 6, 5),
        (Comparison.GE, 5, 5.0, 4),
        (Comparison.LT, 5, 4, 5),
        (Comparison.LE, 5, 5, 6),
        (Comparison.EQ, 5, 5.0, 6),
        (Comparison.NE, 5, 6, 5),
        (Comparison.EQ, True, True, False),
        (Comparison.NE, "shut", "open", "shut"),
    ],
)
def test_each_comparison(op: Comparison, limit: float | str, met: float | str, not_met: float | str) -> None:
    condition = Threshold("x", op, limit)
    assert fired(condition, [(Millis(1), met)]) == [1]
    assert fired(condition, [(Millis(1), not_met)]) == []


def test_readings_of_another_type_are_none() -> None:
    of_types: list[Value] = [1, 2.5, True, "3", MAX_MAGNITUDE * 2]
    sent: list[tuple[Millis, dict[str, Value]]] = [(Millis(n), {"x": value}) for n, value in enumerate(of_types)]
    assert [value for _, value in readings_of(HOT, sent)] == [1, 2.5, MAX_MAGNITUDE * 2]
    assert readings_of(Threshold("x", Comparison.EQ, True), sent) == [(2, True)]
    assert readings_of(Threshold("x", Comparison.EQ, "3"), sent) == [(3, "3")]
    for condition in (Rate("x", Comparison.GT, 0), Anomaly("x", 4)):
        assert [value for _, value in readings_of(condition, sent)] == [1, 2.5]


def test_of_readings_of_one_time_the_last_one_received_counts_and_times_are_in_order() -> None:
    sent: list[tuple[Millis, dict[str, Value]]] = [(Millis(5), {"x": 1}), (Millis(3), {"x": 2}), (Millis(5), {"x": 3})]
    assert readings_of(HOT, sent) == [(3, 2), (5, 3)]


@given(st.lists(st.tuples(st.integers(1, 10_000), numbers), min_size=2, max_size=30), st.floats(-1e6, 1e6))
def test_a_rate_is_the_slope_between_neighbours(steps: list[tuple[int, float]], limit: float) -> None:
    time, readings = 0, list[TimedReading]()
    for step, value in steps:
        time += step
        readings.append((Millis(time), value))
    pairs = itertools.pairwise(readings)
    slopes = {t1: (float(v1) - float(v0)) * 1_000 / (t1 - t0) for (t0, v0), (t1, v1) in pairs}
    signals: dict[int, Value] = {}
    state = RuleState(1)
    for reading in readings:
        always = rule_of(Rate("x", Comparison.GE, -1e300))
        state, transitions = evaluate(always, msgspec.structs.replace(state, phase=Phase.OK), [reading])
        signals |= {one.at: one.signal for one in transitions}
    assert signals == pytest.approx(slopes)
    above = [at for at, slope in slopes.items() if slope > limit and not math.isclose(slope, limit)]
    assert not above or fired(Rate("x", Comparison.GT, limit), readings)


@given(st.lists(st.floats(-1e6, 1e6), min_size=WARM_UP_READINGS + 1, max_size=120))
def test_mean_and_variance_are_the_weighted_sums_over_all_readings(sent: list[float]) -> None:
    state, _ = evaluate(rule_of(Anomaly("x", 100)), RuleState(1), timed(sent))
    weights = [ANOMALY_WEIGHT * (1 - ANOMALY_WEIGHT) ** (len(sent) - 1 - n) for n in range(len(sent))]
    weights[0] = (1 - ANOMALY_WEIGHT) ** (len(sent) - 1)
    assert math.isclose(sum(weights), 1)
    mean = math.fsum(weight * value for weight, value in zip(weights, sent, strict=True))
    variance = math.fsum(weight * (value - mean) ** 2 for weight, value in zip(weights, sent, strict=True))
    assert state.level == pytest.approx(mean, rel=1e-9, abs=1e-6)
    assert state.variance == pytest.approx(variance, rel=1e-6, abs=1e-3)


def test_an_anomaly_needs_a_warm_up_and_a_spread() -> None:
    noise = [number % 2 for number in range(WARM_UP_READINGS)]
    assert fired(Anomaly("x", 4), timed([*noise, 50])) == [WARM_UP_READINGS * 1_000]
    assert fired(Anomaly("x", 4), timed([*noise[1:], 50])) == []
    assert fired(Anomaly("x", 4), timed([7] * 100 + [50])) == []


def test_a_level_that_lasts_becomes_the_usual_one() -> None:
    noise = [number % 2 for number in range(50)]
    sent = timed([*noise, *(value + 50 for value in noise)])
    _, transitions = evaluate(rule_of(Anomaly("x", 4)), RuleState(1), sent)
    assert [one.change for one in transitions] == [Change.FIRED, Change.CLEARED]


def test_extreme_readings_leave_a_state_of_finite_numbers() -> None:
    extremes = [MAX_MAGNITUDE, -MAX_MAGNITUDE, 5e-324] * 40
    for condition in (Anomaly("x", 4), Rate("x", Comparison.GT, 1, per_second=2_592_000)):
        state, transitions = evaluate(rule_of(condition), RuleState(1), timed(extremes, 1))
        assert math.isfinite(state.level)
        assert math.isfinite(state.variance)
        assert all(isinstance(one.signal, float) and math.isfinite(one.signal) for one in transitions)


def test_repeats_are_counted_and_reported_once_a_minute() -> None:
    _, transitions = evaluate(rule_of(HOT), RuleState(1), [*timed([11] * 150), (Millis(200_000), 1)])
    assert transitions == [
        Transition(Change.FIRED, 0, 11, 0, 1),
        Transition(Change.REPEATED, REPEAT_EVERY_MS, 11, 0, 61),
        Transition(Change.REPEATED, 2 * REPEAT_EVERY_MS, 11, 0, 121),
        Transition(Change.CLEARED, 200_000, 1, 0, 150),
    ]


@pytest.mark.parametrize("condition", [Offline(60), NoData("x", 60)])
def test_readings_do_not_change_the_state_of_a_silence_condition(condition: Condition) -> None:
    assert evaluate(rule_of(condition), RuleState(1), timed([1, 2])) == (RuleState(1), [])


class EvaluationMachine(RuleBasedStateMachine):
    """Readings arrive in any order; the model evaluates those that were the newest when they arrived, all at once."""

    @initialize(for_s=st.integers(0, 90), cooldown_s=st.integers(0, 90), hysteresis=st.integers(0, 4))
    def begin(self, for_s: int, cooldown_s: int, hysteresis: int) -> None:
        self.rule = rule_of(Threshold("x", Comparison.GT, 10, hysteresis=hysteresis), for_s, cooldown_s)
        self.limit = 10 - hysteresis
        self.state = RuleState(1)
        self.seen: list[TimedReading] = []
        self.transitions: list[Transition] = []

    @rule(step_s=st.integers(1, 40), value=values)
    def newer(self, step_s: int, value: int) -> None:
        time = Millis((self.seen[-1][0] if self.seen else 0) + step_s * 1_000)
        self.seen.append((time, value))
        self.send([self.seen[-1]])

    @precondition(lambda self: self.seen)
    @rule(ago_s=st.integers(0, 100), value=values)
    def late(self, ago_s: int, value: int) -> None:
        before = self.state
        self.send([(Millis(max(0, self.seen[-1][0] - ago_s * 1_000)), value)])
        assert self.state == before

    def send(self, readings: Sequence[TimedReading]) -> None:
        self.state, transitions = evaluate(self.rule, self.state, readings)
        self.transitions += transitions

    @invariant()
    def transitions_alternate_and_agree_with_the_phase(self) -> None:
        changes = [one.change for one in self.transitions if one.change is not Change.REPEATED]
        assert changes == [Change.FIRED, Change.CLEARED] * (len(changes) // 2) + [Change.FIRED] * (len(changes) % 2)
        assert (self.state.phase is Phase.FIRING) == (len(changes) % 2 == 1)

    @invariant()
    def an_alert_fires_after_the_condition_held_and_after_the_cooldown(self) -> None:
        cleared_at = None
        for one in self.transitions:
            if one.change is Change.CLEARED:
                cleared_at = one.at
            if one.change is not Change.FIRED:
                continue
            held = [value for time, value in self.seen if one.at - self.rule.for_seconds * 1_000 <= time <= one.at]
            assert all(float(value) > 10 for value in held)
            assert cleared_at is None or one.at >= cleared_at + self.rule.cooldown_seconds * 1_000

    @invariant()
    def a_firing_rule_saw_no_reading_at_or_below_the_eased_limit(self) -> None:
        if self.state.phase is Phase.FIRING:
            assert all(float(value) > self.limit for time, value in self.seen if time >= self.state.since)
            assert self.state.count == sum(time >= self.state.since for time, _ in self.seen)


TestEvaluationMachine = EvaluationMachine.TestCase
