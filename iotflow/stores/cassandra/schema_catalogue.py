"""The catalogue of devices: their schemas, and the days with records of each.

A write needs the entry of its schema and day before its record. Processes cache the entries that they wrote, so a
device's submissions write an entry once a day. An entry expires `EXTRA_TTL_S` later than the record that it was written
for, and is written again for a record that would outlive it.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import attrgetter

from cachetools import LRUCache

from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.cassandra.driver import Statement
from iotflow.stores.cassandra.encoding import LAST_EXPIRY_S, NO_EXPIRY, days_within, schema_id_of
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.record_encoding import MAX_SCHEMAS_PER_DEVICE, Names, RecordSchema, RecordSchemas

MAX_DAYS_WITHOUT_CATALOGUE = 3
"""Ranges of at most this number of days are read without looking up which of them hold data."""
EXTRA_TTL_S = 86_400
TTL_TOLERANCE_S = 60
"""An entry must outlive its records by this time: both expire by the clock of Cassandra's nodes."""
MAX_CACHE_BYTES = 16 * 2**20
"""Bytes of the cache of schemas, in each of two forms: some 10,000 of five names."""
MAX_CACHED_ENTRIES = 100_000
MAX_ENTRIES_PER_DEVICE = 256

SELECT_SCHEMAS = "SELECT schema_id, names FROM telemetry_schemas WHERE device_id = ?"
SELECT_CATALOGUE = "SELECT schema_id, names, days[?..?] FROM telemetry_schemas WHERE device_id = ?"
STORE_ENTRY = """
    UPDATE telemetry_schemas USING TIMESTAMP ? AND TTL ? SET names = ?, days = days + ?
    WHERE device_id = ? AND schema_id = ? AND retention_days = ?"""


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """A record without its values: names as they were sent, day, receipt, and expiry in seconds, infinite for never."""

    names: Names
    day: int
    received: Micros
    expires_s: float


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A schema and a day that a write needs in the catalogue, and when the entry expires, in seconds."""

    device_id: int
    schema: RecordSchema
    day: int
    received: Micros
    expires_s: float


@dataclass(slots=True)
class _CachedDevice:
    """What this process wrote of a device: rows' schemas by the id of a record's names, expiries by schema and day."""

    schemas_by_id: dict[int, RecordSchemas] = field(default_factory=dict)
    expiries: dict[tuple[int, int], float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return 1 + len(self.schemas_by_id) + len(self.expiries)


@dataclass(frozen=True, slots=True)
class StoredDays:
    """The schemas of a device by id, and the days of each that may hold records."""

    schemas: Mapping[int, RecordSchema]
    days: Mapping[int, Set[int]]

    def days_within(self, time_range: TimeRange) -> list[int]:
        """Return the days of all schemas within a range, in order."""
        within = days_within(time_range)
        return sorted({day for days in self.days.values() for day in days if day in within})

    def with_names(self, names: Collection[str]) -> "StoredDays":
        """Return the schemas that have any of these names, with their days."""
        schemas = {
            schema_id: schema
            for schema_id, schema in self.schemas.items()
            if not schema.positions.keys().isdisjoint(names)
        }
        return StoredDays(schemas, {schema_id: self.days[schema_id] for schema_id in schemas})


class SchemaCatalogue:
    """The catalogue of all devices, and this process's cache of it. A schema never changes."""

    def __init__(self, cassandra: Cassandra, retention_days: int) -> None:
        self._cassandra = cassandra
        self._retention_days = retention_days
        self._by_names = LRUCache[Names, RecordSchema](MAX_CACHE_BYTES, getsizeof=attrgetter("size"))
        self._by_id = LRUCache[int, RecordSchema](MAX_CACHE_BYTES, getsizeof=attrgetter("size"))
        self._devices = LRUCache[int, _CachedDevice](MAX_CACHED_ENTRIES, getsizeof=attrgetter("size"))

    async def plan_entries(
        self, device_id: int, headers: Sequence[RecordHeader]
    ) -> tuple[Mapping[Names, RecordSchemas], Sequence[CatalogueEntry]]:
        """Return the schemas of records' rows by the records' names, and the entries to write before them."""
        cached = self._devices.get(device_id)
        names = {header.names for header in headers}
        schemas_by_names = self._cached_schemas(cached, names)
        if len(schemas_by_names) < len(names):
            schemas_by_names = await self._choose_schemas(device_id, names)
        entries: dict[tuple[int, int], CatalogueEntry] = {}
        for header in headers:
            for schema in schemas_by_names[header.names]:
                key = (schema.id, header.day)
                held = cached.expiries.get(key, 0.0) if cached else 0.0
                if held >= _extend(header.expires_s, TTL_TOLERANCE_S):
                    continue
                entry = entries.get(key)
                if entry is None or entry.received < header.received:
                    expires_s = _extend(header.expires_s, EXTRA_TTL_S)
                    entries[key] = CatalogueEntry(device_id, schema, header.day, header.received, expires_s)
        return schemas_by_names, list(entries.values())

    def statement(self, entry: CatalogueEntry, now: Millis) -> Statement:
        """Return the statement that stores an entry now."""
        ttl = NO_EXPIRY if entry.expires_s == math.inf else max(1, int(entry.expires_s - now // 1_000))
        key = (entry.device_id, entry.schema.id, self._retention_days)
        return STORE_ENTRY, (entry.received, ttl, list(entry.schema.names), {entry.day}, *key)

    def remember(self, entries: Iterable[CatalogueEntry], schemas_by_names: Mapping[Names, RecordSchemas]) -> None:
        """Cache entries of one device that are stored, with the schemas of its records' rows."""
        entries = list(entries)
        if not entries:
            return
        device_id = entries[0].device_id
        cached = self._devices.pop(device_id, None)
        if cached is None or cached.size > MAX_ENTRIES_PER_DEVICE:
            cached = _CachedDevice()
        for names, of_record in schemas_by_names.items():
            cached.schemas_by_id[self._schema_of(names).id] = of_record
        for entry in entries:
            cached.expiries[entry.schema.id, entry.day] = entry.expires_s
        if cached.size <= MAX_ENTRIES_PER_DEVICE:
            self._devices[device_id] = cached

    def forget(self, device_id: int) -> None:
        """Remove a device from the cache: its entries are not stored any longer."""
        self._devices.pop(device_id, None)

    async def schemas(self, device_id: int, ids: Collection[int]) -> Mapping[int, RecordSchema]:
        """Return a device's schemas of these ids. Without those of a device whose data was purged in the meantime."""
        found = {schema_id: schema for schema_id in ids if (schema := self._by_id.get(schema_id))}
        if len(found) < len(ids):
            found |= {schema.id: schema for schema in await self._read_schemas(device_id) if schema.id in ids}
        return found

    async def names(self, device_id: int) -> frozenset[str]:
        """Return every name of which the device has values."""
        return frozenset(name for schema in await self._read_schemas(device_id) for name in schema.names)

    async def read(self, device_id: int, time_range: TimeRange) -> StoredDays:
        """Return the device's schemas, and the days within the range that may hold records of each."""
        within = days_within(time_range)
        if not within:
            return StoredDays({}, {})
        schemas: dict[int, RecordSchema] = {}
        days: dict[int, frozenset[int]] = {}
        rows = await self._cassandra.execute(SELECT_CATALOGUE, [within[0], within[-1], device_id])
        for schema_id, names, some in rows:
            schemas[schema_id] = self._cache_schema(schema_id, names)
            days[schema_id] = days.get(schema_id, frozenset()).union(some or ())
        return StoredDays(schemas, days)

    async def days(self, device_id: int, time_range: TimeRange) -> list[int]:
        """Return the days within the range that may hold records, in order."""
        within = days_within(time_range)
        if len(within) <= MAX_DAYS_WITHOUT_CATALOGUE:
            return list(within)
        return (await self.read(device_id, time_range)).days_within(time_range)

    def _cached_schemas(self, cached: _CachedDevice | None, wanted: Collection[Names]) -> dict[Names, RecordSchemas]:
        if cached is None:
            return {}
        found = ((names, cached.schemas_by_id.get(self._schema_of(names).id)) for names in wanted)
        return {names: of_record for names, of_record in found if of_record is not None}

    async def _choose_schemas(self, device_id: int, wanted: Iterable[Names]) -> dict[Names, RecordSchemas]:
        """Return the schemas of records' rows by the records' names, stored or not. Past the limit, each name has one.

        Several processes may add schemas at once, so that a device has a few more of them.
        """
        stored = {schema.id: schema for schema in await self._read_schemas(device_id)}
        room = MAX_SCHEMAS_PER_DEVICE - sum(len(schema.names) > 1 for schema in stored.values())
        schemas_by_names: dict[Names, RecordSchemas] = {}
        for names in sorted(wanted):
            schema = self._schema_of(names)
            if schema.id not in stored and len(names) > 1 and room <= 0:
                schemas_by_names[names] = [self._schema_of((name,)) for name in schema.names]
                continue
            if schema.id not in stored and len(names) > 1:
                stored[schema.id] = schema
                room -= 1
            schemas_by_names[names] = [schema]
        return schemas_by_names

    async def _read_schemas(self, device_id: int) -> list[RecordSchema]:
        rows = await self._cassandra.execute(SELECT_SCHEMAS, [device_id])
        return list({schema_id: self._cache_schema(schema_id, names) for schema_id, names in rows}.values())

    def _schema_of(self, names: Names) -> RecordSchema:
        """Return the schema of these names, in any order."""
        schema = self._by_names.get(names)
        if schema is None:
            ascending = tuple(sorted(names))
            schema = self._by_names[names] = RecordSchema(schema_id_of(ascending), ascending)
            self._by_id[schema.id] = schema
        return schema

    def _cache_schema(self, schema_id: int, names: Sequence[str]) -> RecordSchema:
        schema = self._by_id.get(schema_id)
        if schema is None:
            schema = self._by_id[schema_id] = RecordSchema(schema_id, tuple(names))
        return schema


def _extend(expires_s: float, seconds: int) -> float:
    """Return an expiry these seconds later, at most the last one that Cassandra accepts; infinite for never."""
    return expires_s if expires_s == math.inf else min(expires_s + seconds, LAST_EXPIRY_S)
