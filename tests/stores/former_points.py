"""Telemetry that an earlier version stored in a row a value."""

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import Value
from iotflow.domain.times import Micros, Millis
from iotflow.stores.sql import points_conversion
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.migrations import SqlSchema, stored_version, upgrade, upgrade_connection, wanted_version
from iotflow.stores.sql.record_schemas import SchemaRegistry
from tests.contracts.telemetry.base import RawPoint
from tests.stores.sql import SqlTables, StoredTelemetry

DEVICES = (1, 2, 77)
COLUMNS = {bool: "bool_value", int: "int_value", float: "float_value", str: "text_value"}
VALUES: list[Value] = [
    True,
    False,
    0,
    -(2**63),
    2**63 - 1,
    0.1,
    5e-324,
    1.7976931348623157e308,
    "",
    "é\n",
    "x" * 4_096,
]


class Interruption(Exception):
    """Ends a conversion within a chunk."""


def former_points(device: int) -> Iterator[tuple[RawPoint, int]]:
    """Return points and their expiry: of one submission or several a time, and once with more names than a record."""
    choose = random.Random(device)
    for time in range(60):
        names = [f"n{i}" for i in range(choose.randint(1, 9))] if time != 30 else [f"n{i:03}" for i in range(700)]
        for name in names:
            received = 1_000_000 * time + choose.choice((0, 0, 1, 2))
            yield RawPoint(Millis(time * 1_000), name, choose.choice(VALUES), Micros(received)), received + 10**15


def _rows(kind: type) -> Iterator[dict[str, object]]:
    """Return the rows of the values of one type."""
    for device in DEVICES:
        for point, expires in former_points(device):
            if type(point.value) is kind:
                yield {
                    "device": device,
                    "time": point.timestamp,
                    "name": point.name,
                    "value": point.value,
                    "received": point.received,
                    "expires": expires,
                }


async def check_conversion(database: Database, tables: SqlTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that an upgrade converts all points exactly although it is interrupted three times."""
    async with database.write(bulk=True) as connection:
        await upgrade_connection(connection, "0003")
        for kind, column in COLUMNS.items():
            statement = text(
                f"INSERT INTO telemetry_points (device_id, time, name, {column}, received_us, expires_us) "
                "VALUES (:device, :time, :name, :value, :received, :expires)"
            )
            await connection.execute(statement, list(_rows(kind)))
    schema, number = SqlSchema(database), sum(1 for device in DEVICES for _ in former_points(device))
    assert await schema.conversion(await schema.stored()) == f"points to convert: {number}"
    monkeypatch.setattr(points_conversion, "POINTS_PER_CHUNK", 100)
    convert_chunk, chunks = points_conversion._convert_chunk, iter(range(10**9))

    async def interrupted(connection: AsyncConnection, schemas: SchemaRegistry) -> int:
        number = await convert_chunk(connection, schemas)
        if next(chunks) in (2, 4, 6):
            raise Interruption
        return number

    monkeypatch.setattr(points_conversion, "_convert_chunk", interrupted)
    for _ in range(3):
        with pytest.raises(Interruption):
            await upgrade(database)
        assert await stored_version(database) != wanted_version()
    await upgrade(database)
    assert await stored_version(database) == wanted_version()
    assert await schema.conversion(await schema.stored()) is None
    raw = StoredTelemetry(tables)
    for device in DEVICES:
        expected = sorted(
            (point for point, _ in former_points(device)), key=lambda point: (point.timestamp, point.name)
        )
        assert list(map(repr, await raw.points(device))) == list(map(repr, expected))
    assert {row["expires_us"] - row["received_us"] for row in await tables.rows("telemetry_records")} == {10**15}
