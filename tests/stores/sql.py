"""Contract suites of the SQL stores, for SQLite and PostgreSQL alike, and the stored rows seen around them."""

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from itertools import islice
from typing import Protocol
from uuid import UUID

import msgspec
import pytest

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.json import JsonObject
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.repositories import activity
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.stores.record_encoding import MAX_SCHEMAS_PER_DEVICE
from iotflow.stores.sql import alert_tables
from iotflow.stores.sql.activity import SqlActivity, SqlActivityRetention
from iotflow.stores.sql.alerts import SqlAlerts
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.events import SqlEvents
from iotflow.stores.sql.sealed_blocks import UnpackedBlock
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts import alerts, events
from tests.contracts.activity import ActivityContract
from tests.contracts.alerts import AlertsContract, OpenAlerts, alert
from tests.contracts.events import EventsContract, OpenEvents, event
from tests.contracts.raw import RawRow, RawTables
from tests.contracts.sweeper import Put, SweeperContract, sweep
from tests.contracts.telemetry import TelemetryContract
from tests.contracts.telemetry.base import (
    ALL_TIME,
    RETENTION_DAYS,
    OpenTelemetry,
    RawPoint,
    new_device,
    record,
    values_of,
)
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
        """Of a name that rows of several schemas hold at one time, the value received last counts."""
        names = {row["id"]: json.loads(row["names"]) for row in await self._tables.rows("telemetry_schemas", device_id)}
        found: dict[tuple[int, str], RawPoint] = {}
        rows = [
            (row["schema_id"], row["time"], row["received_us"], msgspec.msgpack.decode(row["measurements"]))
            for row in await self._tables.rows("telemetry_records", device_id)
        ]
        for block in await self._tables.rows("telemetry_blocks", device_id):
            sealed = UnpackedBlock(block["data"], block["number"]).records()
            rows += [(block["schema_id"], one.time, one.received_us, one.measurements) for one in sealed]
        for schema_id, time, received, values in rows:
            for name, value in zip(names[schema_id], values, strict=True):
                point = RawPoint(Millis(time), name, value, Micros(received))
                held = found.setdefault((time, name), point)
                if held.received < point.received:
                    found[time, name] = point
        return [found[key] for key in sorted(found)]

    async def metadata(self, device_id: int) -> dict[Millis, JsonObject]:
        rows = await self._tables.rows("telemetry_metadata", device_id)
        return {Millis(row["time"]): json.loads(row["metadata"]) for row in rows}


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
    implementation = SqlTelemetry

    @pytest.fixture
    async def open_telemetry(self, database: Database, clock: Clock) -> AsyncIterator[OpenTelemetry]:
        opened: list[SqlTelemetry] = []

        def open_player(retention_days: int) -> SqlTelemetry:
            opened.append(self.implementation(database, clock, retention_days))
            return opened[-1]

        yield open_player
        for telemetry in opened:
            await telemetry.close()

    @pytest.fixture
    def raw(self, tables: SqlTables) -> StoredTelemetry:
        return StoredTelemetry(tables)

    async def test_a_device_with_ever_other_names_has_few_schemas_of_several(
        self, telemetry: TelemetryRepository, tables: SqlTables, clock: Clock, device: int
    ) -> None:
        sent = [{"common": i, f"n{i % 10}": i, f"m{i % 90}": i} for i in range(MAX_SCHEMAS_PER_DEVICE + 60)]
        await telemetry.write(device, [record(clock, i, values) for i, values in enumerate(sent)])
        assert await values_of(telemetry, device) == dict(enumerate(sent))
        newest = {name: i for i, values in enumerate(sent) for name in values}
        latest = await telemetry.latest(device)
        assert {name: (found.value, found.timestamp) for name, found in latest.items()} == {
            name: (i, i) for name, i in newest.items()
        }
        assert await telemetry.names(device) == newest.keys()
        (counted,) = await telemetry.aggregate(
            device, "common", ALL_TIME, Aggregation.COUNT, window=Window(60_000), offset_ms=0
        )
        assert counted.value == len(sent)
        lists = [json.loads(row["names"]) for row in await tables.rows("telemetry_schemas", device)]
        assert sum(len(names) > 1 for names in lists) == MAX_SCHEMAS_PER_DEVICE

    async def test_a_failed_write_leaves_no_schema_behind(
        self, telemetry: TelemetryRepository, raw: StoredTelemetry, clock: Clock, device: int
    ) -> None:
        """After the rollback SQLite gives the id of its schema to another one."""
        with pytest.raises(OverflowError):
            await telemetry.write(device, [record(clock, 1, {"too large": 2**64})])
        await telemetry.write(device + 1, [record(clock, 1, {"good": 1})])
        assert await values_of(telemetry, device + 1) == {1: {"good": 1}}
        assert await raw.points(device) == []


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
        return lambda: tables.count("telemetry_records")

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
        assert await sweep(sweeper) == 3 + 3 + 1


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


class SqlAlertsSuite(AlertsContract):
    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("iotflow.stores.sql.alerts.ROWS_PER_CHUNK", alerts.CHUNK)

    @pytest.fixture
    def open_alerts(self, database: Database, clock: Clock) -> OpenAlerts:
        return lambda retention_days: SqlAlerts(database, clock, retention_days)


class SqlAlertSweeperSuite(SweeperContract):
    @pytest.fixture
    def sweeper(self, database: Database, clock: Clock) -> SqlAlerts:
        return SqlAlerts(database, clock, alerts.RETENTION_DAYS)

    @pytest.fixture
    def put_expired(self, database: Database, clock: Clock) -> Put:
        return self._put(database, clock, alerts.RETENTION_DAYS * DAY_MS)

    @pytest.fixture
    def put_kept(self, database: Database, clock: Clock) -> Put:
        return self._put(database, clock, alerts.RETENTION_DAYS * DAY_MS - 1)

    @pytest.fixture
    def stored(self, tables: SqlTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("alerts")

    def _put(self, database: Database, clock: Clock, ago_ms: int) -> Put:
        async def put(count: int) -> None:
            resolved_at = Millis(clock.now() - ago_ms)
            rows = [asdict(alert(clock, resolved_at=resolved_at)) for _ in range(count)]
            async with database.write(bulk=True) as connection:
                await connection.execute(alert_tables.alerts.insert(), rows)

        return put


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
