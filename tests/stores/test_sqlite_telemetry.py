"""Telemetry in SQLite."""

from tests.stores.sealed import SealedTelemetrySuite
from tests.stores.sql import SqlTelemetrySuite, SqlTelemetrySweeperSuite
from tests.stores.sqlite import OnSqlite


class TestSqliteTelemetry(OnSqlite, SqlTelemetrySuite): ...


class TestSealedSqliteTelemetry(OnSqlite, SealedTelemetrySuite): ...


class TestSqliteTelemetrySweeper(OnSqlite, SqlTelemetrySweeperSuite): ...
