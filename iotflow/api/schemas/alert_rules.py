"""Bodies about alert rules."""

from typing import Annotated, cast
from uuid import UUID

import msgspec
from pydantic import MISSING, Field

from iotflow.api.schemas.base import PageInfo, PartialUpdate, RequestModel, ResponseModel, example
from iotflow.api.schemas.devices import Id
from iotflow.api.schemas.fields import WHOLE, RangeTime, Timestamp, VisibleName
from iotflow.api.schemas.telemetry import MeasuredValue
from iotflow.api.schemas.webhooks import WebhookUrl
from iotflow.domain import alert_rules as domain
from iotflow.domain.alert_rules import (
    MAX_COOLDOWN_S,
    MAX_FOR_S,
    MAX_RATE_UNIT_S,
    MAX_SILENCE_S,
    MAX_Z,
    MIN_RATE_UNIT_S,
    MIN_SILENCE_S,
    MIN_Z,
    Comparison,
    ConditionType,
    Severity,
    parse_condition,
)
from iotflow.domain.telemetry import MAX_NAME_LENGTH
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.services.rule_replay import MAX_FIRINGS, MAX_REPLAYED_RECORDS, Replay

RuleName = Annotated[VisibleName, Field(examples=["Storm"])]
AlertSeverity = Annotated[Severity, Field(strict=False, examples=["warning"])]
ForSeconds = Annotated[int, Field(ge=0, le=MAX_FOR_S), WHOLE]
RuleWebhookUrl = Annotated[
    WebhookUrl,
    Field(
        description="URL of a webhook of the owner, which receives the rule's alerts. A URL without one creates it; "
        "null: none."
    ),
]
SendsEmail = Annotated[
    bool,
    Field(
        description="Send the alerts to the owner's address, collected in one e-mail at a time. Refused by a service "
        "that sends no e-mail."
    ),
]
CooldownSeconds = Annotated[int, Field(ge=0, le=MAX_COOLDOWN_S), WHOLE]

_STORM = {"type": "threshold", "field": "wind_gust", "op": "gt", "value": 45, "hysteresis": 5}


class AlertCondition(RequestModel):
    """The condition of an alert rule. `type` decides which of the other fields it has.

    `threshold`: `field`, `op`, `value`, `hysteresis`. `rate`: also `per_second`. `anomaly`: `field`, `z`, `hysteresis`.
    `offline`: `after_seconds`. `no_data`: `field`, `after_seconds`.
    """

    model_config = example(**_STORM)

    type: Annotated[ConditionType, Field(strict=False)] = Field(examples=["threshold"])
    field: Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)] | MISSING = Field(
        MISSING, description="Name of the measurement.", examples=["wind_gust"]
    )
    op: Annotated[Comparison, Field(strict=False)] | MISSING = Field(
        MISSING, description="How the reading, or its rate, is compared with `value`.", examples=["gt"]
    )
    value: MeasuredValue | MISSING = Field(
        MISSING,
        description="A number; of a threshold with `eq` or `ne` also a boolean or a text. Readings of another type are "
        "ignored.",
        examples=[45],
    )
    hysteresis: Annotated[float, Field(ge=0)] | MISSING = Field(
        MISSING,
        description="While firing, the limit is eased by this: 45 with 5 clears at 40. Default: 0.",
        examples=[5],
    )
    per_second: Annotated[float, Field(ge=MIN_RATE_UNIT_S, le=MAX_RATE_UNIT_S)] | MISSING = Field(
        MISSING,
        description="Of a rate: the unit of time in seconds. `value: -2, per_second: 3600` is a fall by 2 per hour. "
        "Default: 1.",
        examples=[3_600],
    )
    z: Annotated[float, Field(ge=MIN_Z, le=MAX_Z)] | MISSING = Field(
        MISSING, description="Of an anomaly: the distance from the mean in standard deviations.", examples=[4]
    )
    after_seconds: Annotated[int, Field(ge=MIN_SILENCE_S, le=MAX_SILENCE_S), WHOLE] | MISSING = Field(
        MISSING, description="Of `offline` and `no_data`: the length of the silence.", examples=[900]
    )

    def condition(self) -> domain.Condition:
        """Return the condition. Raises InvalidInput for fields that its type lacks or needs."""
        given = {name: value for name, value in self if name != "type" and value is not MISSING}
        return parse_condition(self.type, given)


class AlertRule(ResponseModel):
    """An alert rule."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Storm"])
    device_id: int | None = Field(description="The device that the rule covers.", examples=[1])
    group_id: int | None = Field(
        description="The group whose devices the rule covers, also those that join later.", examples=[None]
    )
    severity: Severity
    condition: AlertCondition
    for_seconds: int = Field(examples=[0])
    cooldown_seconds: int = Field(examples=[0])
    enabled: bool
    webhook_url: str | None = Field(description="The URL of the webhook that receives the alerts.", examples=[None])
    webhook_id: int | None = Field(description="The id of that webhook.", examples=[None])
    email: bool = Field(description="Whether the owner receives the alerts by e-mail.")
    user_id: UUID = Field(description="The owner of the device or group.")
    created_at: Timestamp
    updated_at: Timestamp


class AlertRuleResponse(ResponseModel):
    """One alert rule."""

    alert_rule: AlertRule


class AlertRuleList(ResponseModel):
    """A page of alert rules."""

    alert_rules: list[AlertRule]
    meta: PageInfo


class AlertRuleCreate(RequestModel):
    """An alert rule to create. It covers either a device or the devices of a group."""

    model_config = example(name="Storm", device_id=1, severity="warning", condition=_STORM)

    name: RuleName
    device_id: Id | None = Field(None, description="The device to cover.")
    group_id: Id | None = Field(None, description="The group whose devices to cover.")
    severity: AlertSeverity
    condition: AlertCondition
    for_seconds: ForSeconds = Field(0, description="Seconds of event time that the condition must hold.")
    cooldown_seconds: CooldownSeconds = Field(
        0, description="Seconds of event time after the condition cleared in which the rule does not fire again."
    )
    enabled: bool = True
    webhook_url: RuleWebhookUrl | None = None
    email: SendsEmail = False

    def new_rule(self) -> domain.NewAlertRule:
        """Return the fields as the service takes them. Raises InvalidInput."""
        return domain.NewAlertRule(
            name=self.name,
            severity=self.severity,
            condition=self.condition.condition(),
            device_id=self.device_id,
            group_id=self.group_id,
            for_seconds=self.for_seconds,
            cooldown_seconds=self.cooldown_seconds,
            enabled=self.enabled,
            webhook_url=self.webhook_url,
            email=self.email,
        )


class AlertRuleUpdate(PartialUpdate):
    """Changes of an alert rule. Absent fields keep their values. The device or group of a rule does not change."""

    model_config = example(severity="critical", for_seconds=300)

    name: RuleName | MISSING = MISSING
    severity: AlertSeverity | MISSING = MISSING
    condition: AlertCondition | MISSING = MISSING
    for_seconds: ForSeconds | MISSING = MISSING
    cooldown_seconds: CooldownSeconds | MISSING = MISSING
    enabled: bool | MISSING = MISSING
    webhook_url: RuleWebhookUrl | MISSING | None = MISSING
    email: SendsEmail | MISSING = MISSING

    def change(self) -> domain.AlertRuleChange:
        """Return the fields that the client sent. Raises InvalidInput."""
        given = self.given()
        if isinstance(self.condition, AlertCondition):
            given["condition"] = self.condition.condition()
        return cast("domain.AlertRuleChange", given)


class AlertRuleTest(RequestModel):
    """A rule to replay over the stored records of a device."""

    model_config = example(device_id=1, condition=_STORM, start_time="-7d")

    device_id: Id
    condition: AlertCondition
    for_seconds: ForSeconds = Field(0, description="Seconds of event time that the condition must hold.")
    cooldown_seconds: CooldownSeconds = Field(
        0, description="Seconds of event time after the condition cleared in which the rule does not fire again."
    )
    start_time: RangeTime = Field("-24h", description="Start of the time range, included.")
    end_time: RangeTime = Field("now", description="End of the time range, excluded.")

    def rule(self) -> domain.AlertRule:
        """Return the rule. Raises InvalidInput."""
        return domain.AlertRule(
            name="test",
            severity=Severity.INFO,
            condition=self.condition.condition(),
            device_id=self.device_id,
            for_seconds=self.for_seconds,
            cooldown_seconds=self.cooldown_seconds,
            id=0,
            user_id=UUID(int=0),
            version=1,
            created_at=Millis(0),
            updated_at=Millis(0),
        )


class RuleFiring(ResponseModel):
    """One time that the rule would have fired."""

    fired_at: Timestamp = Field(description="Time of the reading that fires the rule.")
    cleared_at: Timestamp | None = Field(description="Time of the reading that clears it; null: none did.")
    signal: MeasuredValue = Field(description="The reading, its rate or its distance from the mean.", examples=[51.8])
    count: int = Field(description="Readings that fulfilled the condition while it was firing.", examples=[3])


class AlertRuleTestResult(ResponseModel):
    """When a rule would have fired."""

    device_id: int = Field(examples=[1])
    start_time: Timestamp
    end_time: Timestamp
    records: int = Field(description="Records with the rule's name that were replayed.", examples=[168])
    firings: list[RuleFiring] = Field(description="In order of time.")
    next_time: Timestamp | None = Field(
        description=f"Null: the whole range was replayed. Otherwise the replay ended before this time, after about "
        f"{MAX_REPLAYED_RECORDS:,} records or {MAX_FIRINGS:,} firings."
    )


def dump_rule(rule: domain.AlertRule) -> dict[str, object]:
    """Return what an `AlertRule` encodes to."""
    return {
        "id": rule.id,
        "name": rule.name,
        "device_id": rule.device_id,
        "group_id": rule.group_id,
        "severity": rule.severity,
        "condition": msgspec.to_builtins(rule.condition),
        "for_seconds": rule.for_seconds,
        "cooldown_seconds": rule.cooldown_seconds,
        "enabled": rule.enabled,
        "webhook_url": rule.webhook_url,
        "webhook_id": rule.webhook_id,
        "email": rule.email,
        "user_id": rule.user_id,
        "created_at": format_rfc3339(rule.created_at),
        "updated_at": format_rfc3339(rule.updated_at),
    }


def dump_replay(replay: Replay) -> dict[str, object]:
    """Return what an `AlertRuleTestResult` encodes to, without the time range."""
    return {
        "records": replay.records,
        "firings": [
            {
                "fired_at": format_rfc3339(firing.fired_at),
                "cleared_at": None if firing.cleared_at is None else format_rfc3339(firing.cleared_at),
                "signal": firing.signal,
                "count": firing.count,
            }
            for firing in replay.firings
        ],
        "next_time": None if replay.next_time is None else format_rfc3339(replay.next_time),
    }
