"""API keys in the `device_keys` table."""

from typing import Any

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.devices import DeviceKey, DeviceStatus, DeviceSummary
from iotflow.domain.principals import DevicePrincipal
from iotflow.domain.times import Millis
from iotflow.stores.sql.database import evaluated_once
from iotflow.stores.sql.tables import devices, keys, users


class SqlKeys:
    """SQL implementation of `KeyRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, key: DeviceKey) -> None:
        statement = keys.insert().values(
            digest=key.digest,
            device_id=key.device_id,
            prefix=key.prefix,
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
        await self._connection.execute(statement)

    async def find(self, digest: bytes, now: Millis) -> DevicePrincipal | None:
        statement = (
            select(keys.c.digest, keys.c.expires_at, devices)
            .select_from(keys.join(devices).join(users))
            .where(
                keys.c.digest == digest, or_(keys.c.expires_at.is_(None), keys.c.expires_at > now), users.c.is_active
            )
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        device = DeviceSummary(
            id=row.id,
            user_id=row.user_id,
            name=row.name,
            device_type=row.device_type,
            status=DeviceStatus(row.status),
            requests_per_second=row.requests_per_second,
            points_per_second=row.points_per_second,
        )
        return DevicePrincipal(device, row.digest, row.expires_at)

    async def get(self, digest: bytes) -> DeviceKey | None:
        row = (await self._connection.execute(select(keys).where(keys.c.digest == digest))).one_or_none()
        return None if row is None else _key_from_row(row)

    async def expire_keys(self, device_id: int, current_until: Millis | None) -> list[bytes]:
        digests = await self.digests_of_device(device_id)
        current = keys.c.expires_at.is_(None)
        ended = keys.c.device_id == device_id
        if current_until is not None:
            ended &= ~current
        await self._connection.execute(delete(keys).where(ended))
        if current_until is not None:
            former = update(keys).where(keys.c.device_id == device_id, current).values(expires_at=current_until)
            await self._connection.execute(former)
        return digests

    async def digests_of_device(self, device_id: int) -> list[bytes]:
        statement = select(keys.c.digest).where(keys.c.device_id == device_id)
        return list((await self._connection.execute(statement)).scalars())

    async def delete_expired(self, now: Millis, limit: int) -> int:
        expired = select(keys.c.digest).where(keys.c.expires_at <= now).limit(limit).with_for_update(skip_locked=True)
        statement = delete(keys).where(keys.c.digest.in_(evaluated_once(expired))).returning(keys.c.digest)
        return len((await self._connection.execute(statement)).all())


def _key_from_row(row: Row[*tuple[Any, ...]]) -> DeviceKey:  # Any: the columns' types are those of the table
    return DeviceKey(
        digest=row.digest,
        device_id=row.device_id,
        prefix=row.prefix,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
