"""Groups in the `device_groups` table and their memberships in `group_members`."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.devices import MAX_ID, DeviceStatus
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.groups import Group, GroupChange, JoinedGroup, Member, MemberLimit, Membership, NewGroup
from iotflow.domain.times import Millis
from iotflow.stores.sql.accounts import has_more_than, lock_owner, owner_not_deleted
from iotflow.stores.sql.database import insert, stream_slices
from iotflow.stores.sql.devices import device_from_row
from iotflow.stores.sql.tables import ID, devices, groups, memberships

_NOT_DELETED = owner_not_deleted(groups)

_DEVICE_COUNT = (
    select(func.count())
    .select_from(memberships)
    .where(memberships.c.group_id == groups.c.id)
    .correlate(groups)
    .scalar_subquery()
    .label("device_count")
)


class SqlGroups:
    """SQL implementation of `GroupRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user_id: UUID, group: NewGroup, at: Millis) -> Group:
        await lock_owner(self._connection, user_id)
        statement = (
            groups.insert()
            .values(
                user_id=user_id,
                name=group.name,
                description=group.description,
                color=group.color,
                created_at=at,
                updated_at=at,
            )
            .returning(groups.c.id)
        )
        try:
            group_id = (await self._connection.execute(statement)).scalar_one()
        except IntegrityError as error:
            raise Conflict(f"this account has a group named {group.name!r} already") from error
        return await self._require(group_id)

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        return await has_more_than(self._connection, groups, number, user_id)

    async def get(self, group_id: int) -> Group | None:
        statement = select(groups, _DEVICE_COUNT).where(groups.c.id == group_id, _NOT_DELETED)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else _group_from_row(row)

    async def lock(self, group_id: int) -> Group | None:
        await self._connection.execute(select(groups.c.id).where(groups.c.id == group_id).with_for_update())
        return await self.get(group_id)

    async def update(self, group_id: int, change: GroupChange, at: Millis) -> Group:
        statement = update(groups).where(groups.c.id == group_id).values({**change, "updated_at": at})
        try:
            await self._connection.execute(statement)
        except IntegrityError as error:
            raise Conflict(f"this account has a group named {change.get('name')!r} already") from error
        return await self._require(group_id)

    async def delete(self, group_id: int) -> None:
        result = await self._connection.execute(delete(groups).where(groups.c.id == group_id))
        if result.rowcount == 0:
            raise NotFound(f"there is no group {group_id}")

    async def remove_members(self, group_id: int, limit: int) -> int:
        return await self._remove_memberships(memberships.c.group_id == group_id, limit)

    async def remove_members_of_user(self, user_id: UUID, limit: int) -> int:
        mine = select(groups.c.id).where(groups.c.user_id == user_id)
        return await self._remove_memberships(memberships.c.group_id.in_(mine), limit)

    async def delete_of_user(self, user_id: UUID, limit: int) -> int:
        chosen = select(groups.c.id).where(groups.c.user_id == user_id).order_by(groups.c.id).limit(limit)
        ids = list((await self._connection.execute(chosen.with_for_update())).scalars())
        await self._connection.execute(delete(groups).where(groups.c.id.in_(ids)))
        return len(ids)

    async def page(self, user_id: UUID, limit: int, offset: int) -> tuple[list[Group], int]:
        mine = groups.c.user_id == user_id
        statement = select(groups, _DEVICE_COUNT).where(mine).order_by(groups.c.id).limit(limit).offset(offset)
        rows = (await self._connection.execute(statement)).all()
        total = await self._connection.scalar(select(func.count()).select_from(groups).where(mine))
        return [_group_from_row(row) for row in rows], total or 0

    async def count(self) -> int:
        return await self._connection.scalar(select(func.count()).select_from(groups).where(_NOT_DELETED)) or 0

    async def add_members(self, group_id: int, device_ids: Collection[int], at: Millis) -> list[Membership]:
        if not device_ids:
            return []
        # INSERT from a SELECT: compiling VALUES of a thousand rows would block the event loop.
        chosen = select(literal(group_id, ID), devices.c.id, literal(at, BigInteger)).where(
            devices.c.id.in_(device_ids)
        )
        statement = (
            insert(self._connection.dialect.name, memberships)
            .from_select(["group_id", "device_id", "added_at"], chosen.order_by(devices.c.id))
            .on_conflict_do_nothing()
            .returning(memberships)
        )
        rows = (await self._connection.execute(statement)).all()
        return [Membership(row.group_id, row.device_id, row.added_at) for row in rows]

    async def remove_member(self, group_id: int, device_id: int) -> None:
        statement = delete(memberships).where(memberships.c.group_id == group_id, memberships.c.device_id == device_id)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(f"device {device_id} is not in group {group_id}")

    async def members(
        self,
        group_id: int,
        limit: int,
        offset: int,
        status: DeviceStatus | None = None,
        device_type: str | None = None,
    ) -> tuple[list[Member], int]:
        matches = and_(
            memberships.c.group_id == group_id,
            devices.c.status == status.value if status is not None else true(),
            devices.c.device_type == device_type if device_type is not None else true(),
        )
        joined = memberships.join(devices)
        chosen = select(devices, memberships.c.added_at).select_from(joined).where(matches).order_by(devices.c.id)
        rows = (await self._connection.execute(chosen.limit(limit).offset(offset))).all()
        total = await self._connection.scalar(select(func.count()).select_from(joined).where(matches))
        return [Member(device_from_row(row), row.added_at) for row in rows], total or 0

    async def first_members(self, group_ids: Sequence[int], limit: MemberLimit) -> dict[int, list[Member]]:
        members: dict[int, list[Member]] = {group_id: [] for group_id in group_ids}
        size = 0
        async with stream_slices(
            self._connection, _first_members_query(limit), {"group_ids": list(group_ids)}
        ) as slices:
            async for rows in slices:
                for row in rows:
                    device = device_from_row(row)
                    size += len(msgspec.json.encode(device))
                    if size > limit.bytes:
                        return members
                    members[row.group_id].append(Member(device, row.added_at))
        return members

    async def of_device(self, device_id: int, limit: int) -> list[JoinedGroup]:
        statement = (
            select(groups, _DEVICE_COUNT, memberships.c.added_at)
            .join_from(groups, memberships)
            .where(memberships.c.device_id == device_id)
            .order_by(groups.c.id)
            .limit(limit)
        )
        return [JoinedGroup(_group_from_row(row), row.added_at) for row in await self._connection.execute(statement)]

    async def _remove_memberships(self, where: ColumnElement[bool], limit: int) -> int:
        key = (memberships.c.group_id, memberships.c.device_id)
        chosen = select(*key).where(where).order_by(*key).limit(limit)
        statement = delete(memberships).where(tuple_(*key).in_(chosen))
        return (await self._connection.execute(statement)).rowcount

    async def _require(self, group_id: int) -> Group:
        group = await self.get(group_id)
        if group is None:
            raise NotFound(f"there is no group {group_id}")
        return group


@cache  # building the statement takes longer than executing it
def _first_members_query(limit: MemberLimit) -> Select[*tuple[Any, ...]]:
    """Return the query of `first_members`.

    It bounds each group by the id of the last member that may be listed, so that no group is read whole.
    """
    of_group = memberships.alias()
    last = (
        select(of_group.c.device_id)
        .where(of_group.c.group_id == groups.c.id)
        .order_by(of_group.c.device_id)
        .offset(limit.of_each - 1)
        .limit(1)
        .correlate(groups)
        .scalar_subquery()
    )
    return (
        select(memberships.c.group_id, memberships.c.added_at, devices)
        .select_from(groups.join(memberships).join(devices))
        .where(groups.c.id.in_(bindparam("group_ids", expanding=True)))
        .where(memberships.c.device_id <= func.coalesce(last, MAX_ID))
        .order_by(memberships.c.group_id, memberships.c.device_id)
        .limit(limit.of_all)
    )


def _group_from_row(row: Row[*tuple[Any, ...]]) -> Group:  # Any: the columns' types are those of the table
    return Group(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        description=row.description,
        color=row.color,
        device_count=row.device_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
