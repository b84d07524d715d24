from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SeverityCounts")


@_attrs_define
class SeverityCounts:
    """Numbers of alerts by severity.

    Attributes:
        info (int):
        warning (int):
        error (int):
        critical (int):
    """

    info: int
    warning: int
    error: int
    critical: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        info = self.info

        warning = self.warning

        error = self.error

        critical = self.critical

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "info": info,
                "warning": warning,
                "error": error,
                "critical": critical,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        info = d.pop("info")

        warning = d.pop("warning")

        error = d.pop("error")

        critical = d.pop("critical")

        severity_counts = cls(
            info=info,
            warning=warning,
            error=error,
            critical=critical,
        )

        severity_counts.additional_properties = d
        return severity_counts

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
