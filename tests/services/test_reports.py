"""Reports that fail, are repeated, or lose what they are about."""

from typing import NoReturn
from uuid import uuid4

import pytest

from iotflow.domain.errors import Overloaded, StoreUnavailable
from iotflow.domain.groups import NewGroup
from iotflow.domain.reports import MAX_REPORT_ATTEMPTS, NewReport, Report, ReportStatus, ReportType
from iotflow.domain.times import Millis, TimeRange
from iotflow.services import outbox_messages
from iotflow.services.reports import RETRY_DELAY_MS
from tests.clock import FakeClock
from tests.services.harness import ServiceHarness, SignedInUser, register_device

ACCOUNT = NewReport(ReportType.ACCOUNT_SUMMARY, None, None, Millis(0), Millis(1_000))


def failing(error: Exception) -> object:
    """Return what raises an error instead of summarizing."""

    async def fail(_user_id: object, _time_range: TimeRange, *, reader: object) -> NoReturn:
        assert reader is not None
        raise error

    return fail


async def work(harness: ServiceHarness, clock: FakeClock, rounds: int = 1) -> None:
    """Handle due messages, and again after each delay of a retry."""
    for number in range(rounds):
        if number:
            clock.advance(RETRY_DELAY_MS / 1_000)
        await harness.relay.handle_due()


async def stored(harness: ServiceHarness, user: SignedInUser, report: Report) -> Report:
    return await harness.services.reports.get(user.context, report.id)


async def test_a_report_fails_after_some_attempts(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.services.account_analytics, "of_account", failing(Overloaded("too much to read")))
    report = await harness.services.reports.create(ada.context, ACCOUNT)
    await work(harness, clock, MAX_REPORT_ATTEMPTS - 1)
    assert (await stored(harness, ada, report)).status is ReportStatus.PENDING
    await work(harness, clock, 2)
    failed = await stored(harness, ada, report)
    assert (failed.status, failed.error, failed.result) == (ReportStatus.FAILED, "too much to read", None)


async def test_a_defect_is_not_shown(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.services.account_analytics, "of_account", failing(RuntimeError("secret")))
    report = await harness.services.reports.create(ada.context, ACCOUNT)
    await work(harness, clock, MAX_REPORT_ATTEMPTS + 1)
    failed = await stored(harness, ada, report)
    assert (failed.status, failed.error) == (ReportStatus.FAILED, "an internal error")


async def test_a_report_waits_for_its_stores(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(harness.services.account_analytics, "of_account", failing(StoreUnavailable("telemetry", "gone")))
        report = await harness.services.reports.create(ada.context, ACCOUNT)
        await work(harness, clock, 2 * MAX_REPORT_ATTEMPTS)
        assert (await stored(harness, ada, report)).status is ReportStatus.PENDING
    clock.advance(60)
    await work(harness, clock)
    assert (await stored(harness, ada, report)).status is ReportStatus.COMPLETED


async def test_a_report_whose_request_was_interrupted_is_computed(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock
) -> None:
    """The message is stored before the report: a killed process may leave the message alone."""
    user_id, now = ada.caller.user_id, clock.now()
    report = Report(uuid4(), user_id, ACCOUNT.report_type, None, None, Millis(0), Millis(1), ReportStatus.PENDING, now)
    async with harness.stores.transactions.write() as transaction:
        await transaction.outbox.add([outbox_messages.report_message(report, now)] * 2)
    await work(harness, clock)
    assert (await stored(harness, ada, report)).status is ReportStatus.COMPLETED


async def test_a_report_of_a_group_that_is_deleted_meanwhile_fails(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock
) -> None:
    group = await harness.services.groups.create(ada.context, NewGroup("shed"))
    new = NewReport(ReportType.GROUP_SUMMARY, None, group.id, Millis(0), Millis(1_000))
    report = await harness.services.reports.create(ada.context, new)
    await harness.services.groups.delete(ada.context, group.id)
    await work(harness, clock)
    failed = await stored(harness, ada, report)
    assert (failed.status, failed.error) == (ReportStatus.FAILED, f"there is no group {group.id}")


async def test_a_report_of_a_device_that_is_deleted_meanwhile_is_gone(
    harness: ServiceHarness, ada: SignedInUser, clock: FakeClock
) -> None:
    device = await register_device(harness, ada)
    new = NewReport(ReportType.DEVICE_SUMMARY, device.id, None, Millis(0), Millis(1_000))
    report = await harness.services.reports.create(ada.context, new)
    await harness.services.devices.delete(ada.context, device.id)
    await work(harness, clock, 2)
    assert await harness.stores.reports.get(report.id) is None
