"""Routes for the calling device: its status, heartbeat, settings and credentials."""

from fastapi import Response
from pydantic import MISSING

from iotflow.api.auth import DeviceContext
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.responses import json_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.device_self import (
    DeviceConfig,
    DeviceCredentials,
    DeviceSelfStatus,
    DeviceSelfUpdate,
    Heartbeat,
    dump_device_config,
)

router = api_router("Own device")


@router.get("/devices/status", operation_id="get_own_status", responses=problem_responses(404))
async def get_own_status(context: DeviceContext, services: ServicesDep) -> DeviceSelfStatus:
    """Get the calling device's status."""
    device = await services.devices.get(context, context.principal.device_id)
    return DeviceSelfStatus(
        device_id=device.id,
        name=device.name,
        status=device.status,
        is_online=services.devices.is_online(device),
        last_seen=device.last_seen,
    )


@router.post("/devices/heartbeat", operation_id="send_heartbeat")
async def send_heartbeat(context: DeviceContext, clock: ClockDep) -> Heartbeat:
    """Send a heartbeat. Every request of a device counts as one."""
    return Heartbeat(device_id=context.principal.device_id, timestamp=clock.now())


@router.get(
    "/devices/config", operation_id="get_own_config", response_model=DeviceConfig, responses=problem_responses(404)
)
async def get_own_config(context: DeviceContext, services: ServicesDep) -> Response:
    """Get the calling device's settings."""
    return json_response(dump_device_config(await services.devices.config(context, context.principal.device_id)))


@router.put("/devices/config", operation_id="update_own_config", responses=problem_responses(403, 404))
async def update_own_config(context: DeviceContext, body: DeviceSelfUpdate, services: ServicesDep) -> DeviceConfig:
    """Update the calling device's state and settings. A device cannot end its maintenance."""
    settings = None if body.settings is MISSING else body.settings
    config = await services.devices.configure(context, context.principal.device_id, settings, None, body.change())
    return DeviceConfig.model_validate(config)


@router.get("/devices/credentials", operation_id="get_own_credentials")
async def get_own_credentials(context: DeviceContext, services: ServicesDep) -> DeviceCredentials:
    """Get details of the API key in use. Never returns the key itself."""
    key = await services.devices.key(context)
    return DeviceCredentials(
        device_id=key.device_id,
        name=context.principal.device.name,
        key_prefix=key.prefix,
        created_at=key.created_at,
        expires_at=key.expires_at,
    )
