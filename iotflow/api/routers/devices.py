"""Routes about devices, for their owners and administrators."""

from dataclasses import asdict

from fastapi import Response

from iotflow.api.auth import SelfOrAdminReadContext, UserReadContext, UserWriteContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.pagination import Limit, Offset
from iotflow.api.parameters import AccountId, ConfigVersionNumber, DeviceId
from iotflow.api.responses import json_response, list_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.device_self import (
    ConfigVersion,
    ConfigVersionList,
    DeviceConfig,
    DeviceConfigUpdate,
    dump_device_config,
)
from iotflow.api.schemas.devices import (
    Device,
    DeviceCreate,
    DeviceResponse,
    DeviceUpdate,
    DeviceWithKey,
    DeviceWithKeyResponse,
    DeviceWithPresence,
    DeviceWithPresenceResponse,
    KeyRotation,
    UserDeviceList,
    dump_device,
)
from iotflow.api.schemas.groups import DeviceGroupList, dump_device_group
from iotflow.domain.devices import DeviceStatus, NewDevice
from iotflow.services import devices as service

router = api_router("Devices")


@router.post("/devices/register", status_code=201, operation_id="register_device", responses=problem_responses(409))
async def register_device(
    context: UserWriteContext, body: DeviceCreate, services: ServicesDep
) -> DeviceWithKeyResponse:
    """Register a device. The response contains its API key, which is not shown again."""
    return _key_response(await services.devices.register(context, NewDevice(**body.model_dump())))


@router.get(
    "/devices/user/{user_id}",
    operation_id="list_devices_of_user",
    response_model=UserDeviceList,
    responses=problem_responses(404),
)
async def list_devices_of_user(
    context: SelfOrAdminReadContext,
    user_id: AccountId,
    services: ServicesDep,
    status: DeviceStatus | None = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """List a user's devices."""
    listed, total = await services.devices.page_of_user(context, user_id, status, limit, offset)
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}, "user_id": user_id}
    return await list_response({}, "devices", listed, dump_device, tail)


@router.get("/devices/{device_id:digits}", operation_id="get_device", responses=problem_responses(404))
async def get_device(context: UserReadContext, device_id: DeviceId, services: ServicesDep) -> DeviceResponse:
    """Get a device."""
    return DeviceResponse(device=Device.model_validate(await services.devices.get(context, device_id)))


@router.patch("/devices/{device_id:digits}", operation_id="update_device", responses=problem_responses(404, 409))
async def update_device(
    context: UserWriteContext, device_id: DeviceId, body: DeviceUpdate, services: ServicesDep
) -> DeviceResponse:
    """Update a device."""
    device = await services.devices.update(context, device_id, body.change())
    return DeviceResponse(device=Device.model_validate(device))


@router.delete(
    "/devices/{device_id:digits}", status_code=204, operation_id="delete_device", responses=problem_responses(404)
)
async def delete_device(context: UserWriteContext, device_id: DeviceId, services: ServicesDep) -> None:
    """Delete a device. Its key stops working immediately; its telemetry is removed in the background."""
    await services.devices.delete(context, device_id)


@router.get("/devices/{device_id:digits}/status", operation_id="get_device_status", responses=problem_responses(404))
async def get_device_status(
    context: UserReadContext, device_id: DeviceId, services: ServicesDep
) -> DeviceWithPresenceResponse:
    """Get a device and its presence. Also the newest time of its telemetry."""
    device = await services.devices.get(context, device_id)
    view = DeviceWithPresence(
        **asdict(device),
        is_online=services.devices.is_online(device),
        latest_timestamp=await services.telemetry_queries.newest_time(context, device_id),
    )
    return DeviceWithPresenceResponse(device=view)


@router.get(
    "/devices/{device_id:digits}/groups",
    operation_id="list_groups_of_device",
    response_model=DeviceGroupList,
    responses=problem_responses(404),
)
async def list_groups_of_device(context: UserReadContext, device_id: DeviceId, services: ServicesDep) -> Response:
    """List the groups that contain a device."""
    groups = await services.devices.groups(context, device_id)
    return await list_response({"device_id": device_id}, "groups", groups, dump_device_group, {})


@router.post(
    "/devices/{device_id:digits}/credentials/rotate", operation_id="rotate_device_key", responses=problem_responses(404)
)
async def rotate_device_key(
    context: UserWriteContext, device_id: DeviceId, services: ServicesDep, body: KeyRotation | None = None
) -> DeviceWithKeyResponse:
    """Rotate a device's API key. The previous key works until the grace period ends; older keys stop working."""
    grace_s = body.grace_seconds if body else 0
    return _key_response(await services.devices.rotate_key(context, device_id, grace_s))


@router.get(
    "/devices/{device_id:digits}/config",
    operation_id="get_device_config",
    response_model=DeviceConfig,
    responses=problem_responses(404),
)
async def get_device_config(context: UserReadContext, device_id: DeviceId, services: ServicesDep) -> Response:
    """Get a device's settings."""
    return json_response(dump_device_config(await services.devices.config(context, device_id)))


@router.put(
    "/devices/{device_id:digits}/config", operation_id="update_device_config", responses=problem_responses(404, 409)
)
async def update_device_config(
    context: UserWriteContext, device_id: DeviceId, body: DeviceConfigUpdate, services: ServicesDep
) -> DeviceConfig:
    """Replace a device's settings. The version rises by one."""
    config = await services.devices.configure(context, device_id, body.settings, body.config_version, {})
    return DeviceConfig.model_validate(config)


@router.get(
    "/devices/{device_id:digits}/config/versions",
    operation_id="list_config_versions",
    responses=problem_responses(404),
)
async def list_config_versions(
    context: UserReadContext, device_id: DeviceId, services: ServicesDep
) -> ConfigVersionList:
    """List the versions of a device's settings. The last 20 are kept; the newest, which applies, comes first."""
    versions = await services.config_versions.list(context, device_id)
    return ConfigVersionList(
        device_id=device_id, versions=[ConfigVersion.model_validate(version) for version in versions]
    )


@router.get(
    "/devices/{device_id:digits}/config/versions/{version:digits}",
    operation_id="get_config_version",
    response_model=DeviceConfig,
    responses=problem_responses(404),
)
async def get_config_version(
    context: UserReadContext, device_id: DeviceId, version: ConfigVersionNumber, services: ServicesDep
) -> Response:
    """Get a version of a device's settings. 404 for a version that is no longer kept."""
    return json_response(dump_device_config(await services.config_versions.get(context, device_id, version)))


@router.post(
    "/devices/{device_id:digits}/config/versions/{version:digits}/restore",
    operation_id="restore_config_version",
    response_model=DeviceConfig,
    responses=problem_responses(404),
)
async def restore_config_version(
    context: UserWriteContext, device_id: DeviceId, version: ConfigVersionNumber, services: ServicesDep
) -> Response:
    """Restore a version of a device's settings. They become a new version, one higher than the current one."""
    return json_response(dump_device_config(await services.config_versions.restore(context, device_id, version)))


def _key_response(result: service.DeviceWithKey) -> DeviceWithKeyResponse:
    return DeviceWithKeyResponse(device=DeviceWithKey(**asdict(result.device), api_key=result.api_key))
