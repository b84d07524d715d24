"""Reports: summaries computed in the background, and kept in the document store."""

import logging
from dataclasses import replace
from uuid import UUID, uuid4

from iotflow.clock import Clock
from iotflow.domain.context import Context
from iotflow.domain.errors import Conflict, InvalidInput, IoTFlowError, NotFound, StoreUnavailable
from iotflow.domain.json import JsonObject
from iotflow.domain.permissions import is_admin, require_user, require_visible_group, require_visible_report
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.reports import (
    MAX_PENDING_REPORTS,
    MAX_REPORT_ATTEMPTS,
    MAX_REPORTS_PER_ACCOUNT,
    NewReport,
    Report,
    ReportPosition,
    ReportStatus,
    report_errors,
)
from iotflow.domain.times import Millis, TimeRange
from iotflow.logs import LimitLog
from iotflow.repositories.reports import ReportRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.account_analytics import AccountSummaries
from iotflow.services.analytics_documents import document_of_account, document_of_device, document_of_group
from iotflow.services.device_analytics import DeviceSummaries
from iotflow.services.device_lookup import DeviceLookup
from iotflow.services.outbox_messages import ReportPayload, decode, report_message

RETRY_DELAY_MS = 10_000
PENDING_LIMIT_TEXT = f"an account has at most {MAX_PENDING_REPORTS} pending reports"

logger = logging.getLogger(__name__)


class Reports:
    """Operations on reports. Each method but `run_step` checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right.
    - NotFound: the report, device or group does not exist or is hidden from the caller.
    - StoreUnavailable.
    """

    def __init__(
        self,
        reports: ReportRepository,
        transactions: Transactions,
        device_lookup: DeviceLookup,
        devices: DeviceSummaries,
        accounts: AccountSummaries,
        clock: Clock,
    ) -> None:
        self._reports = reports
        self._transactions = transactions
        self._device_lookup = device_lookup
        self._devices = devices
        self._accounts = accounts
        self._clock = clock
        self._limit = LimitLog("pending_reports", PENDING_LIMIT_TEXT)

    async def create(self, context: Context, new: NewReport) -> Report:
        """Request a report of the owner of its device or group, or of the caller's account. Return it, pending.

        The oldest reports beyond `MAX_REPORTS_PER_ACCOUNT` are removed.

        Raises:
        - InvalidInput: what it is about does not fit its type; a long period.
        - Conflict: the account has its maximum of pending reports.

        """
        require_user(context.principal, TokenScope.WRITE)
        if errors := report_errors(new):
            raise InvalidInput(errors)
        owner, now = await self._owner(context, new), self._clock.now()
        if await self._reports.count_pending(owner) >= MAX_PENDING_REPORTS:
            self._limit.record(f"account {owner}")
            raise Conflict(f"{PENDING_LIMIT_TEXT}; try again once one is completed")
        report = Report(
            id=uuid4(),
            user_id=owner,
            report_type=new.report_type,
            device_id=new.device_id,
            group_id=new.group_id,
            start_time=new.start_time,
            end_time=new.end_time,
            status=ReportStatus.PENDING,
            created_at=now,
        )
        # The message first: a report without one would be pending for ever.
        async with self._transactions.write() as transaction:
            await transaction.outbox.add([report_message(report, now)])
        await self._reports.add(report)
        await self._reports.trim(owner, MAX_REPORTS_PER_ACCOUNT)
        return report

    async def page(self, context: Context, limit: int, after: ReportPosition | None) -> list[Report]:
        """Return a page of reports without results after a position (None: from the newest), newest first.

        Users read their own, administrators all.
        """
        caller = require_user(context.principal, TokenScope.READ)
        return await self._reports.page(None if is_admin(caller) else caller.user_id, limit, after)

    async def get(self, context: Context, report_id: UUID) -> Report:
        """Return a report."""
        return require_visible_report(context.principal, report_id, await self._reports.get(report_id), TokenScope.READ)

    async def run_step(self, payload: JsonObject) -> JsonObject | None:
        """Compute and store the report of an outbox message: a job, which may run more than once.

        After a failure it is computed again, at most `MAX_REPORT_ATTEMPTS` times in all; then it is stored as failed.
        """
        message = decode(payload, ReportPayload)
        report = message.report()
        try:
            result = await self._compute(report)
        except StoreUnavailable:
            raise
        except NotFound as error:
            # Reports of a deleted device or account are purged: this one must not return.
            if report.group_id is not None and await self._has_owner(report):
                await self._fail(report, str(error))
        except InvalidInput as error:
            await self._fail(report, str(error))
        except Exception as error:  # a defect fails this report alone: others wait in the same queue
            if not isinstance(error, IoTFlowError):
                logger.exception("report=%s attempt=%d: failed", report.id, message.attempts)
            if message.attempts >= MAX_REPORT_ATTEMPTS:
                reason = str(error) if isinstance(error, IoTFlowError) else "an internal error"
                await self._fail(report, reason)
            else:
                await self._retry(report, message.attempts + 1)
        else:
            completed_at = self._clock.now()
            await self._reports.save(
                replace(report, status=ReportStatus.COMPLETED, completed_at=completed_at, result=result)
            )
        return None

    async def _compute(self, report: Report) -> JsonObject:
        time_range = TimeRange(report.start_time, report.end_time)
        if report.device_id is not None:
            return document_of_device(await self._devices.of_device(report.device_id, time_range))
        if report.group_id is not None:
            return document_of_group(await self._accounts.of_group(report.group_id, time_range))
        found = await self._accounts.of_account(report.user_id, time_range, reader=report.user_id)
        return document_of_account(report.user_id, found)

    async def _fail(self, report: Report, reason: str) -> None:
        failed = replace(report, status=ReportStatus.FAILED, completed_at=self._clock.now(), error=reason)
        await self._reports.save(failed)

    async def _retry(self, report: Report, attempt: int) -> None:
        due = Millis(self._clock.now() + RETRY_DELAY_MS)
        async with self._transactions.write() as transaction:
            await transaction.outbox.add([report_message(report, due, attempt)])

    async def _has_owner(self, report: Report) -> bool:
        async with self._transactions.read() as transaction:
            return await transaction.accounts.get(report.user_id) is not None

    async def _owner(self, context: Context, new: NewReport) -> UUID:
        if new.device_id is not None:
            device = await self._device_lookup.get_visible(context.principal, new.device_id, TokenScope.WRITE)
            return device.user_id
        if new.group_id is not None:
            async with self._transactions.read() as transaction:
                group = await transaction.groups.get(new.group_id)
            return require_visible_group(context.principal, new.group_id, group, TokenScope.WRITE).user_id
        return require_user(context.principal, TokenScope.WRITE).user_id
