"""Several workers on one PostgreSQL: they write the same rows concurrently and do not block each other forever."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection

import pytest

from iotflow.clock import Clock
from iotflow.domain.outbox import NewOutboxMessage, OutboxMessage, OutboxTopic
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.sql import open_database
from iotflow.stores.sql import telemetry as sql_telemetry
from iotflow.stores.sql.activity import SqlActivity
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts.sweeper import sweep
from tests.contracts.telemetry.base import RETENTION_DAYS, record
from tests.contracts.telemetry.retention import expiring
from tests.contracts.transactional import NOW, add_device, add_user
from tests.stores.postgres import OnPostgres, PostgresTables
from tests.stores.sql import StoredTelemetry
from tests.stores.statements import record_statements

LEASE_MS = 10_000


class TestPostgresWriters(OnPostgres):
    @pytest.fixture
    async def other(self, url: str) -> AsyncIterator[Database]:
        """Return the connections of another worker."""
        database = open_database(url)
        yield database
        await database.close()

    @pytest.fixture
    def workers(self, database: Database, other: Database, clock: Clock) -> list[SqlTelemetry]:
        return [SqlTelemetry(one, clock, RETENTION_DAYS) for one in (database, other)]

    @pytest.fixture
    def raw(self, tables: PostgresTables) -> StoredTelemetry:
        return StoredTelemetry(tables)

    async def test_two_workers_that_write_the_same_keys_keep_the_last_received_values(
        self, workers: list[SqlTelemetry], raw: StoredTelemetry
    ) -> None:
        shuffled = random.Random(5)
        names = [f"n{i}" for i in range(8)]
        received = list(range(1, 121))
        shuffled.shuffle(received)

        def records(stamp: int) -> list[Record]:
            order = shuffled.sample(names, len(names))
            times = shuffled.sample(range(10), 10)
            return [
                Record(Millis(time), dict.fromkeys(order, stamp), {"stamp": stamp}, Micros(10**15 + stamp))
                for time in times
            ]

        async with asyncio.timeout(60), asyncio.TaskGroup() as writing:
            for number, stamp in enumerate(received):
                writing.create_task(workers[number % 2].write(1, records(stamp)))
        assert {point.value for point in await raw.points(1)} == {max(received)}
        assert len(await raw.points(1)) == 10 * len(names)
        assert {metadata["stamp"] for metadata in (await raw.metadata(1)).values()} == {max(received)}

    async def test_concurrent_submissions_share_commits(
        self, workers: list[SqlTelemetry], raw: StoredTelemetry, clock: Clock
    ) -> None:
        with record_statements() as statements:
            async with asyncio.TaskGroup() as writing:
                for device in range(100):
                    writing.create_task(workers[0].write(device, [record(clock, 1, {"x": device})]))
        assert len(statements.beginning_with("INSERT INTO telemetry_records")) <= 3
        assert [len(await raw.points(device)) for device in range(100)] == [1] * 100

    async def test_a_submission_that_the_store_cannot_store_fails_alone_and_is_no_outage(
        self, workers: list[SqlTelemetry], raw: StoredTelemetry, clock: Clock
    ) -> None:
        outcomes = await asyncio.gather(
            *(workers[0].write(i, [record(clock, 1, {"x": 2**64 if i == 3 else i})]) for i in range(8)),
            return_exceptions=True,
        )
        assert [isinstance(outcome, Exception) for outcome in outcomes] == [i == 3 for i in range(8)]
        assert [len(await raw.points(i)) for i in range(8)] == [0 if i == 3 else 1 for i in range(8)]

    async def test_concurrent_deletions_sweeps_and_writes_of_two_workers_succeed(
        self, workers: list[SqlTelemetry], raw: StoredTelemetry, clock: Clock
    ) -> None:
        await workers[0].write(1, [expiring(clock, -1, i, {"x": i, "y": i}) for i in range(4_000)])
        await workers[0].write(2, [record(clock, i, {"x": i, "y": i}, {}) for i in range(4_000)])
        async with asyncio.timeout(60), asyncio.TaskGroup() as working:
            for worker in workers:
                working.create_task(sweep(worker))
                working.create_task(worker.delete(2, TimeRange(Millis(1_000), Millis(3_000))))
                working.create_task(worker.write(2, [record(clock, i, {"y": -i, "x": -i}) for i in range(500)]))
        assert await raw.points(1) == []
        assert len(await raw.points(2)) == 2 * 2_000
        assert {point.value for point in await raw.points(2) if point.timestamp < 500} == {-i for i in range(500)}

    async def test_a_write_is_retried_after_a_deadlock(
        self, database: Database, workers: list[SqlTelemetry], raw: StoredTelemetry, clock: Clock
    ) -> None:
        """Another client locks the second row and then waits for the first, which the write has locked."""
        await workers[0].write(1, [record(clock, time, {"x": 0}) for time in (1, 2)])
        lock = "SELECT 1 FROM telemetry_records WHERE device_id = 1 AND time = {} FOR UPDATE"
        async with asyncio.timeout(30):
            async with database.write(bulk=True) as connection:
                await connection.exec_driver_sql("SET LOCAL deadlock_timeout = '20s'")
                await connection.exec_driver_sql(lock.format(2))
                writing = asyncio.create_task(workers[1].write(1, [record(clock, time, {"x": 1}) for time in (1, 2)]))
                await asyncio.wait([writing], timeout=0.3)
                assert not writing.done()
                await connection.exec_driver_sql(lock.format(1))
            await writing
        assert [point.value for point in await raw.points(1)] == [1, 1]

    async def test_activity_and_presence_of_two_workers_add_up(
        self, database: Database, other: Database, tables: PostgresTables
    ) -> None:
        owner = await add_user(SqlTransactions(database))
        ids = [(await add_device(SqlTransactions(database), owner.user_id)).id for _ in range(40)]

        async def flush(one: Database, order: list[int]) -> None:
            for _ in range(5):
                await SqlActivity(one).add({DeviceHour(device, Millis(0)): Activity(1, 3) for device in order})
                async with SqlTransactions(one).write() as transaction:
                    await transaction.devices.record_seen(dict.fromkeys(order, NOW))

        async with asyncio.timeout(30):
            await asyncio.gather(flush(database, ids), flush(other, ids[::-1]))
        assert {(row["messages"], row["points"]) for row in await tables.rows("activity")} == {(10, 30)}
        assert {row["last_seen"] for row in await tables.rows("devices")} == {NOW}

    async def test_a_later_message_does_not_overtake_one_that_is_being_claimed(
        self, database: Database, other: Database
    ) -> None:
        messages = [NewOutboxMessage(OutboxTopic.EVENT, subject, {"n": n}, NOW) for n, subject in enumerate("aaab")]
        async with SqlTransactions(database).write() as transaction:
            await transaction.outbox.add(messages)

        async with SqlTransactions(database).read() as transaction:
            subjects = (await transaction.outbox.due_subjects(OutboxTopic.EVENT, NOW)).subjects

        async def claim(transactions: SqlTransactions, subjects: Collection[str]) -> list[OutboxMessage]:
            async with transactions.write() as transaction:
                return await transaction.outbox.claim(OutboxTopic.EVENT, subjects, NOW, LEASE_MS, 10)

        async with SqlTransactions(database).write() as transaction:
            first = await transaction.outbox.claim(OutboxTopic.EVENT, subjects[:1], NOW, LEASE_MS, 1)
            async with asyncio.timeout(1):
                second = await claim(SqlTransactions(other), subjects)
        assert [[message.payload["n"] for message in claimed] for claimed in (first, second)] == [[0], [3]]
        async with SqlTransactions(other).write() as transaction:
            await transaction.outbox.remove([message.id for message in first])
        async with SqlTransactions(other).read() as transaction:
            subjects = (await transaction.outbox.due_subjects(OutboxTopic.EVENT, NOW)).subjects
        third = await claim(SqlTransactions(other), subjects)
        assert [message.payload["n"] for message in third] == [1, 2]

    async def test_a_sweep_without_expired_rows_deletes_nothing(
        self, workers: list[SqlTelemetry], clock: Clock
    ) -> None:
        await workers[0].write(1, [record(clock, i, {"x": i}, {}) for i in range(1_500)])
        with record_statements() as statements:
            await sweep(workers[0])
        assert statements.sent
        assert statements.beginning_with("DELETE") == []

    async def test_a_sweep_deletes_in_small_chunks(self, workers: list[SqlTelemetry], clock: Clock) -> None:
        await workers[0].write(1, [expiring(clock, -1, i, {"x": i}) for i in range(4_500)])
        with record_statements() as statements:
            await sweep(workers[0])
        assert sum(statements.removed) == 4_500
        assert max(statements.removed) <= sql_telemetry.ROWS_PER_SWEEP
