"""SQLite for the players: a migrated file of each test's own, and a connection beside the player."""

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Micros, Millis
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.sql.dialect import Database, open_database
from tests.contracts.raw import RawRow
from tests.contracts.telemetry.base import RawPoint


class OnSqlite:
    """Makes a suite run on SQLite."""

    @pytest.fixture
    def sqlite_file(self, tmp_path: Path, migrated_file: Path) -> Path:
        return Path(shutil.copy(migrated_file, tmp_path / "iotflow.db"))

    @pytest.fixture
    async def database(self, sqlite_file: Path) -> AsyncIterator[Database]:
        database = open_database(f"sqlite+aiosqlite:///{sqlite_file}")
        yield database
        await database.close()

    @pytest.fixture
    def tables(self, sqlite_file: Path) -> "SqliteTables":
        return SqliteTables(sqlite_file)


class SqliteTables:
    """Plays `RawTables`: the file as sqlite3 alone reads it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def rows(self, table: str) -> list[RawRow]:
        return self.query(f"SELECT * FROM {table}")

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        (row,) = self.query(f"SELECT count(*) AS rows FROM {table}")
        return int(row["rows"])

    def query(self, sql: str, *parameters: object) -> list[RawRow]:
        with closing(sqlite3.connect(self._file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]


class SqliteTelemetry:
    """Plays `RawTelemetry`."""

    def __init__(self, tables: SqliteTables) -> None:
        self._tables = tables

    async def points(self, device_id: int) -> list[RawPoint]:
        sql = "SELECT * FROM telemetry_points WHERE device_id = ? ORDER BY time, name"
        return [
            RawPoint(Millis(row["time"]), row["name"], _value(row), Micros(row["received_us"]))
            for row in self._tables.query(sql, device_id)
        ]

    async def metadata(self, device_id: int) -> dict[Millis, JsonObject]:
        sql = "SELECT * FROM telemetry_metadata WHERE device_id = ?"
        return {Millis(row["time"]): json.loads(row["metadata"]) for row in self._tables.query(sql, device_id)}


class SqliteEvents:
    """Plays `RawEvents`."""

    def __init__(self, tables: SqliteTables) -> None:
        self._tables = tables

    async def details(self) -> dict[UUID, JsonObject]:
        return {UUID(row["id"]): json.loads(row["details"]) for row in await self._tables.rows("events")}


class SqliteActivity:
    """Plays `RawActivity`."""

    def __init__(self, tables: SqliteTables) -> None:
        self._tables = tables

    async def counts(self) -> dict[DeviceHour, Activity]:
        return {
            DeviceHour(row["device_id"], Millis(row["hour"])): Activity(row["messages"], row["points"])
            for row in await self._tables.rows("activity")
        }


_COLUMNS = {"bool_value": (int, bool), "int_value": (int, int), "float_value": (float, float), "text_value": (str, str)}
"""What SQLite stores in the column of each type, and what it stands for."""


def _value(row: RawRow) -> Value:
    (column,) = [column for column in _COLUMNS if row[column] is not None]
    stored, kind = _COLUMNS[column]
    assert isinstance(row[column], stored), f"SQLite has made something else of a {kind.__name__}"
    value: Value = kind(row[column])
    return value
