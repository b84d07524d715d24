"""Devices, as their owners and admins see them."""

from dataclasses import asdict

from iotflow.api.access import AccountOrAdmin, User
from iotflow.api.answers import answer, list_answer
from iotflow.api.deps import AccountId, DeviceId, DevicesDep, RequestId
from iotflow.api.routes import problems, router
from iotflow.api.schemas.devices import (
    ConfigAnswer,
    ConfigBody,
    DeviceAnswer,
    DeviceChangeBody,
    DeviceView,
    KeyedDeviceAnswer,
    KeyedDeviceView,
    NewDeviceBody,
    RotationBody,
    StatusDeviceAnswer,
    StatusDeviceView,
    UserDeviceList,
    config_view,
    device_view,
)
from iotflow.api.schemas.groups import DeviceGroups, joined_group_view
from iotflow.api.schemas.lists import Limit, Offset
from iotflow.domain.devices import DeviceStatus, NewDevice
from iotflow.services.devices import KeyedDevice

routes = router("Devices")


@routes.post("/devices/register", status_code=201, operation_id="register_device", responses=problems(409))
async def register_device(
    caller: User, body: NewDeviceBody, devices: DevicesDep, request_id: RequestId
) -> KeyedDeviceAnswer:
    """Register a device. The answer holds its API key, the only time that it is shown."""
    return _keyed(await devices.register(caller, NewDevice(**body.model_dump()), request_id))


@routes.get("/devices/user/{user_id}", operation_id="list_devices_of_user", responses=problems(404))
async def list_devices_of_user(
    _: AccountOrAdmin,
    user_id: AccountId,
    devices: DevicesDep,
    status: DeviceStatus | None = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> UserDeviceList:
    """List a user's devices."""
    listed, total = await devices.page_of_user(user_id, status, limit, offset)
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}, "user_id": user_id}
    return await list_answer({}, "devices", listed, device_view, tail)  # type: ignore[return-value]  # documented as UserDeviceList


@routes.get("/devices/{device_id:digits}", operation_id="get_device", responses=problems(404))
async def get_device(caller: User, device_id: DeviceId, devices: DevicesDep) -> DeviceAnswer:
    """Get a device."""
    return DeviceAnswer(device=DeviceView.model_validate(await devices.get(caller, device_id)))


@routes.patch("/devices/{device_id:digits}", operation_id="update_device", responses=problems(404, 409))
async def update_device(
    caller: User, device_id: DeviceId, body: DeviceChangeBody, devices: DevicesDep, request_id: RequestId
) -> DeviceAnswer:
    """Change a device."""
    device = await devices.update(caller, device_id, body.given(), request_id)
    return DeviceAnswer(device=DeviceView.model_validate(device))


@routes.delete("/devices/{device_id:digits}", status_code=204, operation_id="delete_device", responses=problems(404))
async def delete_device(caller: User, device_id: DeviceId, devices: DevicesDep, request_id: RequestId) -> None:
    """Delete a device. Its key stops working at once; its telemetry is removed soon after."""
    await devices.delete(caller, device_id, request_id)


@routes.get("/devices/{device_id:digits}/status", operation_id="get_device_status", responses=problems(404))
async def get_device_status(caller: User, device_id: DeviceId, devices: DevicesDep) -> StatusDeviceAnswer:
    """Get a device with its presence."""
    device = await devices.get(caller, device_id)
    view = StatusDeviceView(**asdict(device), is_online=devices.is_online(device))
    return StatusDeviceAnswer(device=view)


@routes.get("/devices/{device_id:digits}/groups", operation_id="list_groups_of_device", responses=problems(404))
async def list_groups_of_device(caller: User, device_id: DeviceId, devices: DevicesDep) -> DeviceGroups:
    """List the groups that hold a device."""
    joined = await devices.groups(caller, device_id)
    return await list_answer({"device_id": device_id}, "groups", joined, joined_group_view, {})  # type: ignore[return-value]  # documented as DeviceGroups


@routes.post(
    "/devices/{device_id:digits}/credentials/rotate", operation_id="rotate_device_key", responses=problems(404)
)
async def rotate_device_key(
    caller: User, device_id: DeviceId, devices: DevicesDep, request_id: RequestId, body: RotationBody | None = None
) -> KeyedDeviceAnswer:
    """Give a device a new API key. The former one works for the grace, older ones no more."""
    grace_s = body.grace_seconds if body else 0
    return _keyed(await devices.rotate_key(caller, device_id, grace_s, request_id))


@routes.get("/devices/{device_id:digits}/config", operation_id="get_device_config", responses=problems(404))
async def get_device_config(caller: User, device_id: DeviceId, devices: DevicesDep) -> ConfigAnswer:
    """Get a device's settings."""
    return answer(config_view(await devices.config(caller, device_id)))  # type: ignore[return-value]  # documented as ConfigAnswer


@routes.put("/devices/{device_id:digits}/config", operation_id="update_device_config", responses=problems(404, 409))
async def update_device_config(
    caller: User, device_id: DeviceId, body: ConfigBody, devices: DevicesDep, request_id: RequestId
) -> ConfigAnswer:
    """Replace a device's settings. Their version rises by one."""
    config = await devices.configure(caller, device_id, body.settings, body.config_version, {}, request_id)
    return ConfigAnswer.model_validate(config)


def _keyed(keyed: KeyedDevice) -> KeyedDeviceAnswer:
    return KeyedDeviceAnswer(device=KeyedDeviceView(**asdict(keyed.device), api_key=keyed.api_key))
