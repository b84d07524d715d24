"""Bodies about audit events."""

from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.base import NextCursor, ResponseModel
from iotflow.api.schemas.fields import Json, Timestamp
from iotflow.domain.events import EventType


class Event(ResponseModel):
    """An audit event: one change of an account, device, group, key or config."""

    id: UUID
    event_type: EventType
    timestamp: Timestamp
    user_id: UUID = Field(description="Account that the change concerns.")
    device_id: int | None
    details: Json = Field(description="Facts of the change; the fields depend on `event_type`.")
    request_id: str | None = Field(description="Id of the request that made the change.")


class EventList(ResponseModel):
    """A page of events, newest first."""

    events: list[Event]
    next_cursor: NextCursor
