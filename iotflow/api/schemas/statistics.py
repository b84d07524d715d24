"""Bodies about totals of the whole service."""

from typing import Annotated

from pydantic import Field

from iotflow.api.schemas.base import ResponseModel
from iotflow.api.schemas.health import StoreAvailability


class UserCounts(ResponseModel):
    """Numbers of accounts."""

    total: int
    active: int


class DeviceCounts(ResponseModel):
    """Numbers of devices, by status and presence."""

    total: int
    active: int
    inactive: int
    maintenance: int
    online: int


class GroupCounts(ResponseModel):
    """Number of groups."""

    total: int


class TelemetryCounts(ResponseModel):
    """Estimated numbers of values received."""

    points_last_hour: int
    points_last_day: int


class CacheCounts(ResponseModel):
    """Estimated cache hits and misses since the caches started."""

    hits: int
    misses: int
    hit_rate: Annotated[float, Field(ge=0, le=1)] | None


class SystemStats(ResponseModel):
    """Totals of the whole service."""

    users: UserCounts
    devices: DeviceCounts
    groups: GroupCounts
    telemetry: TelemetryCounts
    cache: CacheCounts
    stores: dict[str, StoreAvailability] = Field(description="Availability of each store, by its name.")
