"""Routes for health checks and the service's status, without credentials and without the prefix `/api/v1`."""

import time
from typing import Annotated

from fastapi import Query, Request, Response

import iotflow
from iotflow.api.auth import PublicContext
from iotflow.api.dependencies import AppStateDep, ServicesDep
from iotflow.api.routing import api_router
from iotflow.api.schemas.health import Health, Liveness, Readiness, ServiceIndex, ServiceStatus, StoreHealth

router = api_router("Health", prefix="")


@router.get(
    "/health",
    operation_id="get_health",
    responses={503: {"model": Health, "description": "The SQL or the telemetry store is unavailable."}},
)
async def get_health(
    context: PublicContext,
    services: ServicesDep,
    response: Response,
    detailed: Annotated[bool, Query(description="Include the health of each store.")] = False,
) -> Health:
    """Get the health of the service."""
    found = await services.health.check()
    if found.verdict == "unhealthy":
        response.status_code = 503
    stores = {store.name: StoreHealth.model_validate(store) for store in found.stores} if detailed else None
    return Health(status=found.verdict, version=iotflow.__version__, stores=stores)


@router.get("/health/live", operation_id="get_liveness")
async def get_liveness(context: PublicContext) -> Liveness:
    """Check that the process runs."""
    return Liveness(status="alive")


@router.get(
    "/health/ready",
    operation_id="get_readiness",
    responses={503: {"model": Readiness, "description": "The service is not ready for traffic."}},
)
async def get_readiness(
    context: PublicContext, request: Request, services: ServicesDep, response: Response
) -> Readiness:
    """Check whether the service is ready for traffic."""
    if request.scope["state"].get("is_draining") or (await services.health.check()).verdict == "unhealthy":
        response.status_code = 503
        return Readiness(status="not ready")
    return Readiness(status="ready")


@router.get("/status", operation_id="get_status")
async def get_status(context: PublicContext, state: AppStateDep, services: ServicesDep) -> ServiceStatus:
    """Get the version, uptime and databases of the service."""
    found = await services.health.check()
    return ServiceStatus(
        version=iotflow.__version__,
        uptime_seconds=round(time.monotonic() - state.started_at_s, 3),
        stores={store.name: store.backend for store in found.stores},
    )


@router.get("/", operation_id="get_index")
async def get_index(context: PublicContext, request: Request) -> ServiceIndex:
    """Get the paths of the documentation."""
    root = request.scope.get("root_path", "")
    return ServiceIndex(
        name="IoTFlow",
        version=iotflow.__version__,
        docs=f"{root}/docs",
        redoc=f"{root}/redoc",
        openapi=f"{root}/openapi.json",
    )
