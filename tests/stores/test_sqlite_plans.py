"""Query plans of SQLite: reads use an index and sort nothing."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.devices import DeviceFilter
from iotflow.domain.events import EventFilter, EventPosition, EventType
from iotflow.domain.groups import MemberLimit
from iotflow.domain.telemetry import PageLimit
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.sql.activity import SqlActivityRetention
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts.telemetry.base import record
from tests.contracts.transactional import new_digest
from tests.stores.sqlite import OnSqlite, SqliteTables
from tests.stores.statements import Statements, record_statements

SPAN = TimeRange(Millis(1_000), Millis(2_000))
SORTS = "USE TEMP B-TREE"
BY_SCHEMA = "INDEX ix_telemetry_records_by_schema"


def plans(tables: SqliteTables, statements: Statements) -> list[list[str]]:
    """Return the steps of the plan of each recorded query."""
    found = [
        [row["detail"] for row in tables.query(f"EXPLAIN QUERY PLAN {sql}", *parameters)]
        for sql, parameters in statements.beginning_with("SELECT", "WITH")
    ]
    assert found, "no query was recorded"
    return found


def steps_of(table: str, steps: Sequence[str]) -> list[str]:
    """Return the steps of a plan that read a table."""
    return [step for step in steps if f" {table} " in f"{step} "]


class TestSqlitePlans(OnSqlite):
    @pytest.fixture
    def telemetry(self, database: Database, clock: Clock) -> SqlTelemetry:
        return SqlTelemetry(database, clock, 30)

    @pytest.fixture
    def events(self, database: Database, clock: Clock) -> SqlEvents:
        return SqlEvents(database, clock, 30)

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("after", [None, Millis(1_500)])
    @pytest.mark.parametrize("names", [None, ["a"], ["a", "b", "c"]])
    @pytest.mark.parametrize("time_range", [SPAN, TimeRange(Millis(0), None)])
    async def test_a_page_of_records_is_read_in_the_order_of_an_index(
        self,
        telemetry: SqlTelemetry,
        tables: SqliteTables,
        clock: Clock,
        descending: bool,
        after: Millis | None,
        names: list[str] | None,
        time_range: TimeRange,
    ) -> None:
        await telemetry.write(1, [record(clock, time, {"a": 1, "b": 2}, {"n": 1}) for time in (1_200, 1_500, 1_800)])
        with record_statements() as statements:
            await telemetry.records(
                1, time_range, descending=descending, limit=PageLimit(100), after=after, names=names
            )
        found = plans(tables, statements)
        assert len(found) == 2 + (names is not None), "schemas, records, metadata"
        for step in (step for steps in found[-2:] for step in steps if step.startswith("SEARCH telemetry_")):
            assert "(device_id=? AND" in step
            assert "time>?" in step

    async def test_the_newest_time_of_a_device_is_one_probe_of_the_key(
        self, telemetry: SqlTelemetry, tables: SqliteTables
    ) -> None:
        with record_statements() as statements:
            await telemetry.newest_times([1, 2, 3], SPAN)
        (steps,) = plans(tables, statements)
        assert SORTS not in " ".join(steps)
        (search,) = steps_of("telemetry_records", steps)
        assert search.startswith("SEARCH telemetry_records USING PRIMARY KEY (device_id=? AND time>? AND time<?)")

    async def test_the_newest_values_cost_a_few_probes_a_schema(
        self, telemetry: SqlTelemetry, tables: SqliteTables, clock: Clock
    ) -> None:
        await telemetry.write(1, [record(clock, 1, {"x": 1}), record(clock, 1, {"x": 1, "y": 2})])
        with record_statements() as statements:
            await telemetry.latest(1)
            await telemetry.names(1)
        ids, latest, _, names = plans(tables, statements)
        assert SORTS not in " ".join(latest + names)
        assert [step.partition("(")[0] for step in ids] == [
            "SEARCH telemetry_schemas USING COVERING INDEX sqlite_autoindex_telemetry_schemas_1 "
        ]
        between = "(device_id=? AND (schema_id,time)>(?,?) AND (schema_id,time)<(?,?))"
        of_key = "SEARCH telemetry_records USING PRIMARY KEY (device_id=? AND time=? AND schema_id=?) LEFT-JOIN"
        assert steps_of("telemetry_records", latest) == [
            of_key,
            f"SEARCH telemetry_records USING {BY_SCHEMA} {between}",
        ]
        of_schema = f"SEARCH telemetry_records USING COVERING {BY_SCHEMA} (device_id=? AND schema_id=?)"
        assert steps_of("telemetry_records", names) == [of_schema]

    @pytest.mark.parametrize("others", [0, 1])
    @pytest.mark.parametrize("aggregation", Aggregation)
    async def test_a_statistic_reads_the_records_of_its_span_in_order_of_time(
        self, telemetry: SqlTelemetry, tables: SqliteTables, clock: Clock, aggregation: Aggregation, others: int
    ) -> None:
        await telemetry.write(1, [record(clock, 1, {name: 1}) for name in ("x", "y")[: 1 + others]])
        with record_statements() as statements:
            await telemetry.aggregate(1, "x", SPAN, aggregation, window=Window(60_000), offset_ms=0)
        steps = plans(tables, statements)[-1]
        by_schema = f"{BY_SCHEMA} (device_id=? AND (schema_id,time)>(?,?) AND (schema_id,time)<(?,?))"
        by_time = "PRIMARY KEY (device_id=? AND time>? AND time<?)"
        assert steps == [f"SEARCH telemetry_records USING {by_schema if others else by_time}"]

    @pytest.mark.parametrize("paged", [False, True])
    @pytest.mark.parametrize(
        ("where", "index"),
        [
            (EventFilter(), "ix_events_timestamp_id"),
            (EventFilter(event_type=EventType.USER_UPDATED, start=Millis(0)), "ix_events_timestamp_id"),
            (EventFilter(user_id=uuid4()), "ix_events_user_id_timestamp_id"),
            (EventFilter(user_id=uuid4(), start=Millis(0), end=Millis(9)), "ix_events_user_id_timestamp_id"),
            (EventFilter(device_id=1), "ix_events_device_id_timestamp_id"),
        ],
    )
    async def test_a_page_of_events_is_read_in_the_order_of_an_index(
        self, events: SqlEvents, tables: SqliteTables, where: EventFilter, index: str, paged: bool
    ) -> None:
        with record_statements() as statements:
            await events.page(where, 100, EventPosition(Millis(5), uuid4()) if paged else None)
        ((step,),) = plans(tables, statements)
        assert step.startswith(f"SEARCH events USING INDEX {index} (")

    async def test_a_sweep_resumes_after_the_last_chunk(
        self, telemetry: SqlTelemetry, events: SqlEvents, tables: SqliteTables, clock: Clock, database: Database
    ) -> None:
        async with database.write() as connection:
            await connection.exec_driver_sql(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
                "INSERT INTO telemetry_records SELECT 1, i, 1, 1, 9000000000000000000, x'9101' FROM n"
            )
        await telemetry.delete_expired_chunk()
        with record_statements() as statements:
            await telemetry.delete_expired_chunk()
            await events.delete_expired_chunk()
            await SqlActivityRetention(database, clock).delete_expired_chunk()
        for (step,) in plans(tables, statements):
            assert step.startswith("SEARCH"), step

    async def test_credentials_are_found_by_an_index(self, database: Database, tables: SqliteTables) -> None:
        transactions = SqlTransactions(database)
        with record_statements() as statements:
            async with transactions.read() as transaction:
                await transaction.keys.find(new_digest(), Millis(1))
                await transaction.tokens.find(new_digest(), Millis(1))
                await transaction.accounts.find_credentials("ada")
                await transaction.devices.page(DeviceFilter(user_id=uuid4()), 100, 0)
                await transaction.groups.of_device(1, 9)
                await transaction.groups.first_members([1, 2], MemberLimit())
                await transaction.devices.get(1)
        for steps in plans(tables, statements):
            # The partial index holds only users who are marked as deleted.
            scans = [step for step in steps if step.startswith("SCAN") and "ix_users_deleted" not in step]
            assert scans == [], steps
