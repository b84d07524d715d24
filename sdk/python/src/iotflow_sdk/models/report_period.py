from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ReportPeriod")


@_attrs_define
class ReportPeriod:
    """A half-open time range: `start_time` is included, `end_time` is not.

    Attributes:
        start_time (str): RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number.
        end_time (str | Unset): RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch
            number. Default: `now`.
    """

    start_time: str
    end_time: str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        start_time = self.start_time

        end_time = self.end_time

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "start_time": start_time,
            }
        )
        if end_time is not UNSET:
            field_dict["end_time"] = end_time

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        start_time = d.pop("start_time")

        end_time = d.pop("end_time", UNSET)

        report_period = cls(
            start_time=start_time,
            end_time=end_time,
        )

        return report_period
