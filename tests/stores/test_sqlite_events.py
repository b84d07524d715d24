"""Events, alerts, reports and activity in SQLite."""

from tests.stores.sql import (
    SqlActivitySuite,
    SqlActivitySweeperSuite,
    SqlAlertsSuite,
    SqlAlertSweeperSuite,
    SqlEventsSuite,
    SqlEventSweeperSuite,
)
from tests.stores.sql_reports import SqlReportsSuite, SqlReportSweeperSuite
from tests.stores.sqlite import OnSqlite


class TestSqliteEvents(OnSqlite, SqlEventsSuite): ...


class TestSqliteEventSweeper(OnSqlite, SqlEventSweeperSuite): ...


class TestSqliteActivity(OnSqlite, SqlActivitySuite): ...


class TestSqliteActivitySweeper(OnSqlite, SqlActivitySweeperSuite): ...


class TestSqliteAlerts(OnSqlite, SqlAlertsSuite): ...


class TestSqliteAlertSweeper(OnSqlite, SqlAlertSweeperSuite): ...


class TestSqliteReports(OnSqlite, SqlReportsSuite): ...


class TestSqliteReportSweeper(OnSqlite, SqlReportSweeperSuite): ...
