"""Reports: summaries of a past time range that are computed in the background and kept."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from iotflow.domain.analytics import MAX_ACCOUNT_RANGE_DAYS, MAX_DEVICE_RANGE_DAYS
from iotflow.domain.errors import FieldError
from iotflow.domain.json import JsonObject
from iotflow.domain.times import DAY_MS, Millis

MAX_REPORTS_PER_ACCOUNT = 100
"""Reports of an account that are kept: the newest ones."""
MAX_PENDING_REPORTS = 20
"""Pending reports of an account, beyond which no further one is accepted."""
MAX_REPORT_ATTEMPTS = 3


class ReportType(StrEnum):
    """What a report summarizes."""

    DEVICE_SUMMARY = "device_summary"
    GROUP_SUMMARY = "group_summary"
    ACCOUNT_SUMMARY = "account_summary"


class ReportStatus(StrEnum):
    """The progress of a report."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report to compute, about a device, a group or the caller's account. `end_time` is excluded."""

    report_type: ReportType
    device_id: int | None
    group_id: int | None
    start_time: Millis
    end_time: Millis


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `result` is the summary once it is completed, `error` why it failed. Lists omit results."""

    id: UUID
    user_id: UUID
    report_type: ReportType
    device_id: int | None
    group_id: int | None
    start_time: Millis
    end_time: Millis
    status: ReportStatus
    created_at: Millis
    completed_at: Millis | None = None
    error: str | None = None
    result: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class ReportPosition:
    """A position in a list of reports, newest first: after this report."""

    created_at: Millis
    id: UUID


def report_errors(new: NewReport) -> list[FieldError]:
    """Return the errors of a report to compute: in what it is about, and in its period."""
    errors = []
    wanted = {ReportType.DEVICE_SUMMARY: "device_id", ReportType.GROUP_SUMMARY: "group_id"}.get(new.report_type)
    for field, value in (("device_id", new.device_id), ("group_id", new.group_id)):
        if field == wanted and value is None:
            errors.append(FieldError(("body", field), f"required for a {new.report_type}", "missing"))
        elif field != wanted and value is not None:
            errors.append(FieldError(("body", field), f"a {new.report_type} takes no {field}"))
    days = MAX_DEVICE_RANGE_DAYS if new.report_type is ReportType.DEVICE_SUMMARY else MAX_ACCOUNT_RANGE_DAYS
    if new.end_time - new.start_time > days * DAY_MS:
        errors.append(FieldError(("body", "period", "start_time"), f"a {new.report_type} has at most {days} days"))
    return errors
