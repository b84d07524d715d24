"""Alerts: what a rule, or a person, raised about a device, and their life cycle.

| Status | Move | Next status |
|---|---|---|
| active | acknowledge | acknowledged |
| active, acknowledged | resolve, or the rule's condition clears | resolved |

An alert is open until it is resolved. A rule and device have at most one open alert.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from iotflow.domain.alert_evaluation import Transition
from iotflow.domain.alert_rules import AlertRule, Anomaly, Comparison, NoData, Offline, Rate, Severity, Threshold
from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis

MAX_MESSAGE_LENGTH = 1_000
MAX_DETAILS_BYTES = 16_384
MAX_SHOWN_CHARACTERS = 200
"""Of a text value in a message or in details."""

_WORDS: Final = {
    Comparison.GT: "greater than",
    Comparison.GE: "at least",
    Comparison.LT: "less than",
    Comparison.LE: "at most",
    Comparison.EQ: "equal to",
    Comparison.NE: "other than",
}
_NAMESPACE: Final = UUID("5cf7a3b0-6d3c-4d0b-9f5a-0b6f6d0e8a11")


class AlertType(StrEnum):
    """What an alert is about."""

    THRESHOLD_EXCEEDED = "threshold_exceeded"
    """Of a threshold or a rate."""
    ANOMALY = "anomaly"
    DEVICE_OFFLINE = "device_offline"
    """Also of a name without data."""
    MAINTENANCE = "maintenance"
    CUSTOM = "custom"


class AlertStatus(StrEnum):
    """The place of an alert in its life cycle."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. `rule_id` is None for one that a person raised, `count` the readings that fulfilled its rule."""

    id: UUID
    rule_id: int | None
    device_id: int
    user_id: UUID
    alert_type: AlertType
    severity: Severity
    status: AlertStatus
    message: str
    details: JsonObject
    count: int
    created_at: Millis
    updated_at: Millis
    acknowledged_at: Millis | None = None
    acknowledged_by: UUID | None = None
    resolved_at: Millis | None = None
    fired_at: Millis | None = None
    """The event time of the reading that fired the rule."""


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert that a person raises about a device."""

    device_id: int
    alert_type: AlertType
    severity: Severity
    message: str
    details: JsonObject


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """A filter of alerts; a field of None does not restrict."""

    user_id: UUID | None = None
    device_id: int | None = None
    status: AlertStatus | None = None
    severity: Severity | None = None
    alert_type: AlertType | None = None


@dataclass(frozen=True, slots=True)
class AlertPosition:
    """A position in a list of alerts, newest first: after this alert."""

    created_at: Millis
    id: UUID


def alert_id(rule_id: int, device_id: int, fired_at: Millis) -> UUID:
    """Return the id of the alert of a rule that fired about a device at a time."""
    return uuid5(_NAMESPACE, f"{rule_id}/{device_id}/{fired_at}")


def alert_of(rule: AlertRule, device_id: int, fired: Transition, now: Millis) -> Alert:
    """Return the alert that a rule raises about a device. Of one transition it always has the same id."""
    signal = fired.signal[:MAX_SHOWN_CHARACTERS] if isinstance(fired.signal, str) else fired.signal
    return Alert(
        id=alert_id(rule.id, device_id, Millis(fired.fired_at)),
        rule_id=rule.id,
        device_id=device_id,
        user_id=rule.user_id,
        alert_type=_type_of(rule),
        severity=rule.severity,
        status=AlertStatus.ACTIVE,
        message=_message(rule, signal),
        details={"rule": rule.name, "signal": signal},
        count=fired.count,
        created_at=now,
        updated_at=now,
        fired_at=Millis(fired.fired_at),
    )


def _type_of(rule: AlertRule) -> AlertType:
    match rule.condition:
        case Anomaly():
            return AlertType.ANOMALY
        case Offline() | NoData():
            return AlertType.DEVICE_OFFLINE
        case Threshold() | Rate():
            return AlertType.THRESHOLD_EXCEEDED


def _message(rule: AlertRule, signal: Value) -> str:
    """Return what a person reads. It has fewer than `MAX_MESSAGE_LENGTH` characters."""
    match rule.condition:
        case Threshold(field, op, value):
            return f"{rule.name}: {field} is {_shown(signal)}, {_WORDS[op]} {_shown(value)}"
        case Rate(field, op, value, per_second):
            return f"{rule.name}: {field} changes by {signal:g} in {per_second:g} s, {_WORDS[op]} {value:g}"
        case Anomaly(field, z):
            return f"{rule.name}: {field} is {signal:.3g} standard deviations from its mean, more than {z:g}"
        case Offline(after_seconds):
            return f"{rule.name}: no request for {after_seconds} s"
        case NoData(field, after_seconds):
            return f"{rule.name}: no reading of {field} for {after_seconds} s"


def _shown(value: Value) -> str:
    """Return a value as a person writes it, a long text cut."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:MAX_SHOWN_CHARACTERS]
