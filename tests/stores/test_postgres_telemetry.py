"""Telemetry in PostgreSQL."""

from tests.stores.postgres import OnPostgres
from tests.stores.sealed import SealedTelemetrySuite
from tests.stores.sql import SqlTelemetrySuite, SqlTelemetrySweeperSuite


class TestPostgresTelemetry(OnPostgres, SqlTelemetrySuite): ...


class TestSealedPostgresTelemetry(OnPostgres, SealedTelemetrySuite): ...


class TestPostgresTelemetrySweeper(OnPostgres, SqlTelemetrySweeperSuite): ...
