"""Contract suites of the SQL stores, for SQLite and PostgreSQL alike, and the stored rows seen around them."""

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import Protocol
from uuid import UUID

import pytest

from iotflow.clock import Clock
from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import Value
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.repositories import activity
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.sql.activity import SqlActivity, SqlActivityRetention
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts import events
from tests.contracts.activity import ActivityContract
from tests.contracts.events import EventsContract, OpenEvents, event
from tests.contracts.raw import RawRow, RawTables
from tests.contracts.sweeper import Put, SweeperContract, sweep
from tests.contracts.telemetry import TelemetryContract
from tests.contracts.telemetry.base import RETENTION_DAYS, OpenTelemetry, RawPoint, new_device, record
from tests.contracts.telemetry.retention import expiring


class SqlTables(RawTables, Protocol):
    """The tables of a SQL store, on a connection beside the implementation's."""

    boolean: type
    """The type in which the store returns a boolean."""

    async def rows(self, table: str, device_id: int | None = None) -> list[RawRow]:
        """Return all rows of a table, or those of a device."""
        ...

    async def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        ...


class StoredTelemetry:
    """Implementation of `RawTelemetry`."""

    def __init__(self, tables: SqlTables) -> None:
        self._tables = tables

    async def points(self, device_id: int) -> list[RawPoint]:
        rows = await self._tables.rows("telemetry_points", device_id)
        return [
            RawPoint(Millis(row["time"]), row["name"], self._value(row), Micros(row["received_us"]))
            for row in sorted(rows, key=lambda row: (row["time"], row["name"]))
        ]

    async def metadata(self, device_id: int) -> dict[Millis, JsonObject]:
        rows = await self._tables.rows("telemetry_metadata", device_id)
        return {Millis(row["time"]): json.loads(row["metadata"]) for row in rows}

    def _value(self, row: RawRow) -> Value:
        kinds = {
            "bool_value": (self._tables.boolean, bool),
            "int_value": (int, int),
            "float_value": (float, float),
            "text_value": (str, str),
        }
        (column,) = [column for column in kinds if row[column] is not None]
        stored, kind = kinds[column]
        assert type(row[column]) is stored, f"the store returned a {kind.__name__} as another type"
        value: Value = kind(row[column])
        return value


class StoredEvents:
    """Implementation of `RawEvents`."""

    def __init__(self, tables: SqlTables) -> None:
        self._tables = tables

    async def details(self) -> dict[UUID, JsonObject]:
        return {UUID(str(row["id"])): json.loads(row["details"]) for row in await self._tables.rows("events")}


class StoredActivity:
    """Implementation of `RawActivity`."""

    def __init__(self, tables: SqlTables) -> None:
        self._tables = tables

    async def counts(self) -> dict[DeviceHour, Activity]:
        return {
            DeviceHour(row["device_id"], Millis(row["hour"])): Activity(row["messages"], row["points"])
            for row in await self._tables.rows("activity")
        }


class Transactional:
    """Makes the contract suites of repositories within a transaction run on a database."""

    @pytest.fixture
    def transactions(self, database: Database) -> SqlTransactions:
        return SqlTransactions(database)


class SqlTelemetrySuite(TelemetryContract):
    @pytest.fixture
    async def open_telemetry(self, database: Database, clock: Clock) -> AsyncIterator[OpenTelemetry]:
        opened: list[SqlTelemetry] = []

        def open_player(retention_days: int) -> SqlTelemetry:
            opened.append(SqlTelemetry(database, clock, retention_days))
            return opened[-1]

        yield open_player
        for telemetry in opened:
            await telemetry.close()

    @pytest.fixture
    def raw(self, tables: SqlTables) -> StoredTelemetry:
        return StoredTelemetry(tables)


class SqlTelemetrySweeperSuite(SweeperContract):
    """Two of three records have metadata, so the two tables end in different chunks."""

    @pytest.fixture
    def sweeper(self, database: Database, clock: Clock) -> SqlTelemetry:
        return SqlTelemetry(database, clock, RETENTION_DAYS)

    @pytest.fixture
    def put_expired(self, sweeper: SqlTelemetry, clock: Clock) -> Put:
        return lambda count: sweeper.write(
            1, [expiring(clock, -1, i, {"x": i}, {"n": 1} if i % 3 else None) for i in range(count)]
        )

    @pytest.fixture
    def put_kept(self, sweeper: SqlTelemetry, clock: Clock) -> Put:
        def put(count: int) -> Awaitable[None]:
            return sweeper.write(2, [record(clock, time, {"x": 1}, {"n": 1}) for time in islice(times, count)])

        times = itertools.count()
        return put

    @pytest.fixture
    def stored(self, tables: SqlTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("telemetry_points")

    async def test_metadata_is_deleted_with_its_points(
        self, sweeper: SqlTelemetry, put_expired: Put, put_kept: Put, tables: SqlTables
    ) -> None:
        await put_expired(2_500)
        await put_kept(3)
        await sweep(sweeper)
        assert await tables.count("telemetry_metadata") == 3

    async def test_a_round_reads_every_row_once(self, sweeper: SqlTelemetry, put_kept: Put, clock: Clock) -> None:
        await sweeper.write(1, [record(clock, i, {"x": 1, "y": 2, "z": 3}, {}) for i in range(2_400)])
        await put_kept(1)
        assert await sweep(sweeper) == 8 + 3


class SqlEventsSuite(EventsContract):
    @pytest.fixture
    def open_events(self, database: Database, clock: Clock) -> OpenEvents:
        return lambda retention_days: SqlEvents(database, clock, retention_days)

    @pytest.fixture
    def raw(self, tables: SqlTables) -> StoredEvents:
        return StoredEvents(tables)


class SqlEventSweeperSuite(SweeperContract):
    @pytest.fixture
    def sweeper(self, database: Database, clock: Clock) -> SqlEvents:
        return SqlEvents(database, clock, events.RETENTION_DAYS)

    @pytest.fixture
    def put_expired(self, sweeper: SqlEvents, clock: Clock) -> Put:
        return lambda count: sweeper.add([event(clock, events.RETENTION_DAYS * DAY_MS + i) for i in range(count)])

    @pytest.fixture
    def put_kept(self, sweeper: SqlEvents, clock: Clock) -> Put:
        return lambda count: sweeper.add([event(clock, events.RETENTION_DAYS * DAY_MS - 1 - i) for i in range(count)])

    @pytest.fixture
    def stored(self, tables: SqlTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("events")

    async def test_without_retention_nothing_is_deleted(
        self, database: Database, clock: Clock, put_expired: Put, tables: SqlTables
    ) -> None:
        await put_expired(5)
        assert not await SqlEvents(database, clock, 0).delete_expired_chunk()
        assert await tables.count("events") == 5


class SqlActivitySuite(ActivityContract):
    @pytest.fixture
    def activity(self, database: Database) -> SqlActivity:
        return SqlActivity(database)

    @pytest.fixture
    def raw(self, tables: SqlTables) -> StoredActivity:
        return StoredActivity(tables)


class SqlActivitySweeperSuite(SweeperContract):
    @pytest.fixture
    def sweeper(self, database: Database, clock: Clock) -> SqlActivityRetention:
        return SqlActivityRetention(database, clock)

    @pytest.fixture
    def put_expired(self, database: Database, clock: Clock) -> Put:
        return self._put(database, Millis(clock.now() - activity.RETENTION_DAYS * DAY_MS - 1))

    @pytest.fixture
    def put_kept(self, database: Database, clock: Clock) -> Put:
        return self._put(database, Millis(clock.now() - activity.RETENTION_DAYS * DAY_MS))

    @pytest.fixture
    def stored(self, tables: SqlTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("activity")

    def _put(self, database: Database, hour: Millis) -> Put:
        return lambda count: SqlActivity(database).add(
            {DeviceHour(new_device(), hour): Activity(1, 1) for _ in range(count)}
        )
