"""Contract suites of reports in the SQL stores."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

import pytest

from iotflow.clock import Clock
from iotflow.domain.times import DAY_MS, Millis
from iotflow.stores.sql import report_tables
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.reports import SqlReports
from tests.contracts import reports
from tests.contracts.reports import OpenReports, ReportsContract, report
from tests.contracts.sweeper import Put, SweeperContract
from tests.stores.sql import SqlTables


class SqlReportsSuite(ReportsContract):
    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("iotflow.stores.sql.reports.ROWS_PER_CHUNK", reports.CHUNK)

    @pytest.fixture
    def open_reports(self, database: Database, clock: Clock) -> OpenReports:
        return lambda retention_days: SqlReports(database, clock, retention_days)


class SqlReportSweeperSuite(SweeperContract):
    @pytest.fixture
    def sweeper(self, database: Database, clock: Clock) -> SqlReports:
        return SqlReports(database, clock, reports.RETENTION_DAYS)

    @pytest.fixture
    def put_expired(self, database: Database, clock: Clock) -> Put:
        return self._put(database, clock, reports.RETENTION_DAYS * DAY_MS)

    @pytest.fixture
    def put_kept(self, database: Database, clock: Clock) -> Put:
        return self._put(database, clock, reports.RETENTION_DAYS * DAY_MS - 1)

    @pytest.fixture
    def stored(self, tables: SqlTables) -> Callable[[], Awaitable[int]]:
        return lambda: tables.count("reports")

    def _put(self, database: Database, clock: Clock, ago_ms: int) -> Put:
        async def put(count: int) -> None:
            created_at = Millis(clock.now() - ago_ms)
            rows = [asdict(report(clock, created_at=created_at)) for _ in range(count)]
            async with database.write(bulk=True) as connection:
                await connection.execute(report_tables.reports.insert(), rows)

        return put
