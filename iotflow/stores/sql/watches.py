"""The watch over devices that fall silent: the tables `online_devices` and `silence_checks`."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Select, Table, bindparam, delete, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.devices import Device
from iotflow.domain.times import Millis
from iotflow.repositories.watches import PresenceChange
from iotflow.stores.sql.database import evaluated_once, insert
from iotflow.stores.sql.devices import device_from_row
from iotflow.stores.sql.tables import devices, memberships
from iotflow.stores.sql.watch_tables import online_devices, silence_checks


class SqlWatches:
    """SQL implementation of `WatchRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def mark_online(self, device_ids: Collection[int], check_at: Millis) -> Sequence[PresenceChange]:
        known = select(online_devices.c.device_id).where(online_devices.c.device_id == devices.c.id).exists()
        found = select(devices.c.id, literal(check_at)).where(devices.c.id.in_(device_ids), ~known)
        added = insert(self._connection.dialect.name, online_devices).from_select(
            ["device_id", "check_at"], found.order_by(devices.c.id)
        )
        statement = added.on_conflict_do_nothing().returning(online_devices.c.device_id)
        return await self._owners((await self._connection.execute(statement)).scalars().all())

    async def mark_offline(self, device_ids: Collection[int]) -> Sequence[PresenceChange]:
        chosen = delete(online_devices).where(online_devices.c.device_id.in_(device_ids))
        removed = await self._connection.execute(chosen.returning(online_devices.c.device_id))
        return await self._owners(removed.scalars().all())

    async def online_to_check(self, now: Millis, limit: int) -> Sequence[Device]:
        due = select(devices).join(online_devices, online_devices.c.device_id == devices.c.id)
        due = due.where(online_devices.c.check_at <= now).order_by(online_devices.c.check_at).limit(limit)
        return [device_from_row(row) for row in await self._connection.execute(due)]

    async def check_online_at(self, times: Mapping[int, Millis]) -> None:
        rows = [{"checked_id": device_id, "at": at} for device_id, at in sorted(times.items())]
        statement = update(online_devices).where(online_devices.c.device_id == bindparam("checked_id"))
        if rows:
            await self._connection.execute(statement.values(check_at=bindparam("at")), rows)

    async def watch_silence(self, device_ids: Collection[int]) -> None:
        await self._watch(select(devices.c.id, literal(0)).where(devices.c.id.in_(device_ids)))

    async def watch_silence_of_group(self, group_id: int) -> None:
        members = select(memberships.c.device_id, literal(0)).where(memberships.c.group_id == group_id)
        await self._watch(members)

    async def silence_to_check(self, now: Millis, limit: int) -> Mapping[Device, Millis]:
        due = select(*devices.c, silence_checks.c.check_at).join(
            silence_checks, silence_checks.c.device_id == devices.c.id
        )
        due = due.where(silence_checks.c.check_at <= now).order_by(silence_checks.c.check_at).limit(limit)
        rows = await self._connection.execute(due)
        return {device_from_row(row): Millis(row.check_at) for row in rows}

    async def check_silence_at(self, device_id: int, was: Millis, at: Millis | None) -> None:
        same = (silence_checks.c.device_id == device_id) & (silence_checks.c.check_at == was)
        if at is None:
            await self._connection.execute(delete(silence_checks).where(same))
        else:
            await self._connection.execute(update(silence_checks).where(same).values(check_at=at))

    async def clamp_checks(self, latest: Millis, to: Millis) -> None:
        for table in (online_devices, silence_checks):
            ahead = select(table.c.device_id).where(table.c.check_at > latest).order_by(table.c.device_id)
            chosen = evaluated_once(ahead.with_for_update(skip_locked=True))
            await self._connection.execute(update(table).where(table.c.device_id.in_(chosen)).values(check_at=to))

    async def _watch(self, found: Select[tuple[int, int]]) -> None:
        table: Table = silence_checks
        added = insert(self._connection.dialect.name, table).from_select(
            ["device_id", "check_at"], found.order_by(found.selected_columns[0])
        )
        await self._connection.execute(added.on_conflict_do_update(index_elements=["device_id"], set_={"check_at": 0}))

    async def _owners(self, device_ids: Sequence[int]) -> Sequence[PresenceChange]:
        if not device_ids:
            return []
        statement = select(devices.c.id, devices.c.user_id).where(devices.c.id.in_(device_ids)).order_by(devices.c.id)
        return [PresenceChange(row.id, row.user_id) for row in await self._connection.execute(statement)]
