"""Writes of records: the rows of a group of writes, and the statements that store them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, TypeVar, cast

from sqlalchemy import Dialect, Insert, Table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from iotflow.domain.telemetry import Record, expiry
from iotflow.domain.times import Micros, Millis
from iotflow.stores.record_encoding import RecordSchemas, RecordShape, encode_measurements
from iotflow.stores.sql.database import insert
from iotflow.stores.sql.tables import NO_EXPIRY_US, record_metadata, records

ROWS_PER_CALL = 500
"""Rows of one call of the driver. A write of more is a bulk write."""

T = TypeVar("T")

DeviceRecords = tuple[int, Sequence[Record]]
"""A device and records of it."""
RecordRow = tuple[int, Millis, int, Micros, Micros, bytes]
"""A row of `records`, in the order of its columns."""
_RECEIVED: Final = 3
"""The index of `received_us` in a `RecordRow`."""


def shapes_of(writes: Sequence[DeviceRecords]) -> set[RecordShape]:
    """Return the shapes of records."""
    return {(device_id, tuple(record.values)) for device_id, sent in writes for record in sent}


def record_rows(
    writes: Sequence[DeviceRecords], schemas_by_shape: Mapping[RecordShape, RecordSchemas], retention_days: int
) -> list[RecordRow]:
    """Return the rows of all records, of each key the one received last.

    They are in the order of their keys: two workers that wrote the same keys in different orders would deadlock.
    """
    rows: dict[tuple[int, Millis, int], RecordRow] = {}
    for device_id, sent in writes:
        for record in sent:
            expires = _expires(record, retention_days)
            for schema in schemas_by_shape[device_id, tuple(record.values)]:
                key = (device_id, record.timestamp, schema.id)
                held = rows.get(key)
                if held is None or held[_RECEIVED] <= record.received_us:
                    rows[key] = (*key, record.received_us, expires, encode_measurements(schema.pick(record.values)))
    return [rows[key] for key in sorted(rows)]


def metadata_rows(writes: Sequence[DeviceRecords], retention_days: int) -> list[dict[str, object]]:
    """Return the rows of the records' metadata, of each key the one received last, in the order of their keys."""
    rows: dict[tuple[int, Millis], dict[str, object]] = {}
    for device_id, sent in writes:
        for record in sent:
            key = (device_id, record.timestamp)
            if record.metadata is None or (key in rows and cast(Micros, rows[key]["received_us"]) > record.received_us):
                continue
            rows[key] = {
                "device_id": device_id,
                "time": record.timestamp,
                "metadata": record.metadata,
                "received_us": record.received_us,
                "expires_us": _expires(record, retention_days),
            }
    return [rows[key] for key in sorted(rows)]


async def upsert_records(connection: AsyncConnection, rows: Sequence[RecordRow]) -> None:
    """Upsert records by the driver itself: SQLAlchemy's binding by name would cost more than all other work."""
    statement = upsert_records_sql(connection.dialect)
    for chunk in _chunks(rows):
        await connection.exec_driver_sql(statement, list(chunk))


async def upsert_metadata(connection: AsyncConnection, rows: Sequence[dict[str, object]]) -> None:
    """Upsert the metadata of records."""
    for chunk in _chunks(rows):
        await connection.execute(_upsert_statement(connection.dialect.name, record_metadata), chunk)


@lru_cache(maxsize=4)  # a process has one dialect, except in tests
def upsert_records_sql(dialect: Dialect) -> str:
    """Return the statement of the driver's dialect that upserts a record."""
    compiled = _upsert_statement(dialect.name, records).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup == [column.name for column in records.columns]
    return str(compiled)


@cache  # building the statement takes longer than executing it
def _upsert_statement(dialect: str, table: Table) -> Insert:
    statement = insert(dialect, table)
    keys = [column.name for column in table.primary_key.columns]
    replaced = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(
        index_elements=keys, set_=replaced, where=table.c.received_us <= statement.excluded.received_us
    )


def _expires(record: Record, retention_days: int) -> Micros:
    return expiry(record.received_us, retention_days) or NO_EXPIRY_US


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), ROWS_PER_CALL):
        yield rows[start : start + ROWS_PER_CALL]
