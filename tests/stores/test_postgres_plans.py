"""Query plans of PostgreSQL, in tables large enough that a sequential scan is not the cheapest plan."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.devices import DeviceFilter
from iotflow.domain.events import EventFilter, EventPosition, EventType
from iotflow.domain.outbox import OutboxTopic
from iotflow.domain.telemetry import PageLimit
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.sql import open_database
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts.transactional import new_digest
from tests.stores.postgres import connected, drop_database, migrated_database, raise_deadlines
from tests.stores.statements import Statement, Statements, record_statements

DEVICES = 8
RECORDS = 5_000
NAMES = ("a", "b", "c", "d", "e")
SPAN = TimeRange(Millis(500_000), Millis(4_900_000))
ROWS_IN_ALL = DEVICES * RECORDS * len(NAMES)

FILL = f"""
    INSERT INTO telemetry_schemas (device_id, digest, names)
    SELECT device, sha256(name::bytea), json_build_array(name)
    FROM generate_series(1, 2000) device, unnest(ARRAY['a', 'b', 'c', 'd', 'e']) name;
    INSERT INTO telemetry_records
    SELECT device_id, record * 1000, id, 1, 9000000000000000000, '\\x9101'
    FROM telemetry_schemas, generate_series(1, {RECORDS}) record WHERE device_id <= {DEVICES};
    INSERT INTO telemetry_blocks
    SELECT device_id, id, day * 86400000, day * 86400000 + 1, 1, 1, 9000000000000000000, 1, 1, '', '', ''
    FROM telemetry_schemas, generate_series(1, 5) day WHERE device_id > {DEVICES};
    INSERT INTO telemetry_metadata
    SELECT device, record * 1000, '{{}}', 1, 9000000000000000000
    FROM generate_series(1, {DEVICES}) device, generate_series(1, {RECORDS}) record;
    INSERT INTO users
    SELECT gen_random_uuid(), 'u' || n, 'u' || n, 'u' || n || '@x', 'u' || n || '@x', '', true, n = 1, n, n, NULL
    FROM generate_series(1, 5000) n;
    INSERT INTO devices (user_id, name, name_key, device_type, status, created_at, updated_at)
    SELECT user_id, 'd' || n, 'd' || n, 't', 'active', 1, 1 FROM users, generate_series(1, 4) n;
    INSERT INTO device_keys SELECT sha256(id::text::bytea), id, 'iot_', 1, NULL FROM devices;
    INSERT INTO tokens SELECT sha256(user_id::text::bytea), user_id, 1, 9000000000000000000 FROM users;
    INSERT INTO events
    SELECT gen_random_uuid(), 'user.updated', n, user_id, n % 1000, '{{}}', NULL FROM users, generate_series(1, 10) n;
    INSERT INTO outbox (topic, subject, payload, not_before, attempts)
    SELECT 'event', 'user:' || (n % 500), '{{}}', 0, 0 FROM generate_series(1, 20000) n;
    VACUUM ANALYZE
"""

Plan = dict[str, Any]
"""A node of a plan. Any: PostgreSQL's own notation."""


@pytest.fixture(scope="module")
def filled(postgres_url: str) -> Iterator[str]:
    """Return a database with enough rows that reading them all would be the most expensive plan."""

    async def fill() -> str:
        url = await migrated_database(postgres_url)
        async with connected(url) as connection:
            for statement in FILL.split(";"):
                await connection.execute(statement)
        return url

    url = asyncio.run(fill())
    yield url
    asyncio.run(drop_database(url))


@pytest.fixture
async def database(filled: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    raise_deadlines(monkeypatch)
    database = open_database(filled)
    yield database
    await database.close()


@pytest.fixture
def telemetry(database: Database, clock: Clock) -> SqlTelemetry:
    return SqlTelemetry(database, clock, 30)


async def plans(url: str, statements: Statements) -> list[list[Plan]]:
    """Return the nodes of the plan of each recorded query."""
    asked = statements.beginning_with("SELECT", "WITH")
    assert asked, "no query was recorded"
    async with connected(url) as connection:
        return [list(_nodes(await _explain(connection, statement))) for statement in asked]


async def _explain(connection: Any, statement: Statement) -> Plan:
    sql, parameters = statement
    ((text,),) = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *parameters)
    plan: Plan = json.loads(text)[0]["Plan"]
    return plan


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def reads(nodes: list[Plan], table: str | None = None) -> list[Plan]:
    """Return the nodes that read a table; those of any table for None."""
    return [
        node
        for node in nodes
        if node["Node Type"].endswith("Scan")
        and ("Relation Name" in node or "Index Name" in node)
        and table in (None, node.get("Relation Name"))
    ]


def assert_by_index(nodes: list[Plan]) -> None:
    found = reads(nodes)
    assert found
    assert [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"] == []


def rows_read(nodes: list[Plan]) -> int:
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in reads(nodes)
    )


class TestPostgresPlans:
    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("after", [None, Millis(2_500_000)])
    @pytest.mark.parametrize("names", [None, ["a"], ["a", "b", "c"]])
    @pytest.mark.parametrize("time_range", [SPAN, TimeRange(Millis(0), None)])
    async def test_a_page_of_records_is_read_in_the_order_of_an_index(
        self,
        telemetry: SqlTelemetry,
        filled: str,
        descending: bool,
        after: Millis | None,
        names: list[str] | None,
        time_range: TimeRange,
    ) -> None:
        with record_statements() as statements:
            found = (
                await telemetry.records(
                    7, time_range, descending=descending, limit=PageLimit(50), after=after, names=names
                )
            ).records
        assert len(found) == 50
        for nodes in await plans(filled, statements):
            assert_by_index(nodes)
            assert rows_read(nodes) <= 2 * 50 * len(NAMES)

    async def test_the_newest_values_cost_a_few_probes_a_name(self, telemetry: SqlTelemetry, filled: str) -> None:
        with record_statements() as statements:
            assert len(await telemetry.latest(7)) == len(NAMES)
            assert len(await telemetry.names(7)) == len(NAMES)
        for nodes in await plans(filled, statements):
            assert_by_index(nodes)
            assert rows_read(nodes) <= 6 * len(NAMES)

    @pytest.mark.parametrize("aggregation", Aggregation)
    async def test_a_statistic_reads_the_records_of_its_name_and_span(
        self, telemetry: SqlTelemetry, filled: str, aggregation: Aggregation
    ) -> None:
        with record_statements() as statements:
            await telemetry.aggregate(7, "c", SPAN, aggregation, window=Window(60_000), offset_ms=0)
        for nodes in await plans(filled, statements):
            assert_by_index(nodes)
            # PostgreSQL may read the index first, and then the table.
            assert rows_read(nodes) <= 2 * ((SPAN.end or 0) - SPAN.start) // 1_000

    @pytest.mark.parametrize("paged", [False, True])
    @pytest.mark.parametrize("by", ["all", "type", "user", "device"])
    async def test_a_page_of_events_is_read_in_the_order_of_an_index(
        self, database: Database, clock: Clock, filled: str, by: str, paged: bool
    ) -> None:
        async with connected(filled) as connection:
            user_id = UUID(str(await connection.fetchval("SELECT user_id FROM users LIMIT 1")))
        where = {
            "all": EventFilter(),
            "type": EventFilter(event_type=EventType.USER_UPDATED, start=Millis(0)),
            "user": EventFilter(user_id=user_id),
            "device": EventFilter(device_id=3),
        }[by]
        with record_statements() as statements:
            await SqlEvents(database, clock, 0).page(where, 100, EventPosition(Millis(9), uuid4()) if paged else None)
        (nodes,) = await plans(filled, statements)
        assert_by_index(nodes)
        assert rows_read(nodes) <= 200

    async def test_a_sweep_resumes_after_the_last_chunk(self, telemetry: SqlTelemetry, filled: str) -> None:
        await telemetry.delete_expired_chunk()
        with record_statements() as statements:
            await telemetry.delete_expired_chunk()
        for nodes in await plans(filled, statements):
            assert_by_index(nodes)
            # PostgreSQL may read the index first, and then the table.
            assert rows_read(nodes) <= 2_200

    async def test_a_claim_reads_few_rows_however_many_messages_a_subject_has(
        self, database: Database, filled: str
    ) -> None:
        transactions = SqlTransactions(database)
        with record_statements() as statements:
            async with transactions.write() as transaction:
                due = await transaction.outbox.due_subjects(OutboxTopic.EVENT, Millis(1), "")
                await transaction.outbox.claim(OutboxTopic.EVENT, due.subjects[:10], Millis(1), 1, 20)
        scan, *claim = await plans(filled, statements)
        for nodes in (scan, *claim):
            assert_by_index(nodes)
        assert len(due.subjects) == 500
        assert rows_read(scan) <= 3 * 500
        assert max(rows_read(nodes) for nodes in claim) <= 4 * 200

    async def test_credentials_and_rows_of_a_user_are_found_by_an_index(self, database: Database, filled: str) -> None:
        transactions = SqlTransactions(database)
        async with connected(filled) as connection:
            user_id = UUID(str(await connection.fetchval("SELECT user_id FROM users LIMIT 1")))
        with record_statements() as statements:
            async with transactions.write() as transaction:
                await transaction.keys.find(new_digest(), Millis(1))
                await transaction.tokens.find(new_digest(), Millis(1))
                await transaction.accounts.find_credentials("u7")
                await transaction.accounts.lock_active_admins()
                await transaction.accounts.lock(user_id)
                await transaction.devices.page(DeviceFilter(user_id=user_id), 100, 0)
                await transaction.devices.lock([3, 4])
                await transaction.devices.get(3)
        for (sql, _), nodes in zip(statements.beginning_with("SELECT"), await plans(filled, statements), strict=True):
            assert_by_index(nodes)
            assert rows_read(nodes) <= 200, sql


async def test_a_table_that_grows_at_once_is_read_by_index_before_it_is_analyzed(postgres_url: str) -> None:
    """Statements prepared while a table was empty meet their deadline after 100,000 rows came in."""
    url = await migrated_database(postgres_url)
    add = "INSERT INTO outbox (topic, subject, payload, not_before, attempts) SELECT 'event', 'user:a', '{}', 0, 0"
    database = open_database(url)
    transactions = SqlTransactions(database)

    async def relay() -> int:
        async with transactions.write() as transaction:
            due = await transaction.outbox.due_subjects(OutboxTopic.EVENT, Millis(1), "")
            claimed = await transaction.outbox.claim(OutboxTopic.EVENT, due.subjects, Millis(1), 1, 200)
            await transaction.outbox.clamp_not_before(Millis(10), Millis(1))
            await transaction.outbox.remove([message.id for message in claimed])
        return len(claimed)

    async with connected(url) as connection:
        for _ in range(8):
            # Deleted rows are counted as none although their pages are: the estimate is one row at any size.
            for statement in (f"{add} FROM generate_series(1, 1000)", "DELETE FROM outbox", "ANALYZE outbox", add):
                await connection.execute(statement)
            assert await relay() == 1
        await connection.execute(f"{add} FROM generate_series(1, 100000)")
        assert await relay() == 200
    await database.close()
    await drop_database(url)
