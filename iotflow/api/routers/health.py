"""Health, for orchestrators and people; without credentials and without a prefix."""

import time
from typing import Annotated

from fastapi import Query, Request, Response

import iotflow
from iotflow.api.access import Anyone
from iotflow.api.deps import HealthDep, StateDep
from iotflow.api.routes import router
from iotflow.api.schemas.operations import HealthAnswer, Index, Liveness, Readiness, ServiceStatus, StoreHealthView

routes = router("Health", prefix="")


@routes.get(
    "/health",
    operation_id="get_health",
    responses={503: {"model": HealthAnswer, "description": "The SQL or the telemetry store is down."}},
)
async def get_health(
    _: Anyone,
    health: HealthDep,
    response: Response,
    detailed: Annotated[bool, Query(description="Tell of each store.")] = False,
) -> HealthAnswer:
    """Ask whether the service is healthy."""
    found = await health.check()
    if found.verdict == "unhealthy":
        response.status_code = 503
    stores = {store.name: StoreHealthView.model_validate(store) for store in found.stores} if detailed else None
    return HealthAnswer(status=found.verdict, version=iotflow.__version__, stores=stores)


@routes.get("/health/live", operation_id="get_liveness")
async def get_liveness(_: Anyone) -> Liveness:
    """Ask whether the process runs."""
    return Liveness(status="alive")


@routes.get(
    "/health/ready",
    operation_id="get_readiness",
    responses={503: {"model": Readiness, "description": "The service should get no traffic now."}},
)
async def get_readiness(_: Anyone, health: HealthDep, response: Response) -> Readiness:
    """Ask whether the service may be sent traffic."""
    if (await health.check()).verdict == "unhealthy":
        response.status_code = 503
        return Readiness(status="not ready")
    return Readiness(status="ready")


@routes.get("/status", operation_id="get_status")
async def get_status(_: Anyone, state: StateDep, health: HealthDep) -> ServiceStatus:
    """Ask what runs and for how long."""
    found = await health.check()
    return ServiceStatus(
        version=iotflow.__version__,
        uptime_seconds=round(time.monotonic() - state.started_at_s, 3),
        stores={store.name: store.backend for store in found.stores},
    )


@routes.get("/", operation_id="get_index")
async def get_index(_: Anyone, request: Request) -> Index:
    """See where to go from here."""
    root = request.scope.get("root_path", "")
    return Index(
        name="IoTFlow",
        version=iotflow.__version__,
        docs=f"{root}/docs",
        redoc=f"{root}/redoc",
        openapi=f"{root}/openapi.json",
    )
