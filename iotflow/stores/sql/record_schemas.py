"""Record schemas: the numbered lists of names by which the measurements of records are stored.

A record's row holds the number of its schema and an array of measurements in the order of the schema's names. Rows of
one time and schema replace each other. Records of one time with other names are rows of other schemas, which readers
merge: so a write reads nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import msgspec
from cachetools import LRUCache
from sqlalchemy import BigInteger, ColumnElement, Result, Select, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.stores import record_encoding
from iotflow.stores.record_encoding import (
    ENTRY_BYTES,
    MAX_SCHEMAS_PER_DEVICE,
    Measurements,
    Names,
    RecordSchema,
    RecordSchemas,
    RecordShape,
    encode_measurements,
)
from iotflow.stores.sql.database import insert
from iotflow.stores.sql.tables import CorruptRow, record_schemas, records

MAX_CACHE_BYTES = 16 * 2**20
"""Bytes of each of the two caches: some 10,000 schemas of five names."""
IDS_PER_STATEMENT = 500

_SELECT_IDS = select(record_schemas.c.id).where(record_schemas.c.device_id == bindparam("device_id"))
_SELECT = select(record_schemas.c.id, record_schemas.c.names)


class SchemaChoice(Enum):
    """The rows that a statement reads: of all schemas of a device, of one, or of several."""

    ALL = auto()
    ONE = auto()
    SEVERAL = auto()

    def select(self, *columns: ColumnElement[Any], descending: bool = False) -> Select[*tuple[Any, ...]]:
        """Select columns of a device's `records` that have not expired within a range, in order of time.

        The parameters are `device_id`, `alive_at`, `first`, `end`, and `ids` for the ids of schemas, or the one id.
        """
        first, end = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)
        time, schema_id = records.c.time, records.c.schema_id
        within, order = [time >= first, time < end], [time, schema_id]
        match self:
            case SchemaChoice.ONE:
                # In the form and order of the index of schemas: SQLite would read all records of the range instead.
                one = bindparam("ids", type_=BigInteger)
                within = [tuple_(schema_id, time) >= tuple_(one, first), tuple_(schema_id, time) < tuple_(one, end)]
                order.reverse()
            case SchemaChoice.SEVERAL:
                within.append(schema_id.in_(bindparam("ids", expanding=True)))
        return (
            select(*columns)
            .where(records.c.device_id == bindparam("device_id"), records.c.expires_us > bindparam("alive_at"), *within)
            .order_by(*(column.desc() if descending else column for column in order))
        )


class SchemaRegistry:
    """The schemas of all devices. A schema never changes, so each process caches them."""

    def __init__(self) -> None:
        self._schemas_by_shape = LRUCache[RecordShape, RecordSchemas](MAX_CACHE_BYTES, getsizeof=_size)
        self._schemas = LRUCache[int, RecordSchema](MAX_CACHE_BYTES, getsizeof=attrgetter("size"))

    def look_up(self, wanted: Collection[RecordShape]) -> tuple[dict[RecordShape, RecordSchemas], list[RecordShape]]:
        """Return the cached schemas of records' rows by the records' shapes, and the shapes without cached ones."""
        found = {key: schemas for key in wanted if (schemas := self._schemas_by_shape.get(key))}
        return found, [key for key in wanted if key not in found]

    def remember(self, schemas_by_shape: Mapping[RecordShape, RecordSchemas]) -> None:
        """Cache schemas that are committed."""
        self._schemas_by_shape.update(schemas_by_shape)
        for of_record in schemas_by_shape.values():
            self._schemas.update({schema.id: schema for schema in of_record})

    async def find_or_add(
        self, connection: AsyncConnection, wanted: Iterable[RecordShape]
    ) -> Mapping[RecordShape, RecordSchemas]:
        """Return the schemas of records' rows by the records' shapes, and add the missing ones. The caller commits."""
        by_device: dict[int, set[Names]] = {}
        for device_id, names in wanted:
            by_device.setdefault(device_id, set()).add(names)
        found: dict[RecordShape, RecordSchemas] = {}
        # In the order of the keys: two workers that add the same schemas in different orders would deadlock.
        for device_id in sorted(by_device):
            sent = by_device[device_id]
            stored = await self._find_or_add(connection, device_id, {tuple(sorted(names)) for names in sent})
            for names in sent:
                ascending = tuple(sorted(names))
                rows = [stored[ascending]] if ascending in stored else [stored[(name,)] for name in ascending]
                found[device_id, names] = rows
        return found

    async def of_device(self, connection: AsyncConnection, device_id: int) -> list[RecordSchema]:
        """Return all schemas of a device."""
        ids = (await connection.execute(_SELECT_IDS, {"device_id": device_id})).scalars().all()
        return list((await self.by_id(connection, ids)).values())

    async def with_names(
        self, connection: AsyncConnection, device_id: int, names: Collection[str]
    ) -> tuple[list[RecordSchema], SchemaChoice, dict[str, object]]:
        """Return the device's schemas that have any of these names, and the choice of their rows with its parameter."""
        of_device = await self.of_device(connection, device_id)
        found = [schema for schema in of_device if not schema.positions.keys().isdisjoint(names)]
        if len(found) == len(of_device):
            return found, SchemaChoice.ALL, {}
        if len(found) == 1:
            return found, SchemaChoice.ONE, {"ids": found[0].id}
        return found, SchemaChoice.SEVERAL, {"ids": [schema.id for schema in found]}

    async def by_id(self, connection: AsyncConnection, ids: Collection[int]) -> dict[int, RecordSchema]:
        """Return the schemas of these ids. Without those of a device whose data was purged in the meantime."""
        found = {schema_id: schema for schema_id in ids if (schema := self._schemas.get(schema_id))}
        for missing in _chunks([schema_id for schema_id in ids if schema_id not in found]):
            for schema_id, names in _rows(await connection.execute(_SELECT.where(record_schemas.c.id.in_(missing)))):
                found[schema_id] = self._schemas[schema_id] = RecordSchema(schema_id, names)
        return found

    async def _find_or_add(
        self, connection: AsyncConnection, device_id: int, wanted: set[Names]
    ) -> dict[Names, RecordSchema]:
        """Return the device's schemas, with those of the wanted names, or of each single one past the limit."""
        stored = {schema.names: schema for schema in await self.of_device(connection, device_id)}
        room = MAX_SCHEMAS_PER_DEVICE - sum(len(names) > 1 for names in stored)
        missing: set[Names] = set()
        for names in sorted(wanted - stored.keys()):
            if len(names) == 1:
                missing.add(names)
            elif room > 0:
                missing.add(names)
                room -= 1
            else:
                missing.update((name,) for name in names if (name,) not in stored)
        if not missing:
            return stored
        rows = [
            {"device_id": device_id, "digest": digest_of(names), "names": list(names)}
            for names in sorted(missing, key=digest_of)
        ]
        await connection.execute(insert(connection.dialect.name, record_schemas).on_conflict_do_nothing(), rows)
        # Not cached: after a rollback SQLite gives the same ids to other schemas.
        added = await connection.execute(_SELECT.where(record_schemas.c.device_id == device_id))
        return {names: RecordSchema(schema_id, names) for schema_id, names in _rows(added)}


def _size(schemas: RecordSchemas) -> int:
    return ENTRY_BYTES + sum(schema.size for schema in schemas)


def decode_measurements(measurements: bytes) -> Measurements:
    """Return the values of a row, in the order of its schema's names. Raises CorruptRow."""
    try:
        return record_encoding.decode_measurements(measurements)
    except msgspec.MsgspecError as error:
        problem = f"telemetry_records: a row holds no measurements: {error}"
        raise CorruptRow(f"{problem}; delete it, or restore the table from a backup") from error


def digest_of(names: Names) -> bytes:
    """Return the digest by which a device's schema is found."""
    return blake2b(encode_measurements(names), digest_size=16).digest()


def _rows(found: Result[int, list[str]]) -> Iterator[tuple[int, Names]]:
    return ((schema_id, tuple(names)) for schema_id, names in found)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), IDS_PER_STATEMENT):
        yield ids[start : start + IDS_PER_STATEMENT]
