"""The evaluation of rules of silence: pure functions over a rule's state, whose times are times of receipt.

| Phase | What happens | Next phase | Transition |
|---|---|---|---|
| ok | nothing is received for `after_seconds` and `for_seconds`, and the cooldown is over | firing | fired |
| firing | something is received | ok; the cooldown begins | cleared |

`last_time` of the state is when something was last received, `since` when the rule fired.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from iotflow.domain.alert_evaluation import NEVER, Change, Phase, RuleState, Transition
from iotflow.domain.alert_rules import AlertRule, NoData, Offline, SilenceCondition
from iotflow.domain.telemetry import Record
from iotflow.domain.times import SECOND_MS, Millis

MAX_CHECK_INTERVAL_MS = 60_000
"""While a rule on requests fires: requests other than telemetry are noticed by its checks alone."""


@dataclass(frozen=True, slots=True)
class SilenceCheck:
    """A check of rules at a time. `last_seen` is a request that their states may lack.

    Nothing that was received since `watched_since` is unknown.
    """

    now: Millis
    watched_since: Millis
    last_seen: Millis | None


def ends_silence(condition: SilenceCondition, records: Sequence[Record]) -> bool:
    """Return whether stored records end a silence."""
    return isinstance(condition, Offline) or any(condition.field in record.values for record in records)


def after_receipt(rule: AlertRule, state: RuleState, at: Millis) -> tuple[RuleState, list[Transition]]:
    """Return the state after something was received, and the transition that it caused."""
    if at <= max(state.last_time, state.since):
        return state, []
    received = msgspec.structs.replace(state, last_time=at)
    if state.phase is not Phase.FIRING:
        return received, []
    quiet_until = at + rule.cooldown_seconds * SECOND_MS
    cleared = msgspec.structs.replace(received, phase=Phase.OK, since=NEVER, quiet_until=quiet_until, count=0)
    return cleared, [Transition(Change.CLEARED, at, 0, state.since, state.count)]


def restart_silence(state: RuleState, at: Millis) -> RuleState:
    """Return the state after a time for which silence does not count. An alert stays."""
    if state.phase is Phase.FIRING or at <= state.last_time:
        return state
    return msgspec.structs.replace(state, last_time=at)


def check_silence(
    rule: AlertRule, state: RuleState, watched_since: Millis, now: Millis
) -> tuple[RuleState, list[Transition]]:
    """Return the state at a time, and the transition that the silence until then caused.

    `watched_since`: nothing received since then is unknown. A state that has received nothing begins now.
    """
    if state.last_time == NEVER:
        return restart_silence(state, now), []
    if state.phase is Phase.FIRING or now < _fires_at(rule, state, watched_since):
        return state, []
    silent_s = (now - max(state.last_time, watched_since)) // SECOND_MS
    fired = msgspec.structs.replace(state, phase=Phase.FIRING, since=now, count=1)
    return fired, [Transition(Change.FIRED, now, silent_s, now, 1)]


def next_check(rule: AlertRule, state: RuleState, watched_since: Millis, now: Millis) -> Millis:
    """Return a time before which the silence causes no transition. Whatever is received until then only delays it."""
    if state.phase is not Phase.FIRING:
        return max(now, _fires_at(rule, state, watched_since))
    interval_ms = _after_ms(rule)
    if not isinstance(rule.condition, NoData):
        interval_ms = min(interval_ms, MAX_CHECK_INTERVAL_MS)
    return Millis(now + interval_ms)


def _fires_at(rule: AlertRule, state: RuleState, watched_since: Millis) -> Millis:
    silent_from = max(state.last_time, watched_since)
    return Millis(max(silent_from + _after_ms(rule) + rule.for_seconds * SECOND_MS, state.quiet_until))


def _after_ms(rule: AlertRule) -> int:
    assert isinstance(rule.condition, SilenceCondition)
    return rule.condition.after_seconds * SECOND_MS
