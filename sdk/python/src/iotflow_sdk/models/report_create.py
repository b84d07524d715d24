from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.report_type import ReportType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.report_period import ReportPeriod


T = TypeVar("T", bound="ReportCreate")


@_attrs_define
class ReportCreate:
    """A report to compute. A device summary takes `device_id`, a group summary `group_id`, an account summary none.

    Attributes:
        report_type (ReportType): What a report summarizes.
        period (ReportPeriod): A half-open time range: `start_time` is included, `end_time` is not.
        device_id (int | None | Unset): The device to summarize.
        group_id (int | None | Unset): The group whose devices to summarize.
    """

    report_type: ReportType
    period: ReportPeriod
    device_id: int | None | Unset = UNSET
    group_id: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        report_type = self.report_type.value

        period = self.period.to_dict()

        device_id: int | None | Unset
        if isinstance(self.device_id, Unset):
            device_id = UNSET
        else:
            device_id = self.device_id

        group_id: int | None | Unset
        if isinstance(self.group_id, Unset):
            group_id = UNSET
        else:
            group_id = self.group_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "report_type": report_type,
                "period": period,
            }
        )
        if device_id is not UNSET:
            field_dict["device_id"] = device_id
        if group_id is not UNSET:
            field_dict["group_id"] = group_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.report_period import ReportPeriod  # noqa: PLC0415

        d = dict(src_dict)
        report_type = ReportType(d.pop("report_type"))

        period = ReportPeriod.from_dict(d.pop("period"))

        def _parse_device_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        device_id = _parse_device_id(d.pop("device_id", UNSET))

        def _parse_group_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        group_id = _parse_group_id(d.pop("group_id", UNSET))

        report_create = cls(
            report_type=report_type,
            period=period,
            device_id=device_id,
            group_id=group_id,
        )

        return report_create
