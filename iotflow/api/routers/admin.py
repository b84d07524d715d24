"""Administration: all devices of all users, and totals."""

from typing import Annotated

from fastapi import Query

from iotflow.api.access import Admin
from iotflow.api.answers import list_answer
from iotflow.api.deps import DeviceId, DevicesDep, HealthDep, RequestId, StatisticsDep, UserReference, account_of
from iotflow.api.routes import problems, router
from iotflow.api.schemas.common import Meta
from iotflow.api.schemas.devices import (
    AdminDeviceAnswer,
    AdminDeviceChangeBody,
    AdminDeviceList,
    AdminDeviceView,
    StatusBody,
    admin_device_view,
)
from iotflow.api.schemas.lists import Limit, Offset
from iotflow.api.schemas.operations import (
    CacheCounts,
    DeviceCounts,
    DeviceStatusList,
    DeviceStatusView,
    GroupCounts,
    StatsAnswer,
    StoreAvailability,
    TelemetryCounts,
    UserCounts,
)
from iotflow.domain.devices import Device, DeviceFilter, DeviceStatus

routes = router("Administration")


@routes.get("/admin/devices", operation_id="list_all_devices")
async def list_all_devices(
    caller: Admin,
    devices: DevicesDep,
    status: DeviceStatus | None = None,
    device_type: Annotated[str | None, Query(max_length=64, description="Of this type alone.")] = None,
    user_id: UserReference | None = None,
    q: Annotated[str | None, Query(max_length=128, description="A part of the name, in any case.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> AdminDeviceList:
    """List all users' devices."""
    owner = account_of(user_id, caller) if user_id else None
    where = DeviceFilter(user_id=owner, status=status, device_type=device_type, name_part=q)
    listed, total = await devices.page(where, limit, offset)
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}}
    return await list_answer({}, "devices", listed, admin_device_view, tail)  # type: ignore[return-value]  # documented as AdminDeviceList


@routes.get("/admin/devices/statuses", operation_id="list_device_statuses")
async def list_device_statuses(
    _: Admin, devices: DevicesDep, limit: Limit = 100, offset: Offset = 0
) -> DeviceStatusList:
    """List the status and presence of all devices."""
    listed, total = await devices.page(DeviceFilter(), limit, offset)
    views = [
        DeviceStatusView(
            id=device.id,
            name=device.name,
            device_type=device.device_type,
            status=device.status,
            is_online=devices.is_online(device),
            last_seen=device.last_seen,
        )
        for device in listed
    ]
    return DeviceStatusList(devices=views, meta=Meta(total=total, limit=limit, offset=offset))


@routes.get("/admin/devices/{device_id:digits}", operation_id="get_any_device", responses=problems(404))
async def get_any_device(caller: Admin, device_id: DeviceId, devices: DevicesDep) -> AdminDeviceAnswer:
    """Get any user's device."""
    return _answer(await devices.get(caller, device_id))


@routes.put("/admin/devices/{device_id:digits}", operation_id="update_any_device", responses=problems(404, 409))
async def update_any_device(
    caller: Admin, device_id: DeviceId, body: AdminDeviceChangeBody, devices: DevicesDep, request_id: RequestId
) -> AdminDeviceAnswer:
    """Change any user's device. `rate_limits` gives it limits of its own."""
    return _answer(await devices.update(caller, device_id, body.change(), request_id))


@routes.delete(
    "/admin/devices/{device_id:digits}", status_code=204, operation_id="delete_any_device", responses=problems(404)
)
async def delete_any_device(caller: Admin, device_id: DeviceId, devices: DevicesDep, request_id: RequestId) -> None:
    """Delete any user's device. Its key stops working at once; its telemetry is removed soon after."""
    await devices.delete(caller, device_id, request_id)


@routes.put("/admin/devices/{device_id:digits}/status", operation_id="set_device_status", responses=problems(404))
async def set_device_status(
    caller: Admin, device_id: DeviceId, body: StatusBody, devices: DevicesDep, request_id: RequestId
) -> AdminDeviceAnswer:
    """Set the status of any user's device."""
    return _answer(await devices.update(caller, device_id, {"status": body.status.value}, request_id))


@routes.get("/admin/stats", operation_id="get_statistics")
async def get_statistics(_: Admin, statistics: StatisticsDep, health: HealthDep) -> StatsAnswer:
    """Get totals of the whole service. Those of telemetry and cache are estimates."""
    totals = await statistics.read()
    by_status = totals.devices_by_status
    found = await health.check()
    return StatsAnswer(
        users=UserCounts(total=totals.users, active=totals.active_users),
        devices=DeviceCounts(
            total=sum(by_status.values()),
            active=by_status[DeviceStatus.ACTIVE],
            inactive=by_status[DeviceStatus.INACTIVE],
            maintenance=by_status[DeviceStatus.MAINTENANCE],
            online=totals.devices_online,
        ),
        groups=GroupCounts(total=totals.groups),
        telemetry=TelemetryCounts(points_last_hour=totals.points_last_hour, points_last_day=totals.points_last_day),
        cache=CacheCounts(hits=totals.cache_hits, misses=totals.cache_misses, hit_rate=totals.cache_hit_rate),
        stores={store.name: StoreAvailability.model_validate(store) for store in found.stores},
    )


def _answer(device: Device) -> AdminDeviceAnswer:
    return AdminDeviceAnswer(device=AdminDeviceView.of(device))
