"""Metadata of devices in the `device_metadata` table, with an index of tags and attributes beside it."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, delete, func, or_, select

from iotflow.domain.geography import Box, Circle, Position
from iotflow.domain.metadata import DeviceMetadata, MetadataChange, MetadataFilter, scalars
from iotflow.domain.times import Millis
from iotflow.repositories.metadata import FoundDevices
from iotflow.stores.sql.database import Database, insert
from iotflow.stores.sql.tables import device_metadata, metadata_terms
from iotflow.stores.terms import attribute_term, tag_term

DEVICES_PER_CHUNK = 20
"""Some 6,000 rows with the maximum number of tags and attributes."""


class SqlMetadata:
    """SQL implementation of `MetadataRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, device_id: int) -> DeviceMetadata:
        statement = select(device_metadata).where(device_metadata.c.device_id == device_id)
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return DeviceMetadata(device_id) if row is None else _metadata_from_row(row)

    async def update(self, device_id: int, user_id: UUID, change: MetadataChange, at: Millis) -> DeviceMetadata:
        changed = {**_columns(change), "updated_at": at}
        new = {"device_id": device_id, "user_id": user_id, "tags": [], "attributes": {}, **changed}
        async with self._database.write() as connection:
            dialect = connection.dialect.name
            upsert = insert(dialect, device_metadata).values(new)
            upsert = upsert.on_conflict_do_update(index_elements=["device_id"], set_=changed)
            row = (await connection.execute(upsert.returning(*device_metadata.c))).one()
            stored = _metadata_from_row(row)
            if "tags" in change or "attributes" in change:
                await connection.execute(delete(metadata_terms).where(metadata_terms.c.device_id == device_id))
                if terms := _terms(stored):
                    rows = [{"user_id": user_id, "term": term, "device_id": device_id} for term in terms]
                    await connection.execute(metadata_terms.insert(), rows)
        return stored

    async def search(self, where: MetadataFilter, limit: int, offset: int, after: int) -> FoundDevices:
        found, device_id = _matching_devices(where)
        page = found.where(device_id > after).order_by(device_id).limit(limit).offset(offset)
        count = select(func.count()).select_from(found.subquery())
        async with self._database.read(bulk=True) as connection:
            device_ids = list((await connection.execute(page)).scalars())
            total = await connection.scalar(count)
        return FoundDevices(device_ids, total or 0)

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        stored = select(device_metadata.c.device_id).where(device_metadata.c.device_id.in_(device_ids))
        async with self._database.read() as connection:
            found = list((await connection.execute(stored.limit(DEVICES_PER_CHUNK))).scalars())
        if found:
            async with self._database.write(bulk=True) as connection:
                # The row first: an update under way has locked it, and adds its terms before it commits.
                for table in (device_metadata, metadata_terms):
                    await connection.execute(delete(table).where(table.c.device_id.in_(found)))
        return len(found) == DEVICES_PER_CHUNK


def _columns(change: MetadataChange) -> dict[str, object]:
    columns: dict[str, object] = {name: change[name] for name in ("tags", "attributes") if name in change}
    if "position" in change:
        position = change["position"]
        lat, lon, vector = (
            (position.lat, position.lon, position.unit_vector()) if position else (None, None, (None,) * 3)
        )
        columns |= {"lat": lat, "lon": lon, **dict(zip("xyz", vector, strict=True))}
    return columns


def _terms(metadata: DeviceMetadata) -> set[bytes]:
    """Return the terms under which a search finds a device."""
    return {
        *map(tag_term, metadata.tags),
        *(attribute_term(name, value) for name, value in scalars(metadata.attributes)),
    }


def _matching_devices(where: MetadataFilter) -> tuple[Select[int], ColumnElement[int]]:
    """Return the query of the devices that match, each once, and its column.

    Without a condition on the position the terms alone answer it, in the order of their key.
    """
    terms = _terms_of_filter(where)
    if terms and where.circle is None and where.box is None:
        first, *others = terms
        device_id = metadata_terms.c.device_id
        found = _with_term(metadata_terms, where.user_id, first)
    else:
        others = terms
        device_id = device_metadata.c.device_id
        found = select(device_id).where(device_metadata.c.user_id == where.user_id)
    if where.circle is not None:
        found = found.where(_within_circle(where.circle))
    if where.box is not None:
        found = found.where(_within_box(where.box))
    for other in others:
        found = found.where(device_id.in_(_with_term(metadata_terms.alias(), where.user_id, other)))
    return found, device_id


def _terms_of_filter(where: MetadataFilter) -> list[Sequence[bytes]]:
    """Return for each condition on tags and attributes the terms of which a device has one."""
    terms: list[Sequence[bytes]] = []
    if where.attribute is not None:
        terms.append([attribute_term(where.attribute.name, value) for value in where.attribute.values])
    if where.tag is not None:
        terms.append([tag_term(where.tag)])
    return terms


def _with_term(table: FromClause, user_id: UUID, terms: Sequence[bytes]) -> Select[int]:
    found = select(table.c.device_id).where(table.c.user_id == user_id, table.c.term.in_(terms))
    # Two names of attributes may be one in normal form C, and have both of two values.
    return found if len(terms) == 1 else found.distinct()


def _within_circle(circle: Circle) -> ColumnElement[bool]:
    """Return the condition: a range of latitudes, which an index finds, and the exact distance."""
    coordinates = (device_metadata.c.x, device_metadata.c.y, device_metadata.c.z)
    offsets = [column - value for column, value in zip(coordinates, circle.center.unit_vector(), strict=True)]
    squared_distance = sum((offset * offset for offset in offsets[1:]), offsets[0] * offsets[0])
    return and_(device_metadata.c.lat.between(*circle.latitudes()), squared_distance <= circle.squared_chord)


def _within_box(box: Box) -> ColumnElement[bool]:
    lat, lon = device_metadata.c.lat, device_metadata.c.lon
    return and_(
        lat.between(box.south, box.north),
        or_(*(lon.between(*limits) for limits in box.longitudes()), lat.in_(box.poles())),
    )


def _metadata_from_row(row: Row[*tuple[Any, ...]]) -> DeviceMetadata:  # Any: the columns' types are those of the table
    return DeviceMetadata(
        device_id=row.device_id,
        tags=row.tags,
        attributes=row.attributes,
        position=None if row.lat is None else Position(row.lat, row.lon),
        updated_at=row.updated_at,
    )
