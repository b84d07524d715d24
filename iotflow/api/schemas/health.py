"""Bodies about the service's health."""

from typing import Literal

from pydantic import Field

from iotflow.api.schemas.base import ResponseModel
from iotflow.services.health import Verdict


class StoreAvailability(ResponseModel):
    """Whether a store is available."""

    available: bool
    role: str = Field(description="Data that the store holds.")
    backend: str = Field(description="Database behind the store.")


class StoreHealth(StoreAvailability):
    """Whether a store is available, and its latency."""

    latency_ms: float | None = Field(description="Time of the health check's probe; null when it failed.")


class TelemetryStatus(ResponseModel):
    """Whether the service accepts telemetry."""

    status: Verdict
    stores: dict[str, StoreAvailability] = Field(description="Availability of each store, by its name.")


class Health(ResponseModel):
    """Whether the service is healthy."""

    status: Verdict
    version: str
    stores: dict[str, StoreHealth] | None = Field(
        None, description="Health of each store, by its name; null without `detailed=true`."
    )


class Readiness(ResponseModel):
    """Whether the service is ready for traffic."""

    status: Literal["ready", "not ready"]


class Liveness(ResponseModel):
    """A sign that the process runs."""

    status: Literal["alive"]


class ServiceStatus(ResponseModel):
    """Version, uptime and databases of the service."""

    version: str
    uptime_seconds: float = Field(description="Time since this process started.")
    stores: dict[str, str] = Field(description="Database behind each store, by the store's name.")


class ServiceIndex(ResponseModel):
    """Paths of the documentation."""

    name: str
    version: str
    docs: str
    redoc: str
    openapi: str
