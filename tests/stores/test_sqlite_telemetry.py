"""Telemetry in SQLite."""

from tests.stores.sql import SqlTelemetrySuite, SqlTelemetrySweeperSuite
from tests.stores.sqlite import OnSqlite


class TestSqliteTelemetry(OnSqlite, SqlTelemetrySuite): ...


class TestSqliteTelemetrySweeper(OnSqlite, SqlTelemetrySweeperSuite): ...
