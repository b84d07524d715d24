"""Bodies about the service itself: events, statistics, health."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.common import Answer, Json, Meta, NextCursor, Timestamp
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.events import EventType

Verdict = Literal["healthy", "degraded", "unhealthy"]


class EventView(Answer):
    """One change: who did what to what."""

    id: UUID
    event_type: EventType
    timestamp: Timestamp
    user_id: UUID = Field(description="The account that it concerns.")
    device_id: int | None
    details: Json
    request_id: str | None


class EventList(Answer):
    """A page of events, newest first."""

    events: list[EventView]
    next_cursor: NextCursor


class DeviceStatusView(Answer):
    """A device's status and presence."""

    id: int
    name: str
    device_type: str
    status: DeviceStatus
    is_online: bool
    last_seen: Timestamp | None


class DeviceStatusList(Answer):
    """A page of devices' statuses."""

    devices: list[DeviceStatusView]
    meta: Meta


class StoreAvailability(Answer):
    """Whether a store answers."""

    available: bool
    role: str
    backend: str


class StoreHealthView(StoreAvailability):
    """Whether a store answers, and how fast."""

    latency_ms: float | None


class UserCounts(Answer):
    """How many users there are."""

    total: int
    active: int


class DeviceCounts(Answer):
    """How many devices there are."""

    total: int
    active: int
    inactive: int
    maintenance: int
    online: int


class GroupCounts(Answer):
    """How many groups there are."""

    total: int


class TelemetryCounts(Answer):
    """About how many values came lately."""

    points_last_hour: int
    points_last_day: int


class CacheCounts(Answer):
    """How the caches fared since they were started."""

    hits: int
    misses: int
    hit_rate: Annotated[float, Field(ge=0, le=1)] | None


class StatsAnswer(Answer):
    """Totals of the whole service."""

    users: UserCounts
    devices: DeviceCounts
    groups: GroupCounts
    telemetry: TelemetryCounts
    cache: CacheCounts
    stores: dict[str, StoreAvailability]


class TelemetryStatus(Answer):
    """Whether the service takes telemetry."""

    status: Verdict
    stores: dict[str, StoreAvailability]


class HealthAnswer(Answer):
    """Whether the service is healthy."""

    status: Verdict
    version: str
    stores: dict[str, StoreHealthView] | None = Field(None, description="With `detailed=true`.")


class Readiness(Answer):
    """Whether the service may get traffic."""

    status: Literal["ready", "not ready"]


class Liveness(Answer):
    """That the process runs."""

    status: Literal["alive"]


class ServiceStatus(Answer):
    """What runs, and for how long."""

    version: str
    uptime_seconds: float
    stores: dict[str, str] = Field(description="Each store's backend.")


class Index(Answer):
    """Where to go from here."""

    name: str
    version: str
    docs: str
    redoc: str
    openapi: str
