"""SQLite's file: how it is opened, and the errors when it cannot be opened or was replaced."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text

from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Micros, Millis
from iotflow.stores.sql import open_database, sqlite_engine
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.migrations import stored_version, upgrade
from iotflow.stores.sql.sqlite_engine import SYNCHRONOUS
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.clock import FakeClock
from tests.contracts.transactional import add_user
from tests.stores.sqlite import OnSqlite, SqliteTables

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


class TestSqliteFile(OnSqlite):
    async def test_a_commit_is_on_the_disk_and_foreign_keys_hold(
        self, monkeypatch: pytest.MonkeyPatch, database: Database
    ) -> None:
        # Imported before the other tests got another one.
        monkeypatch.setattr(sqlite_engine, "SYNCHRONOUS", SYNCHRONOUS)
        async with database.write() as connection:
            pragmas = {
                name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
        full = 2
        assert pragmas == {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1}

    async def test_a_statement_is_one_call_of_the_connections_thread(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = 0
        call_thread = aiosqlite.Connection._execute

        def count(connection: aiosqlite.Connection, *arguments: Any) -> Any:  # Any: the driver leaves them untyped
            nonlocal calls
            calls += 1
            return call_thread(connection, *arguments)  # type: ignore[no-untyped-call]

        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE numbers (n)"))
            monkeypatch.setattr(aiosqlite.Connection, "_execute", count)
            insertion = text("INSERT INTO numbers VALUES (:n) RETURNING n")
            assert (await connection.execute(insertion, {"n": 1})).scalar_one() == 1
            assert (
                await connection.execute(text("INSERT INTO numbers VALUES (:n)"), [{"n": 2}, {"n": 3}])
            ).rowcount == 2
            assert (await connection.execute(text("SELECT n FROM numbers ORDER BY n"))).scalars().all() == [1, 2, 3]
            assert (await connection.execute(text("DELETE FROM numbers WHERE n > 1"))).rowcount == 2
            assert calls == 4

    @pytest.mark.parametrize("broken", ["no directory", "a directory", "no database"])
    async def test_a_file_that_cannot_be_opened_makes_the_store_unavailable(self, tmp_path: Path, broken: str) -> None:
        path = {"no directory": tmp_path / "none" / "x.db"}.get(broken, tmp_path / "x.db")
        if broken == "a directory":
            path.mkdir()
        elif broken == "no database":
            path.write_bytes(b"no database at all " * 500)
        database = open_database(f"sqlite+aiosqlite:///{path}")
        transactions = SqlTransactions(database)
        telemetry = SqlTelemetry(database, FakeClock(), 1)
        with pytest.raises(StoreUnavailable):
            await stored_version(database)
        with pytest.raises(StoreUnavailable):
            await upgrade(database)
        with pytest.raises(StoreUnavailable):
            await add_user(transactions)
        with pytest.raises(StoreUnavailable):
            await telemetry.write(1, [Record(Millis(1), {"x": 1}, None, Micros(1))])
        with pytest.raises(StoreUnavailable):
            await telemetry.latest(1)
        await database.close()

    async def test_a_store_that_comes_back_is_used_again(self, tmp_path: Path, migrated_file: Path) -> None:
        path = tmp_path / "later" / "iotflow.db"
        database = open_database(f"sqlite+aiosqlite:///{path}")
        transactions = SqlTransactions(database)
        with pytest.raises(StoreUnavailable):
            await add_user(transactions)
        path.parent.mkdir()
        shutil.copy(migrated_file, path)
        user = await add_user(transactions)
        async with transactions.read() as transaction:
            assert await transaction.accounts.get(user.user_id) == user
        await database.close()

    @pytest.mark.parametrize("writes", [False, True])
    async def test_a_statement_past_its_deadline_is_aborted_and_the_next_one_succeeds(
        self, database: Database, tables: SqliteTables, monkeypatch: pytest.MonkeyPatch, writes: bool
    ) -> None:
        monkeypatch.setattr("iotflow.stores.sql.database.SCAN_TIMEOUT_S", 0.3)

        async def run_endlessly() -> None:
            async with database.write() if writes else database.read() as connection:
                if writes:
                    await connection.execute(text("INSERT INTO activity VALUES (1, 1, 1, 1)"))
                await connection.execute(text(ENDLESS))

        # More statements than connections: the pool must lose none.
        async with asyncio.timeout(10):
            outcomes = await asyncio.gather(*(run_endlessly() for _ in range(5)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 5
        monkeypatch.undo()
        async with asyncio.timeout(10), database.write() as connection:
            await connection.execute(text("INSERT INTO activity VALUES (2, 2, 2, 2)"))
        async with asyncio.timeout(10), database.read() as connection:
            assert (await connection.execute(text("SELECT device_id FROM activity"))).scalars().all() == [2]
        assert await tables.count("activity") == 1

    async def test_a_file_that_was_replaced_is_refused_by_new_connections_too(
        self, tmp_path: Path, migrated_file: Path
    ) -> None:
        path = Path(shutil.copy(migrated_file, tmp_path / "x.db"))
        database = open_database(f"sqlite+aiosqlite:///{path}")
        await add_user(SqlTransactions(database))
        shutil.copy(migrated_file, tmp_path / "copy.db")
        shutil.move(tmp_path / "copy.db", path)
        # No reader has connected yet: it opens the new file.
        with pytest.raises(StoreUnavailable, match="replaced while in use"):
            await database.ping()
        with pytest.raises(StoreUnavailable, match="replaced while in use"):
            async with database.write():
                pytest.fail("the transaction began")
        await database.close()

    async def test_a_log_removed_with_the_last_connection_does_not_make_the_store_unavailable(
        self, tmp_path: Path, migrated_file: Path
    ) -> None:
        path = Path(shutil.copy(migrated_file, tmp_path / "x.db"))
        database = open_database(f"sqlite+aiosqlite:///{path}")
        transactions = SqlTransactions(database)
        await add_user(transactions)
        await database.close()
        assert not path.with_name("x.db-wal").exists()
        await add_user(transactions)
        await database.ping()
        await database.close()
