"""Telemetry in SQLite."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice

import pytest

from iotflow.clock import Clock
from iotflow.stores.sql.dialect import Database
from iotflow.stores.sql.telemetry import SqlTelemetry
from tests.contracts.sweeper import Put, SweeperContract, sweep
from tests.contracts.telemetry import TelemetryContract
from tests.contracts.telemetry.base import RETENTION_DAYS, OpenTelemetry, record
from tests.contracts.telemetry.retention import expiring
from tests.stores.sqlite import OnSqlite, SqliteTables, SqliteTelemetry


class TestSqliteTelemetry(OnSqlite, TelemetryContract):
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
    def raw(self, tables: SqliteTables) -> SqliteTelemetry:
        return SqliteTelemetry(tables)


class TestSqliteTelemetrySweeper(OnSqlite, SweeperContract):
    """Two of three records have metadata, so that the tables end at different chunks."""

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
    def stored(self, tables: SqliteTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("telemetry_points")

    async def test_metadata_goes_with_its_points(
        self, sweeper: SqlTelemetry, put_expired: Put, put_kept: Put, tables: SqliteTables
    ) -> None:
        await put_expired(2_500)
        await put_kept(3)
        await sweep(sweeper)
        assert await tables.count("telemetry_metadata") == 3

    async def test_a_round_looks_at_every_row_once(self, sweeper: SqlTelemetry, put_kept: Put, clock: Clock) -> None:
        await sweeper.write(1, [record(clock, i, {"x": 1, "y": 2, "z": 3}, {}) for i in range(2_400)])
        await put_kept(1)
        assert await sweep(sweeper) == 8 + 3
