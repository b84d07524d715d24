"""Alert rules: a condition on a device's readings, and when it raises an alert. Conditions and their rules are pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final, TypedDict
from uuid import UUID

import msgspec

from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.domain.names import normalize
from iotflow.domain.telemetry import Value, name_error, value_error
from iotflow.domain.times import Millis

MAX_FOR_S = 7 * 86_400
MAX_COOLDOWN_S = 30 * 86_400
MIN_SILENCE_S, MAX_SILENCE_S = 10, 30 * 86_400
MIN_RATE_UNIT_S, MAX_RATE_UNIT_S = 1, 30 * 86_400
MIN_Z, MAX_Z = 1.0, 100.0
MAX_LIMIT = 1e300
"""Differences of smaller numbers are finite."""
MAX_RULES_PER_ACCOUNT = 10_000
MAX_RULES_PER_TARGET = 50
"""Rules of one device, and rules of one group."""
MAX_RULES_PER_DEVICE = 100
"""Rules evaluated for one device, its own and those of its groups, the first by id."""


class Severity(StrEnum):
    """How much an alert matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class ConditionType(StrEnum):
    """The kind of a condition."""

    THRESHOLD = "threshold"
    RATE = "rate"
    ANOMALY = "anomaly"
    OFFLINE = "offline"
    NO_DATA = "no_data"


class Comparison(StrEnum):
    """How a signal is compared with the value of a condition."""

    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    EQ = "eq"
    NE = "ne"


Hysteresis = Annotated[float, msgspec.Meta(ge=0, le=MAX_LIMIT)]
"""How far a signal must return behind the limit before an alert clears."""


class Threshold(msgspec.Struct, frozen=True, tag="threshold"):
    """The reading itself, compared with a value. A reading of another type than the value is none."""

    field: str
    op: Comparison
    value: Value
    hysteresis: Hysteresis = 0.0


class Rate(msgspec.Struct, frozen=True, tag="rate"):
    """The change since the reading before, per `per_second` seconds of event time, compared with a value."""

    field: str
    op: Comparison
    value: Annotated[float, msgspec.Meta(ge=-MAX_LIMIT, le=MAX_LIMIT)]
    per_second: Annotated[float, msgspec.Meta(ge=MIN_RATE_UNIT_S, le=MAX_RATE_UNIT_S)] = 1.0
    hysteresis: Hysteresis = 0.0


class Anomaly(msgspec.Struct, frozen=True, tag="anomaly"):
    """The distance from the usual reading, in standard deviations (`z`), greater than a value."""

    field: str
    z: Annotated[float, msgspec.Meta(ge=MIN_Z, le=MAX_Z)]
    hysteresis: Hysteresis = 0.0


class Offline(msgspec.Struct, frozen=True, tag="offline"):
    """No request of the device for some seconds."""

    after_seconds: Annotated[int, msgspec.Meta(ge=MIN_SILENCE_S, le=MAX_SILENCE_S)]


class NoData(msgspec.Struct, frozen=True, tag="no_data"):
    """No reading of a name for some seconds."""

    field: str
    after_seconds: Annotated[int, msgspec.Meta(ge=MIN_SILENCE_S, le=MAX_SILENCE_S)]


ReadingCondition = Threshold | Rate | Anomaly
"""A condition that is evaluated as readings arrive."""
SilenceCondition = Offline | NoData
"""A condition that time alone fulfils. Readings never do, so a scheduler evaluates it."""
Condition = ReadingCondition | SilenceCondition

CONDITIONS: Final[Mapping[ConditionType, type[Condition]]] = {
    ConditionType.THRESHOLD: Threshold,
    ConditionType.RATE: Rate,
    ConditionType.ANOMALY: Anomaly,
    ConditionType.OFFLINE: Offline,
    ConditionType.NO_DATA: NoData,
}
_LOCATION = ("body", "condition")
_EXPECTED: Final[Mapping[str, str]] = {
    "field": "the name of a measurement",
    "op": f"one of {', '.join(Comparison)}",
    "value": "a finite number; of a threshold also a boolean or a text",
    "hysteresis": f"a number from 0 to {MAX_LIMIT:g}",
    "per_second": f"a number of seconds from {MIN_RATE_UNIT_S} to {MAX_RATE_UNIT_S:,}",
    "z": f"a number from {MIN_Z:g} to {MAX_Z:g}",
    "after_seconds": f"a whole number of seconds from {MIN_SILENCE_S} to {MAX_SILENCE_S:,}",
}
_ORDERED = frozenset({Comparison.GT, Comparison.GE, Comparison.LT, Comparison.LE})


@dataclass(frozen=True, slots=True)
class NewAlertRule:
    """The fields of a rule to create. It covers one device, or the members of one group: exactly one id is set."""

    name: str
    severity: Severity
    condition: Condition
    device_id: int | None = None
    group_id: int | None = None
    for_seconds: int = 0
    cooldown_seconds: int = 0
    enabled: bool = True
    webhook_url: str | None = field(default=None, repr=False)
    """The URL of a webhook of the owner, which receives the alerts."""
    email: bool = False
    """Whether the owner receives the alerts by e-mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule(NewAlertRule):
    """A stored rule. `version` grows with each change: what was evaluated by an earlier version is void."""

    id: int
    user_id: UUID
    version: int
    created_at: Millis
    updated_at: Millis
    webhook_id: int | None = None


class AlertRuleChange(TypedDict, total=False):
    """New values of a rule's fields. An absent field keeps its value. What a rule covers does not change."""

    name: str
    severity: Severity
    condition: Condition
    for_seconds: int
    cooldown_seconds: int
    enabled: bool
    webhook_url: str | None
    email: bool


@dataclass(frozen=True, slots=True)
class DeviceRules:
    """The enabled rules that readings of a device are evaluated by, ordered by id, and the device's owner."""

    user_id: UUID
    rules: tuple[AlertRule, ...]


def parse_condition(kind: ConditionType, given: Mapping[str, object]) -> Condition:
    """Return the condition of a type with these fields. Raises InvalidInput, naming each wrong field."""
    known = {field.name: field for field in msgspec.structs.fields(CONDITIONS[kind])}
    errors = [
        FieldError((*_LOCATION, name), f"a condition of type {kind} has no such field; it has {', '.join(known)}")
        for name in given.keys() - known.keys()
    ]
    errors += [
        FieldError((*_LOCATION, name), f"a condition of type {kind} needs this field", "missing")
        for name, field in known.items()
        if field.required and name not in given
    ]
    if errors:
        raise InvalidInput(sorted(errors, key=lambda error: error.location[-1]))
    field = given.get("field")
    named = {"field": normalize(field)} if isinstance(field, str) else {}
    try:
        condition: Condition = msgspec.convert({"type": kind.value, **given, **named}, type=Condition)
    except msgspec.ValidationError as error:
        # msgspec ends its message with the path of the field, such as: - at `$.z`
        name = str(error).partition(" - at `$.")[2].rstrip("`")
        raise InvalidInput.at(*_LOCATION, name, message=f"expected {_EXPECTED[name]}") from error
    if found := _errors_of(condition):
        raise InvalidInput(found)
    return condition


def type_error(condition: Condition, newest: Value) -> str | None:
    """Return why a condition can never be evaluated by a name's readings, judged by its newest one, or None."""
    wanted = kind_of(condition.value) if isinstance(condition, Threshold) else float
    if wanted is (found := kind_of(newest)):
        return None
    words = {str: "text", float: "numbers", bool: "booleans"}
    return f"the condition compares {words[wanted]}, and the device sends {words[found]} under this name"


def kind_of(value: Value) -> type[bool | float | str]:
    """Return the kind of a value; integers and decimals are one, `float`."""
    return float if type(value) is int else type(value)


def _errors_of(condition: Condition) -> list[FieldError]:
    """Return the faults of a condition whose fields have the right types."""
    errors = []
    if not isinstance(condition, Offline) and (error := name_error(condition.field)):
        errors.append(FieldError((*_LOCATION, "field"), error))
    if isinstance(condition, Threshold):
        if error := value_error(condition.value):
            errors.append(FieldError((*_LOCATION, "value"), error))
        if condition.op in _ORDERED and isinstance(condition.value, bool | str):
            message = f"{condition.op} compares numbers; compare a boolean or a text by eq or ne"
            errors.append(FieldError((*_LOCATION, "value"), message))
    if isinstance(condition, Threshold | Rate) and condition.hysteresis and condition.op not in _ORDERED:
        errors.append(FieldError((*_LOCATION, "hysteresis"), f"{condition.op} has no hysteresis"))
    return errors
