"""The baseline's calls of the embedded stores: SQLite through aiosqlite, and this process's memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
import msgspec
from sqlalchemy.engine import make_url

from bench.baseline.calls import DAY_US, Newest, Sent, newest_of
from bench.baseline.grouping import Groups
from bench.baseline.statements import (
    BEGIN_READ,
    BEGIN_WRITE,
    PAGE,
    ROLLBACK,
    STORE_RECORDS,
)
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.settings import Settings
from iotflow.stores.record_encoding import Names, encode_measurements
from iotflow.stores.sql import open_database
from iotflow.stores.sql.database import SCAN_TIMEOUT_S
from iotflow.stores.sql.page_statements import BYTES_PER_SLICE, unpack_rows
from iotflow.stores.sql.record_schemas import decode_measurements, digest_of
from iotflow.stores.sql.record_writes import ROWS_PER_CALL
from iotflow.stores.sql.sqlite import READ_CONNECTIONS, READ_POOL_TIMEOUT_S
from iotflow.stores.sql.sqlite_engine import sqlite_engine
from iotflow.stores.sql.sqlite_files import SqliteFiles
from iotflow.stores.sql.telemetry import VALUES_PER_FLUSH, SqlTelemetry

FIND_SCHEMA = "SELECT id FROM telemetry_schemas WHERE device_id = ? AND digest = ?"
ADD_SCHEMA = "INSERT INTO telemetry_schemas (device_id, digest, names) VALUES (?, ?, ?)"

Row = tuple[object, ...]


class EmbeddedCalls:
    """Embedded implementation of `Calls`. Writes share transactions as in the service."""

    def __init__(self, settings: Settings, writer: aiosqlite.Connection, readers: "asyncio.LifoQueue[Any]") -> None:
        self._settings = settings
        self._writer = writer
        self._readers = readers
        self._writes = Groups[Sequence[Row], None](self._flush, max_weight=VALUES_PER_FLUSH, weight=len)
        self._seen: dict[int, int] = {}
        self._latest: dict[int, dict[str, Newest]] = {}
        self._schemas: dict[tuple[int, Names], int] = {}
        self._names: dict[int, Names] = {}

    async def seen(self, device_id: int, at_ms: Millis) -> None:
        self._seen[device_id] = at_ms

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        kept_us = self._settings.retention_days * DAY_US
        rows: list[Row] = []
        for sent in records:
            names = tuple(sorted(sent.values))
            schema_id = self._schemas.get((device_id, names)) or await self._find_or_add_schema(device_id, names)
            measurements = encode_measurements([sent.values[name] for name in names])
            expires_us = sent.received_us + kept_us
            rows.append((device_id, sent.time_ms, schema_id, sent.received_us, expires_us, measurements))
        await self._writes.submit(rows)
        if (held := self._latest.get(device_id)) is not None:
            for name, sent in newest_of(records).items():
                if name not in held or held[name].time_ms <= sent.time_ms:
                    held[name] = _newest(sent.values[name], sent.time_ms)

    async def latest(self, device_id: int) -> Mapping[str, Newest]:
        if device_id not in self._latest:
            self._latest[device_id] = await self._read_and_cache(device_id)
        return self._latest[device_id]

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        now_us = time.time_ns() // 1_000
        async with self._reading() as reader:
            next_records = (device_id, now_us, start_ms, end_ms, limit + 1, 0)
            span = (device_id, start_ms, end_ms)
            parameters = (*next_records, 0, limit + 1, BYTES_PER_SLICE, *next_records, *span, *span)
            ((packed, *_),) = await reader.execute_fetchall(PAGE, parameters)
            rows = unpack_rows(packed, descending=True)[:limit]
        return [
            (row[0], dict(zip(self._names[row[1]], decode_measurements(row[3]), strict=True)))
            for row in rows
            if row[1] in self._names or await self._read_names(row[1])
        ]

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[aiosqlite.Connection]:
        reader: aiosqlite.Connection = await self._readers.get()
        await reader.execute(BEGIN_READ)
        yield reader
        await reader.execute(ROLLBACK)
        self._readers.put_nowait(reader)

    async def _flush(self, group: Sequence[Sequence[Row]]) -> Sequence[None]:
        rows = [row for some in group for row in some]
        await self._writer.execute(BEGIN_WRITE)
        for first in range(0, len(rows), ROWS_PER_CALL):
            await self._writer.executemany(STORE_RECORDS, rows[first : first + ROWS_PER_CALL])
        await self._writer.commit()
        return [None] * len(group)

    async def _find_or_add_schema(self, device_id: int, names: Names) -> int:
        """Return the schema of a device's first record. The caches are warm, so this is not measured."""
        key = (device_id, digest_of(names))
        if not (found := list(await self._writer.execute_fetchall(FIND_SCHEMA, key))):
            await self._writer.execute(ADD_SCHEMA, (*key, msgspec.json.encode(names).decode()))
            await self._writer.commit()
            found = list(await self._writer.execute_fetchall(FIND_SCHEMA, key))
        schema_id = self._schemas[device_id, names] = int(found[0][0])
        return schema_id

    async def _read_names(self, schema_id: int) -> bool:
        """Cache the names of a schema. The caches are warm, so this is not measured."""
        query = "SELECT names FROM telemetry_schemas WHERE id = ?"
        ((names,),) = await self._writer.execute_fetchall(query, (schema_id,))
        self._names[schema_id] = tuple(msgspec.json.decode(names))
        return True

    async def _read_and_cache(self, device_id: int) -> dict[str, Newest]:
        """Use the service's store: the caches are warm, so this is not measured."""
        database = open_database(self._settings.database_url)
        try:
            found = await SqlTelemetry(database, SystemClock(), self._settings.retention_days).latest(device_id)
        finally:
            await database.close()
        return {name: _newest(latest.value, latest.timestamp) for name, latest in found.items()}


@asynccontextmanager
async def open_embedded(settings: Settings) -> AsyncIterator[EmbeddedCalls]:
    """Open calls on connections with the service's options."""
    url = settings.database_url
    files = SqliteFiles(make_url(url).database or "")
    writing = sqlite_engine(url, files, 1, pool_timeout_s=SCAN_TIMEOUT_S, writes=True)
    reading = sqlite_engine(url, files, READ_CONNECTIONS, pool_timeout_s=READ_POOL_TIMEOUT_S, writes=False)
    writer = await writing.raw_connection()
    readers = [await reading.raw_connection() for _ in range(READ_CONNECTIONS)]
    free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()  # Any: SQLAlchemy has no type for the driver
    for reader in readers:
        free.put_nowait(reader.driver_connection)
    driver: Any = writer.driver_connection
    try:
        yield EmbeddedCalls(settings, driver, free)
    finally:
        for connection in (writer, *readers):
            connection.close()
        await writing.dispose()
        await reading.dispose()


def _newest(value: Value, time_ms: Millis) -> Newest:
    return Newest(msgspec.Raw(msgspec.json.encode(value)), time_ms)
