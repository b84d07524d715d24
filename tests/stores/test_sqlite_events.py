"""Events and activity in SQLite."""

from collections.abc import Awaitable, Callable

import pytest

from iotflow.clock import Clock
from iotflow.domain.times import DAY_MS, Millis
from iotflow.repositories.activity import RETENTION_DAYS as ACTIVITY_DAYS
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.sql.activity import SqlActivity, SqlActivitySweeper
from iotflow.stores.sql.dialect import Database
from iotflow.stores.sql.events import SqlEvents
from tests.contracts.activity import ActivityContract
from tests.contracts.events import RETENTION_DAYS, EventsContract, OpenEvents, event
from tests.contracts.sweeper import Put, SweeperContract
from tests.contracts.telemetry.base import new_device
from tests.stores.sqlite import OnSqlite, SqliteActivity, SqliteEvents, SqliteTables


class TestSqliteEvents(OnSqlite, EventsContract):
    @pytest.fixture
    def open_events(self, database: Database, clock: Clock) -> OpenEvents:
        return lambda retention_days: SqlEvents(database, clock, retention_days)

    @pytest.fixture
    def raw(self, tables: SqliteTables) -> SqliteEvents:
        return SqliteEvents(tables)


class TestSqliteEventSweeper(OnSqlite, SweeperContract):
    @pytest.fixture
    def sweeper(self, database: Database, clock: Clock) -> SqlEvents:
        return SqlEvents(database, clock, RETENTION_DAYS)

    @pytest.fixture
    def put_expired(self, sweeper: SqlEvents, clock: Clock) -> Put:
        return lambda count: sweeper.add([event(clock, RETENTION_DAYS * DAY_MS + i) for i in range(count)])

    @pytest.fixture
    def put_kept(self, sweeper: SqlEvents, clock: Clock) -> Put:
        return lambda count: sweeper.add([event(clock, RETENTION_DAYS * DAY_MS - 1 - i) for i in range(count)])

    @pytest.fixture
    def stored(self, tables: SqliteTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("events")

    async def test_without_retention_nothing_is_removed(
        self, database: Database, clock: Clock, put_expired: Put, tables: SqliteTables
    ) -> None:
        await put_expired(5)
        assert not await SqlEvents(database, clock, 0).sweep_chunk()
        assert await tables.count("events") == 5


class TestSqliteActivity(OnSqlite, ActivityContract):
    @pytest.fixture
    def activity(self, database: Database) -> SqlActivity:
        return SqlActivity(database)

    @pytest.fixture
    def raw(self, tables: SqliteTables) -> SqliteActivity:
        return SqliteActivity(tables)


class TestSqliteActivitySweeper(OnSqlite, SweeperContract):
    @pytest.fixture
    def sweeper(self, database: Database, clock: Clock) -> SqlActivitySweeper:
        return SqlActivitySweeper(database, clock)

    @pytest.fixture
    def put_expired(self, database: Database, clock: Clock) -> Put:
        return self._put(database, Millis(clock.now() - ACTIVITY_DAYS * DAY_MS - 1))

    @pytest.fixture
    def put_kept(self, database: Database, clock: Clock) -> Put:
        return self._put(database, Millis(clock.now() - ACTIVITY_DAYS * DAY_MS))

    @pytest.fixture
    def stored(self, tables: SqliteTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("activity")

    def _put(self, database: Database, hour: Millis) -> Put:
        return lambda count: SqlActivity(database).add(
            {DeviceHour(new_device(), hour): Activity(1, 1) for _ in range(count)}
        )
