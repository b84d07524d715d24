"""Fixtures for SQLite: a migrated file per test, and a connection beside the implementation's."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from iotflow.stores.sql import open_database
from iotflow.stores.sql.database import Database
from tests.contracts.raw import RawRow


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
    """Implementation of `SqlTables`: the file as sqlite3 alone reads it."""

    boolean: type = int

    def __init__(self, file: Path) -> None:
        self._file = file

    async def rows(self, table: str, device_id: int | None = None) -> list[RawRow]:
        if device_id is None:
            return self.query(f"SELECT * FROM {table}")
        return self.query(f"SELECT * FROM {table} WHERE device_id = ?", device_id)

    async def count(self, table: str) -> int:
        (row,) = self.query(f"SELECT count(*) AS rows FROM {table}")
        return int(row["rows"])

    def query(self, sql: str, *parameters: object) -> list[RawRow]:
        with closing(sqlite3.connect(self._file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]
