"""Many concurrent writers on SQLite: they share its only writer, and none fails with "database is locked"."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from iotflow.clock import Clock
from iotflow.domain.outbox import NewOutboxMessage, OutboxTopic
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.sql import telemetry as sql_telemetry
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.sqlite_inserts import ROWS_PER_INSERT
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts.sweeper import sweep
from tests.contracts.telemetry.base import RETENTION_DAYS, purge_all, record
from tests.contracts.telemetry.retention import expiring
from tests.contracts.transactional import NOW, add_device, add_user
from tests.stores.sql import StoredTelemetry
from tests.stores.sqlite import OnSqlite, SqliteTables
from tests.stores.statements import record_statements


class TestSqliteWriters(OnSqlite):
    @pytest.fixture
    def telemetry(self, database: Database, clock: Clock) -> SqlTelemetry:
        return SqlTelemetry(database, clock, RETENTION_DAYS)

    @pytest.fixture
    def transactions(self, database: Database) -> SqlTransactions:
        return SqlTransactions(database)

    @pytest.fixture
    def raw(self, tables: SqliteTables) -> StoredTelemetry:
        return StoredTelemetry(tables)

    async def test_fifty_writers_of_telemetry_and_transactions_lose_nothing(
        self,
        telemetry: SqlTelemetry,
        transactions: SqlTransactions,
        tables: SqliteTables,
        raw: StoredTelemetry,
        clock: Clock,
    ) -> None:
        owner = await add_user(transactions)
        rounds = 6

        async def write(writer: int) -> None:
            for i in range(rounds):
                if (writer + i) % 2:
                    await telemetry.write(writer, [record(clock, 1_000 + i, {"x": i})])
                else:
                    # Reads before it writes: a deferred transaction would fail with "database is locked".
                    async with transactions.write() as transaction:
                        await transaction.outbox.count()
                        message = NewOutboxMessage(OutboxTopic.EVENT, f"writer {writer}", {"round": i}, NOW)
                        await transaction.outbox.add([message])
                async with transactions.read() as reading:
                    assert await reading.accounts.get(owner.user_id) == owner

        async with asyncio.timeout(30), asyncio.TaskGroup() as writers:
            for writer in range(50):
                writers.create_task(write(writer))
        assert len(await tables.rows("outbox")) == 50 * rounds // 2
        assert [len(await raw.points(writer)) for writer in range(50)] == [rounds // 2] * 50

    async def test_concurrent_submissions_share_commits(
        self, telemetry: SqlTelemetry, raw: StoredTelemetry, clock: Clock
    ) -> None:
        with record_statements() as statements:
            async with asyncio.TaskGroup() as writers:
                for device in range(100):
                    writers.create_task(telemetry.write(device, [record(clock, 1, {"x": device})]))
        assert len(statements.beginning_with("BEGIN IMMEDIATE")) <= 3
        assert [len(await raw.points(device)) for device in range(100)] == [1] * 100

    async def test_single_submissions_do_not_wait_for_a_whole_batch(
        self, telemetry: SqlTelemetry, raw: StoredTelemetry, clock: Clock
    ) -> None:
        values = dict.fromkeys((f"name {i}" for i in range(256)), 1)
        with record_statements() as statements:
            batch = asyncio.create_task(telemetry.write(1, [record(clock, i, values) for i in range(100)]))
            for i in range(2):
                await telemetry.write(2, [record(clock, i, {"x": 1})])
            assert not batch.done(), "the submissions waited for the whole batch"
            await batch
        assert len(await raw.points(1)) == 25_600
        assert len(statements.beginning_with("BEGIN IMMEDIATE")) >= 25_600 // sql_telemetry.VALUES_PER_FLUSH

    async def test_a_submission_that_sqlite_cannot_store_fails_alone(
        self, telemetry: SqlTelemetry, raw: StoredTelemetry, clock: Clock
    ) -> None:
        outcomes = await asyncio.gather(
            *(telemetry.write(i, [record(clock, 1, {"x": 2**64 if i == 3 else i})]) for i in range(8)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [OverflowError if i == 3 else type(None) for i in range(8)]
        assert [len(await raw.points(i)) for i in range(8)] == [0 if i == 3 else 1 for i in range(8)]

    async def test_a_writer_of_another_process_delays_writes_without_failing_them(
        self,
        telemetry: SqlTelemetry,
        transactions: SqlTransactions,
        sqlite_file: Path,
        raw: StoredTelemetry,
        clock: Clock,
    ) -> None:
        owner = await add_user(transactions)
        with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE users SET last_login = 1")
            writes = [
                asyncio.create_task(telemetry.write(1, [record(clock, 1, {"x": 1})])),
                asyncio.create_task(add_device(transactions, owner.user_id)),
            ]
            done, _ = await asyncio.wait(writes, timeout=0.3)
            assert not done
            async with transactions.read() as reading:
                assert await reading.accounts.get(owner.user_id) == owner
            other.execute("COMMIT")
            async with asyncio.timeout(5):
                await asyncio.gather(*writes)
        assert len(await raw.points(1)) == 1
        async with transactions.read() as reading:
            found = await reading.accounts.get(owner.user_id)
        assert found is not None
        assert found.last_login == 1

    async def test_cancelling_a_waiting_writer_does_not_affect_the_others(
        self, transactions: SqlTransactions, tables: SqliteTables
    ) -> None:
        holding, release = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with transactions.write() as transaction:
                await transaction.outbox.count()
                holding.set()
                await release.wait()

        holder = asyncio.create_task(hold())
        await holding.wait()
        waiting = [asyncio.create_task(add_user(transactions)) for _ in range(4)]
        await asyncio.wait(waiting, timeout=0.05)
        waiting[1].cancel()
        release.set()
        await holder
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [False, True, False, False]
        assert await tables.count("users") == 3

    async def test_submissions_do_not_wait_for_a_whole_sweep(
        self, telemetry: SqlTelemetry, tables: SqliteTables, raw: StoredTelemetry, clock: Clock
    ) -> None:
        await telemetry.write(1, [expiring(clock, -1, i, {"x": i}) for i in range(20_000)])
        with record_statements() as statements:
            sweeping = asyncio.create_task(sweep(telemetry))
            for i in range(5):
                await telemetry.write(2, [record(clock, i, {"x": 1})])
            assert not sweeping.done(), "the submissions waited for the whole sweep"
            assert len(await raw.points(1)) > 0
            await sweeping
        assert await raw.points(1) == []
        assert len(await raw.points(2)) == 5
        assert max(statements.removed) <= sql_telemetry.ROWS_PER_SWEEP
        assert len(statements.removed) == 20

    async def test_a_sweep_without_expired_rows_begins_no_write_transaction(
        self, telemetry: SqlTelemetry, clock: Clock
    ) -> None:
        await telemetry.write(1, [record(clock, i, {"x": i}, {}) for i in range(2_500)])
        with record_statements() as statements:
            await sweep(telemetry)
        assert statements.sent
        assert statements.beginning_with("BEGIN IMMEDIATE") == []

    async def test_large_records_are_deleted_few_at_a_time(
        self, telemetry: SqlTelemetry, raw: StoredTelemetry, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sql_telemetry, "BYTES_PER_CHUNK", 10_000)
        text = "x" * 990
        for device in (1, 2):
            await telemetry.write(device, [record(clock, i, {"x": text}) for i in range(100)])
        await telemetry.write(3, [expiring(clock, -1, i, {"x": text}) for i in range(100)])
        with record_statements() as statements:
            await telemetry.delete(1, TimeRange(Millis(0), None))
            await purge_all(telemetry, 2)
            await sweep(telemetry)
        assert [await raw.points(device) for device in (1, 2, 3)] == [[], [], []]
        assert max(statements.removed) == 10

    @pytest.mark.parametrize("purged", [False, True])
    async def test_submissions_do_not_wait_for_a_whole_deletion(
        self, telemetry: SqlTelemetry, raw: StoredTelemetry, clock: Clock, purged: bool
    ) -> None:
        values = dict.fromkeys("wxyz", 1)
        await telemetry.write(1, [record(clock, i, values, {}) for i in range(12_000)])
        with record_statements() as statements:
            deletion = purge_all(telemetry, 1) if purged else telemetry.delete(1, TimeRange(Millis(0), Millis(12_000)))
            deleting = asyncio.create_task(deletion)
            for i in range(2):
                await telemetry.write(2, [record(clock, i, {"x": 1})])
            assert not deleting.done(), "the submissions waited for the whole deletion"
            await deleting
        assert await raw.points(1) == []
        assert await raw.metadata(1) == {}
        assert max(statements.removed) <= sql_telemetry.ROWS_PER_DELETION
        assert sum(statements.removed) == 24_000 + purged, "records, metadata, and the schema of a purged device"


class TestRowsOfOneTransaction(OnSqlite):
    @pytest.mark.parametrize("number", [1, 2, ROWS_PER_INSERT, ROWS_PER_INSERT + 1, 2 * ROWS_PER_INSERT, 500])
    async def test_all_rows_are_inserted_or_none(self, database: Database, tables: SqliteTables, number: int) -> None:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE numbers (number INTEGER NOT NULL, twice INTEGER NOT NULL)"))
        statement = "INSERT INTO numbers (number, twice) VALUES (?, ?)"
        with pytest.raises(sqlite3.IntegrityError):
            await database.write_rows(statement, [*((n, 2 * n) for n in range(number)), (number, None)])
        assert await tables.rows("numbers") == []
        await database.write_rows(statement, [(n, 2 * n) for n in range(number)])
        assert await tables.rows("numbers") == [{"number": n, "twice": 2 * n} for n in range(number)]
