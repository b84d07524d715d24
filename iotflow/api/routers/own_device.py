"""A device's own routes: what it asks and says of itself."""

from iotflow.api.access import Device
from iotflow.api.answers import answer
from iotflow.api.deps import ClockDep, DevicesDep, RequestId
from iotflow.api.routes import problems, router
from iotflow.api.schemas.devices import (
    ConfigAnswer,
    Heartbeat,
    OwnConfigBody,
    OwnCredentials,
    OwnStatus,
    config_view,
)

routes = router("Own device")


@routes.get("/devices/status", operation_id="get_own_status", responses=problems(404))
async def get_own_status(caller: Device, devices: DevicesDep) -> OwnStatus:
    """Get the device's own status."""
    device = await devices.get(caller, caller.device_id)
    return OwnStatus(
        device_id=device.id,
        name=device.name,
        status=device.status,
        is_online=devices.is_online(device),
        last_seen=device.last_seen,
    )


@routes.post("/devices/heartbeat", operation_id="send_heartbeat")
async def send_heartbeat(caller: Device, clock: ClockDep) -> Heartbeat:
    """Send a sign of life. Telemetry is one too."""
    return Heartbeat(device_id=caller.device_id, timestamp=clock.now())


@routes.get("/devices/config", operation_id="get_own_config", responses=problems(404))
async def get_own_config(caller: Device, devices: DevicesDep) -> ConfigAnswer:
    """Get the device's own settings."""
    return answer(config_view(await devices.config(caller, caller.device_id)))  # type: ignore[return-value]  # documented as ConfigAnswer


@routes.put("/devices/config", operation_id="update_own_config", responses=problems(403, 404))
async def update_own_config(
    caller: Device, body: OwnConfigBody, devices: DevicesDep, request_id: RequestId
) -> ConfigAnswer:
    """Report the device's own state and settings. A device cannot end a maintenance."""
    change = body.given()
    settings = change.pop("settings", None)
    config = await devices.configure(caller, caller.device_id, settings, None, change, request_id)
    return ConfigAnswer.model_validate(config)


@routes.get("/devices/credentials", operation_id="get_own_credentials")
async def get_own_credentials(caller: Device, devices: DevicesDep) -> OwnCredentials:
    """See which key the device called with. Never the key itself."""
    key = await devices.key(caller)
    return OwnCredentials(
        device_id=key.device_id,
        name=caller.name,
        key_prefix=key.prefix,
        created_at=key.created_at,
        expires_at=key.expires_at,
    )
