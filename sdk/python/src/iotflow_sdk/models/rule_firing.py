from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RuleFiring")


@_attrs_define
class RuleFiring:
    """One time that the rule would have fired.

    Attributes:
        fired_at (datetime.datetime): Time of the reading that fires the rule.
        cleared_at (datetime.datetime | None): Time of the reading that clears it; null: none did.
        signal (bool | float | int | str): A finite number (an integer has at most 64 bits), a boolean, or a string of
            at most 4,096 bytes. The service keeps the type.
        count (int): Readings that fulfilled the condition while it was firing.
    """

    fired_at: datetime.datetime
    cleared_at: datetime.datetime | None
    signal: bool | float | int | str
    count: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        fired_at = self.fired_at.isoformat()

        cleared_at: None | str
        if isinstance(self.cleared_at, datetime.datetime):
            cleared_at = self.cleared_at.isoformat()
        else:
            cleared_at = self.cleared_at

        signal: bool | float | int | str
        signal = self.signal

        count = self.count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "fired_at": fired_at,
                "cleared_at": cleared_at,
                "signal": signal,
                "count": count,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        fired_at = datetime.datetime.fromisoformat(d.pop("fired_at"))

        def _parse_cleared_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                cleared_at_type_0 = datetime.datetime.fromisoformat(data)

                return cleared_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        cleared_at = _parse_cleared_at(d.pop("cleared_at"))

        def _parse_signal(data: object) -> bool | float | int | str:
            return cast(bool | float | int | str, data)

        signal = _parse_signal(d.pop("signal"))

        count = d.pop("count")

        rule_firing = cls(
            fired_at=fired_at,
            cleared_at=cleared_at,
            signal=signal,
            count=count,
        )

        rule_firing.additional_properties = d
        return rule_firing

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
