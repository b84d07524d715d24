"""Events, alerts, reports and activity in PostgreSQL."""

from tests.stores.postgres import OnPostgres
from tests.stores.sql import (
    SqlActivitySuite,
    SqlActivitySweeperSuite,
    SqlAlertsSuite,
    SqlAlertSweeperSuite,
    SqlEventsSuite,
    SqlEventSweeperSuite,
)
from tests.stores.sql_reports import SqlReportsSuite, SqlReportSweeperSuite


class TestPostgresEvents(OnPostgres, SqlEventsSuite): ...


class TestPostgresEventSweeper(OnPostgres, SqlEventSweeperSuite): ...


class TestPostgresActivity(OnPostgres, SqlActivitySuite): ...


class TestPostgresActivitySweeper(OnPostgres, SqlActivitySweeperSuite): ...


class TestPostgresAlerts(OnPostgres, SqlAlertsSuite): ...


class TestPostgresAlertSweeper(OnPostgres, SqlAlertSweeperSuite): ...


class TestPostgresReports(OnPostgres, SqlReportsSuite): ...


class TestPostgresReportSweeper(OnPostgres, SqlReportSweeperSuite): ...
