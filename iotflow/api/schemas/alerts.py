"""Bodies about alerts."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.alert_rules import AlertSeverity
from iotflow.api.schemas.base import NextCursor, RequestModel, ResponseModel, example
from iotflow.api.schemas.devices import Id
from iotflow.api.schemas.fields import Json, Timestamp, text
from iotflow.domain import alerts as domain
from iotflow.domain.alert_rules import Severity
from iotflow.domain.alerts import MAX_DETAILS_BYTES, MAX_MESSAGE_LENGTH, AlertStatus, AlertType


class ManualAlertType(StrEnum):
    """What an alert that a person raises is about."""

    CUSTOM = "custom"
    MAINTENANCE = "maintenance"


class Alert(ResponseModel):
    """An alert about a device. A rule has at most one unresolved alert about each device."""

    id: UUID
    rule_id: int | None = Field(description="Null: a person raised it.", examples=[1])
    device_id: int = Field(examples=[1])
    user_id: UUID = Field(description="The device's owner.")
    alert_type: AlertType
    severity: Severity
    status: AlertStatus
    message: str = Field(examples=["Storm: wind_gust is 51.8, greater than 45"])
    details: Json = Field(description="Of a rule's alert: `rule`, its name, and `signal`, what fired it.")
    count: int = Field(
        description="Readings that fulfilled the rule since it fired. It may lag by a minute of event time.",
        examples=[1],
    )
    fired_at: Timestamp | None = Field(description="Time of the reading that fired the rule.")
    created_at: Timestamp
    updated_at: Timestamp
    acknowledged_at: Timestamp | None
    acknowledged_by: UUID | None = Field(description="The user who acknowledged it.")
    resolved_at: Timestamp | None


class AlertResponse(ResponseModel):
    """One alert."""

    alert: Alert


class AlertList(ResponseModel):
    """A page of alerts, newest first."""

    alerts: list[Alert]
    next_cursor: NextCursor


class AlertCreate(RequestModel):
    """An alert to raise by hand."""

    model_config = example(device_id=1, alert_type="maintenance", severity="info", message="The filter is due")

    device_id: Id
    alert_type: Annotated[ManualAlertType, Field(strict=False)] = Field(ManualAlertType.CUSTOM)
    severity: AlertSeverity
    message: Annotated[str, text(MAX_MESSAGE_LENGTH)] = Field(examples=["The filter is due"])
    details: Json = Field({}, description=f"Any facts, at most {MAX_DETAILS_BYTES:,} bytes as JSON.")

    def new_alert(self) -> domain.NewAlert:
        """Return the fields as the service takes them."""
        kind = AlertType(self.alert_type.value)
        return domain.NewAlert(self.device_id, kind, self.severity, self.message, self.details)
