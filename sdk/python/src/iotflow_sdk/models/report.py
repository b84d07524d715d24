from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.report_status import ReportStatus
from ..models.report_type import ReportType

if TYPE_CHECKING:
    from ..models.report_result_type_0 import ReportResultType0


T = TypeVar("T", bound="Report")


@_attrs_define
class Report:
    """A summary of a past time range, computed in the background.

    Attributes:
        id (UUID):
        user_id (UUID): The owner of the device or group, or the account.
        report_type (ReportType): What a report summarizes.
        device_id (int | None):
        group_id (int | None):
        start_time (datetime.datetime):
        end_time (datetime.datetime):
        status (ReportStatus): The progress of a report.
        created_at (datetime.datetime):
        completed_at (datetime.datetime | None): When it was completed or failed.
        error (None | str): Why it failed.
        result (None | ReportResultType0): Once completed: of a `device_summary` what `GET
            /analytics/devices/{device_id}` answers, of an `account_summary` what `GET /analytics/users/{user_id}` answers,
            of a `group_summary` the same of the group's devices, without alerts. Null in lists.
    """

    id: UUID
    user_id: UUID
    report_type: ReportType
    device_id: int | None
    group_id: int | None
    start_time: datetime.datetime
    end_time: datetime.datetime
    status: ReportStatus
    created_at: datetime.datetime
    completed_at: datetime.datetime | None
    error: None | str
    result: None | ReportResultType0
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.report_result_type_0 import ReportResultType0  # noqa: PLC0415

        id = str(self.id)

        user_id = str(self.user_id)

        report_type = self.report_type.value

        device_id: int | None
        device_id = self.device_id

        group_id: int | None
        group_id = self.group_id

        start_time = self.start_time.isoformat()

        end_time = self.end_time.isoformat()

        status = self.status.value

        created_at = self.created_at.isoformat()

        completed_at: None | str
        if isinstance(self.completed_at, datetime.datetime):
            completed_at = self.completed_at.isoformat()
        else:
            completed_at = self.completed_at

        error: None | str
        error = self.error

        result: dict[str, Any] | None
        if isinstance(self.result, ReportResultType0):
            result = self.result.to_dict()
        else:
            result = self.result

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "user_id": user_id,
                "report_type": report_type,
                "device_id": device_id,
                "group_id": group_id,
                "start_time": start_time,
                "end_time": end_time,
                "status": status,
                "created_at": created_at,
                "completed_at": completed_at,
                "error": error,
                "result": result,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.report_result_type_0 import ReportResultType0  # noqa: PLC0415

        d = dict(src_dict)
        id = UUID(d.pop("id"))

        user_id = UUID(d.pop("user_id"))

        report_type = ReportType(d.pop("report_type"))

        def _parse_device_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        device_id = _parse_device_id(d.pop("device_id"))

        def _parse_group_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        group_id = _parse_group_id(d.pop("group_id"))

        start_time = datetime.datetime.fromisoformat(d.pop("start_time"))

        end_time = datetime.datetime.fromisoformat(d.pop("end_time"))

        status = ReportStatus(d.pop("status"))

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_completed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                completed_at_type_0 = datetime.datetime.fromisoformat(data)

                return completed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        completed_at = _parse_completed_at(d.pop("completed_at"))

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        def _parse_result(data: object) -> None | ReportResultType0:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                result_type_0 = ReportResultType0.from_dict(data)

                return result_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ReportResultType0, data)

        result = _parse_result(d.pop("result"))

        report = cls(
            id=id,
            user_id=user_id,
            report_type=report_type,
            device_id=device_id,
            group_id=group_id,
            start_time=start_time,
            end_time=end_time,
            status=status,
            created_at=created_at,
            completed_at=completed_at,
            error=error,
            result=result,
        )

        report.additional_properties = d
        return report

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
