"""Events and activity in SQLite."""

from tests.stores.sql import SqlActivitySuite, SqlActivitySweeperSuite, SqlEventsSuite, SqlEventSweeperSuite
from tests.stores.sqlite import OnSqlite


class TestSqliteEvents(OnSqlite, SqlEventsSuite): ...


class TestSqliteEventSweeper(OnSqlite, SqlEventSweeperSuite): ...


class TestSqliteActivity(OnSqlite, SqlActivitySuite): ...


class TestSqliteActivitySweeper(OnSqlite, SqlActivitySweeperSuite): ...
