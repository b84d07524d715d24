from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="TelemetryDelete")


@_attrs_define
class TelemetryDelete:
    """A half-open time range to delete: `start_time` is included, `stop_time` is not.

    Attributes:
        start_time (str): RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number.
        stop_time (str): RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number.
    """

    start_time: str
    stop_time: str

    def to_dict(self) -> dict[str, Any]:
        start_time = self.start_time

        stop_time = self.stop_time

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "start_time": start_time,
                "stop_time": stop_time,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        start_time = d.pop("start_time")

        stop_time = d.pop("stop_time")

        telemetry_delete = cls(
            start_time=start_time,
            stop_time=stop_time,
        )

        return telemetry_delete
