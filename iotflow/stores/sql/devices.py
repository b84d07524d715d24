"""Devices in the `devices` table."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, and_, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.devices import Device, DeviceChange, DeviceFilter, DeviceStatus, NewDevice
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.times import Millis
from iotflow.stores.sql.accounts import has_more_than, lock_owner, owner_not_deleted
from iotflow.stores.sql.database import evaluated_once
from iotflow.stores.sql.tables import devices

_NOT_DELETED = owner_not_deleted(devices)


class SqlDevices:
    """SQL implementation of `DeviceRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user_id: UUID, device: NewDevice, at: Millis) -> Device:
        await lock_owner(self._connection, user_id)
        statement = (
            devices.insert()
            .values(
                user_id=user_id,
                name=device.name,
                name_key=device.name.casefold(),
                device_type=device.device_type,
                description=device.description,
                location=device.location,
                firmware_version=device.firmware_version,
                hardware_version=device.hardware_version,
                online_window=device.online_window,
                status=DeviceStatus.INACTIVE.value,
                created_at=at,
                updated_at=at,
            )
            .returning(*devices.c)
        )
        try:
            row = (await self._connection.execute(statement)).one()
        except IntegrityError as error:
            raise Conflict(f"this account has a device named {device.name!r} already") from error
        return device_from_row(row)

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        return await has_more_than(self._connection, devices, number, user_id)

    async def get(self, device_id: int) -> Device | None:
        row = (
            await self._connection.execute(select(devices).where(devices.c.id == device_id, _NOT_DELETED))
        ).one_or_none()
        return None if row is None else device_from_row(row)

    async def lock(self, device_ids: Collection[int]) -> list[Device]:
        chosen = select(devices).where(devices.c.id.in_(device_ids), _NOT_DELETED)
        locked = chosen.order_by(devices.c.id).with_for_update()
        return [device_from_row(row) for row in await self._connection.execute(locked)]

    async def update(self, device_id: int, change: DeviceChange, at: Millis) -> Device:
        values: dict[str, object] = {**change, "updated_at": at}
        if isinstance(name := change.get("name"), str):
            values["name_key"] = name.casefold()
        statement = update(devices).where(devices.c.id == device_id).values(values).returning(*devices.c)
        try:
            row = (await self._connection.execute(statement)).one_or_none()
        except IntegrityError as error:
            raise Conflict(f"this account has a device named {change.get('name')!r} already") from error
        if row is None:
            raise NotFound(f"there is no device {device_id}")
        return device_from_row(row)

    async def activate(self, device_ids: Collection[int], at: Millis) -> list[Device]:
        inactive = devices.c.status == DeviceStatus.INACTIVE.value
        chosen = select(devices.c.id).where(devices.c.id.in_(device_ids), inactive, _NOT_DELETED)
        ids = (await self._connection.execute(chosen.order_by(devices.c.id).with_for_update())).scalars().all()
        statement = (
            update(devices)
            .where(devices.c.id.in_(ids))
            .values(status=DeviceStatus.ACTIVE.value, updated_at=at)
            .returning(*devices.c)
        )
        return [device_from_row(row) for row in await self._connection.execute(statement)]

    async def delete(self, device_id: int) -> None:
        # The foreign keys cascade to keys, config and memberships.
        result = await self._connection.execute(delete(devices).where(devices.c.id == device_id))
        if result.rowcount == 0:
            raise NotFound(f"there is no device {device_id}")

    async def page(self, where: DeviceFilter, limit: int, offset: int) -> tuple[list[Device], int]:
        matches = _matches(where)
        statement = select(devices).where(matches).order_by(devices.c.id).limit(limit).offset(offset)
        rows = (await self._connection.execute(statement)).all()
        total = await self._connection.scalar(select(func.count()).select_from(devices).where(matches))
        return [device_from_row(row) for row in rows], total or 0

    async def delete_of_user(self, user_id: UUID, limit: int) -> list[int]:
        chosen = select(devices.c.id).where(devices.c.user_id == user_id).order_by(devices.c.id).limit(limit)
        ids = list((await self._connection.execute(chosen.with_for_update())).scalars())
        if ids:
            await self._connection.execute(delete(devices).where(devices.c.id.in_(ids)))
        return ids

    async def ids_after(self, user_id: UUID, after: int, limit: int) -> list[int]:
        mine = and_(devices.c.user_id == user_id, devices.c.id > after)
        statement = select(devices.c.id).where(mine).order_by(devices.c.id).limit(limit)
        return list((await self._connection.execute(statement)).scalars())

    async def some_of_user(self, user_id: UUID, device_ids: Collection[int]) -> list[Device]:
        chosen = select(devices).where(devices.c.id.in_(device_ids), devices.c.user_id == user_id, _NOT_DELETED)
        return [device_from_row(row) for row in await self._connection.execute(chosen.order_by(devices.c.id))]

    async def names(self, device_ids: Collection[int]) -> dict[int, str]:
        statement = select(devices.c.id, devices.c.name).where(devices.c.id.in_(device_ids))
        return {row.id: row.name for row in await self._connection.execute(statement)}

    async def count_by_status(self, user_id: UUID | None = None) -> dict[DeviceStatus, int]:
        matches = _matches(DeviceFilter(user_id=user_id))
        statement = select(devices.c.status, func.count()).where(matches).group_by(devices.c.status)
        stored = {DeviceStatus(status): count for status, count in await self._connection.execute(statement)}
        return {status: stored.get(status, 0) for status in DeviceStatus}

    async def count_by_type(self, user_id: UUID, limit: int) -> dict[str, int]:
        count = func.count().label("devices")
        matches = _matches(DeviceFilter(user_id=user_id))
        statement = select(devices.c.device_type, count).where(matches).group_by(devices.c.device_type)
        statement = statement.order_by(count.desc(), devices.c.device_type).limit(limit)
        return {row.device_type: row.devices for row in await self._connection.execute(statement)}

    async def count_online(self, now: Millis, default_window_s: int) -> int:
        own_window, last_seen = devices.c.online_window, devices.c.last_seen
        # Two counts, since no index yields devices by times that depend on their window.
        online = (
            and_(own_window.is_(None), last_seen > now - default_window_s * 1_000),
            and_(own_window.is_not(None), last_seen > now - own_window * literal(1_000, BigInteger)),
        )
        counts = [
            select(func.count()).select_from(devices).where(condition, _NOT_DELETED).scalar_subquery()
            for condition in online
        ]
        return await self._connection.scalar(select(counts[0] + counts[1])) or 0

    async def record_seen(self, seen: Mapping[int, Millis]) -> None:
        statement = (
            update(devices)
            .where(
                devices.c.id == bindparam("seen_id"),
                or_(devices.c.last_seen.is_(None), devices.c.last_seen < bindparam("seen_at")),
            )
            .values(last_seen=bindparam("seen_at"))
        )
        if seen:
            await self._connection.execute(
                statement, [{"seen_id": device_id, "seen_at": at} for device_id, at in sorted(seen.items())]
            )

    async def clamp_last_seen(self, latest: Millis, to: Millis) -> None:
        chosen = select(devices.c.id).where(devices.c.last_seen > latest).order_by(devices.c.id)
        ahead = evaluated_once(chosen.with_for_update(skip_locked=True))
        await self._connection.execute(update(devices).where(devices.c.id.in_(ahead)).values(last_seen=to))


def device_from_row(row: Row[*tuple[Any, ...]]) -> Device:  # Any: the columns' types are those of the table
    """Return the device in a row of the table."""
    return Device(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        device_type=row.device_type,
        description=row.description,
        location=row.location,
        firmware_version=row.firmware_version,
        hardware_version=row.hardware_version,
        status=DeviceStatus(row.status),
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_seen=row.last_seen,
        requests_per_second=row.requests_per_second,
        points_per_second=row.points_per_second,
        online_window=row.online_window,
    )


def _matches(where: DeviceFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_NOT_DELETED]
    if where.user_id is not None:
        conditions.append(devices.c.user_id == where.user_id)
    if where.status is not None:
        conditions.append(devices.c.status == where.status.value)
    if where.device_type is not None:
        conditions.append(devices.c.device_type == where.device_type)
    if where.name_part is not None:
        conditions.append(devices.c.name_key.contains(where.name_part.casefold(), autoescape=True))
    return and_(*conditions)
