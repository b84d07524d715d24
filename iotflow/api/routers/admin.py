"""Routes for administrators: all users' devices, and totals of the service."""

from typing import Annotated

from fastapi import Query, Response

from iotflow.api.auth import AdminContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.pagination import Limit, Offset
from iotflow.api.parameters import DeviceId, UserReference, parse_user_reference
from iotflow.api.responses import list_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.base import PageInfo
from iotflow.api.schemas.devices import (
    AdminDevice,
    AdminDeviceList,
    AdminDeviceResponse,
    AdminDeviceUpdate,
    DeviceStatusList,
    DeviceStatusSummary,
    DeviceStatusUpdate,
    dump_admin_device,
)
from iotflow.api.schemas.health import StoreAvailability
from iotflow.api.schemas.statistics import (
    CacheCounts,
    DeviceCounts,
    GroupCounts,
    SystemStats,
    TelemetryCounts,
    UserCounts,
)
from iotflow.domain.devices import Device, DeviceFilter, DeviceStatus

router = api_router("Administration")


@router.get("/admin/devices", operation_id="list_all_devices", response_model=AdminDeviceList)
async def list_all_devices(
    context: AdminContext,
    services: ServicesDep,
    status: DeviceStatus | None = None,
    device_type: Annotated[str | None, Query(max_length=64, description="Only devices of this type.")] = None,
    user_id: UserReference | None = None,
    q: Annotated[
        str | None, Query(max_length=128, description="Only devices whose name contains this text; case-insensitive.")
    ] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """List all users' devices."""
    owner = parse_user_reference(user_id, context.principal) if user_id else None
    where = DeviceFilter(user_id=owner, status=status, device_type=device_type, name_part=q)
    listed, total = await services.devices.page(context, where, limit, offset)
    tail = {"meta": {"total": total, "limit": limit, "offset": offset}}
    return await list_response({}, "devices", listed, dump_admin_device, tail)


@router.get("/admin/devices/statuses", operation_id="list_device_statuses")
async def list_device_statuses(
    context: AdminContext, services: ServicesDep, limit: Limit = 100, offset: Offset = 0
) -> DeviceStatusList:
    """List the status and presence of all devices."""
    listed, total = await services.devices.page(context, DeviceFilter(), limit, offset)
    views = [
        DeviceStatusSummary(
            id=device.id,
            name=device.name,
            device_type=device.device_type,
            status=device.status,
            is_online=services.devices.is_online(device),
            last_seen=device.last_seen,
        )
        for device in listed
    ]
    return DeviceStatusList(devices=views, meta=PageInfo(total=total, limit=limit, offset=offset))


@router.get("/admin/devices/{device_id:digits}", operation_id="get_any_device", responses=problem_responses(404))
async def get_any_device(context: AdminContext, device_id: DeviceId, services: ServicesDep) -> AdminDeviceResponse:
    """Get any user's device."""
    return _device_response(await services.devices.get(context, device_id))


@router.put(
    "/admin/devices/{device_id:digits}", operation_id="update_any_device", responses=problem_responses(404, 409)
)
async def update_any_device(
    context: AdminContext, device_id: DeviceId, body: AdminDeviceUpdate, services: ServicesDep
) -> AdminDeviceResponse:
    """Update any user's device. `rate_limits` overrides the service's rate limits for this device."""
    return _device_response(await services.devices.update(context, device_id, body.change()))


@router.delete(
    "/admin/devices/{device_id:digits}",
    status_code=204,
    operation_id="delete_any_device",
    responses=problem_responses(404),
)
async def delete_any_device(context: AdminContext, device_id: DeviceId, services: ServicesDep) -> None:
    """Delete any user's device. Its key stops working immediately; its telemetry is removed in the background."""
    await services.devices.delete(context, device_id)


@router.put(
    "/admin/devices/{device_id:digits}/status", operation_id="set_device_status", responses=problem_responses(404)
)
async def set_device_status(
    context: AdminContext, device_id: DeviceId, body: DeviceStatusUpdate, services: ServicesDep
) -> AdminDeviceResponse:
    """Set the status of any user's device."""
    return _device_response(await services.devices.update(context, device_id, {"status": body.status.value}))


@router.get("/admin/stats", operation_id="get_statistics")
async def get_statistics(context: AdminContext, services: ServicesDep) -> SystemStats:
    """Get totals of the whole service. Telemetry and cache figures are estimates."""
    totals = await services.statistics.read(context)
    by_status = totals.devices_by_status
    found = await services.health.check()
    return SystemStats(
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


def _device_response(device: Device) -> AdminDeviceResponse:
    return AdminDeviceResponse(device=AdminDevice.of(device))
