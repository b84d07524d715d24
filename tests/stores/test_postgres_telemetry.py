"""Telemetry in PostgreSQL."""

from tests.stores.postgres import OnPostgres
from tests.stores.sql import SqlTelemetrySuite, SqlTelemetrySweeperSuite


class TestPostgresTelemetry(OnPostgres, SqlTelemetrySuite): ...


class TestPostgresTelemetrySweeper(OnPostgres, SqlTelemetrySweeperSuite): ...
