"""Contract of the interface of reports."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from iotflow.clock import Clock
from iotflow.domain.reports import Report, ReportPosition, ReportStatus, ReportType
from iotflow.domain.times import DAY_MS, Millis
from iotflow.repositories.reports import ReportRepository
from tests.contracts.timed import Timed

RETENTION_DAYS = 10
CHUNK = 5
OpenReports = Callable[[int], ReportRepository]
"""Returns an implementation with this retention in days, on the store of the test."""

_ids = itertools.count(1)


def report(clock: Clock, **fields: object) -> Report:
    """Return a pending report about a device, with these fields."""
    usual: dict[str, object] = {
        "id": uuid4(),
        "user_id": uuid4(),
        "report_type": ReportType.DEVICE_SUMMARY,
        "device_id": next(_ids),
        "group_id": None,
        "start_time": Millis(1_000),
        "end_time": Millis(2_000),
        "status": ReportStatus.PENDING,
        "created_at": clock.now(),
    }
    return Report(**{**usual, **fields})  # type: ignore[arg-type]  # the keys are names of fields


def completed(pending: Report, clock: Clock) -> Report:
    """Return a report with a result whose names BSON does not take as they are."""
    result = {"fields": {"a.b": {"$c": [None, True, 1.5, 2**60]}}}
    return replace(pending, status=ReportStatus.COMPLETED, completed_at=clock.now(), result=result)


class ReportsContract(Timed):
    """The implementation under test. Each test creates its users and devices, because tests may share a store."""

    @pytest.fixture
    def open_reports(self) -> OpenReports:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def small_chunks(self) -> None:
        """Set the number of reports in a chunk to `CHUNK`."""
        raise NotImplementedError

    @pytest.fixture
    def reports(self, open_reports: OpenReports) -> ReportRepository:
        return open_reports(RETENTION_DAYS)

    async def test_a_report_is_returned_unchanged(self, reports: ReportRepository, clock: Clock) -> None:
        of_group = report(clock, report_type=ReportType.GROUP_SUMMARY, device_id=None, group_id=7)
        failed = report(clock, status=ReportStatus.FAILED, completed_at=clock.now(), error="too much")
        for one in (report(clock), of_group, failed, completed(report(clock), clock)):
            await reports.add(one)
            assert await reports.get(one.id) == one
        assert await reports.get(uuid4()) is None

    async def test_adding_never_replaces_a_report_and_saving_does(
        self, reports: ReportRepository, clock: Clock
    ) -> None:
        pending = report(clock)
        done = completed(pending, clock)
        await reports.save(done)
        await reports.add(pending)
        assert await reports.get(pending.id) == done
        failed = replace(done, status=ReportStatus.FAILED, result=None, error="x")
        await reports.save(failed)
        assert await reports.get(pending.id) == failed

    async def test_pages_are_in_order_and_without_results(self, reports: ReportRepository, clock: Clock) -> None:
        user = uuid4()
        stored = [report(clock, user_id=user, created_at=Millis(clock.now() - number // 2)) for number in range(8)]
        stored.append(completed(report(clock, user_id=user), clock))
        for one in (*stored, report(clock)):
            await reports.add(one)
        newest_first = sorted(stored, key=lambda one: (one.created_at, one.id), reverse=True)
        seen: list[Report] = []
        after: ReportPosition | None = None
        while page := await reports.page(user, 4, after):
            seen += page
            after = ReportPosition(page[-1].created_at, page[-1].id)
        assert seen == [replace(one, result=None) for one in newest_first]
        of_all = {one.id for one in await reports.page(None, 1_000, None)}
        assert of_all > {one.id for one in stored}

    async def test_pending_reports_are_counted(self, reports: ReportRepository, clock: Clock) -> None:
        user = uuid4()
        assert await reports.count_pending(user) == 0
        pending = [report(clock, user_id=user) for _ in range(3)]
        for one in (*pending, report(clock)):
            await reports.add(one)
        await reports.save(completed(pending[0], clock))
        assert await reports.count_pending(user) == 2

    async def test_a_users_newest_reports_are_kept(self, reports: ReportRepository, clock: Clock) -> None:
        user, other = uuid4(), report(clock)
        stored = [
            report(clock, user_id=user, created_at=Millis(clock.now() - number)) for number in range(3 * CHUNK + 2)
        ]
        for one in (*stored, other):
            await reports.add(one)
        await reports.trim(user, 2)
        assert await reports.page(user, 1_000, None) == stored[:2]
        await reports.trim(user, 0)
        assert await reports.page(user, 1_000, None) == []
        assert await reports.get(other.id) == other

    async def test_reports_go_with_their_devices(self, reports: ReportRepository, clock: Clock) -> None:
        user, device = uuid4(), next(_ids)
        for _ in range(CHUNK + 1):
            await reports.add(report(clock, user_id=user, device_id=device))
        kept = report(clock, user_id=user)
        await reports.add(kept)
        assert await reports.purge_chunk([device, next(_ids)])
        assert not await reports.purge_chunk([device])
        assert await reports.page(user, 1_000, None) == [kept]

    async def test_reports_expire(self, reports: ReportRepository, open_reports: OpenReports, clock: Clock) -> None:
        user, old = uuid4(), clock.now() - RETENTION_DAYS * DAY_MS
        expired = report(clock, user_id=user, created_at=Millis(old))
        kept = report(clock, user_id=user, created_at=Millis(old + 60_000))
        for one in (expired, kept):
            await reports.add(one)
        assert await reports.page(user, 9, None) == [kept]
        assert await reports.get(expired.id) is None
        assert await open_reports(0).get(expired.id) == expired
