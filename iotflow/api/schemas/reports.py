"""Bodies about reports."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.base import NextCursor, RequestModel, ResponseModel, example
from iotflow.api.schemas.devices import Id
from iotflow.api.schemas.fields import Json, RangeTime, Timestamp
from iotflow.domain.analytics import MAX_ACCOUNT_RANGE_DAYS, MAX_DEVICE_RANGE_DAYS
from iotflow.domain.reports import ReportStatus, ReportType


class Report(ResponseModel):
    """A summary of a past time range, computed in the background."""

    id: UUID
    user_id: UUID = Field(description="The owner of the device or group, or the account.")
    report_type: ReportType
    device_id: int | None = Field(examples=[1])
    group_id: int | None = Field(examples=[None])
    start_time: Timestamp
    end_time: Timestamp
    status: ReportStatus
    created_at: Timestamp
    completed_at: Timestamp | None = Field(description="When it was completed or failed.")
    error: str | None = Field(description="Why it failed.", examples=[None])
    result: Json | None = Field(
        description="Once completed: of a `device_summary` what `GET /analytics/devices/{device_id}` answers, of an "
        "`account_summary` what `GET /analytics/users/{user_id}` answers, of a `group_summary` the same of the group's "
        "devices, without alerts. Null in lists.",
        examples=[None],
    )


class ReportResponse(ResponseModel):
    """One report."""

    report: Report


class ReportList(ResponseModel):
    """A page of reports without their results, newest first."""

    reports: list[Report]
    next_cursor: NextCursor


class ReportPeriod(RequestModel):
    """A half-open time range: `start_time` is included, `end_time` is not."""

    model_config = example(start_time="-7d", end_time="now")

    start_time: RangeTime
    end_time: RangeTime = Field("now")


class ReportCreate(RequestModel):
    """A report to compute. A device summary takes `device_id`, a group summary `group_id`, an account summary none."""

    model_config = example(report_type="device_summary", device_id=1, period={"start_time": "-7d", "end_time": "now"})

    report_type: Annotated[ReportType, Field(strict=False, examples=["device_summary"])]
    device_id: Id | None = Field(None, description="The device to summarize.")
    group_id: Id | None = Field(None, description="The group whose devices to summarize.")
    period: ReportPeriod = Field(
        description=f"At most {MAX_DEVICE_RANGE_DAYS} days of a device, {MAX_ACCOUNT_RANGE_DAYS} of a group or account."
    )
