from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.telemetry_record_measurements import TelemetryRecordMeasurements
    from ..models.telemetry_record_metadata_type_0 import TelemetryRecordMetadataType0


T = TypeVar("T", bound="TelemetryRecord")


@_attrs_define
class TelemetryRecord:
    """The values and metadata stored for one time.

    Attributes:
        timestamp (datetime.datetime):
        measurements (TelemetryRecordMeasurements):
        metadata (None | TelemetryRecordMetadataType0 | Unset):
    """

    timestamp: datetime.datetime
    measurements: TelemetryRecordMeasurements
    metadata: None | TelemetryRecordMetadataType0 | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.telemetry_record_metadata_type_0 import (
            TelemetryRecordMetadataType0,  # noqa: PLC0415
        )

        timestamp = self.timestamp.isoformat()

        measurements = self.measurements.to_dict()

        metadata: dict[str, Any] | None | Unset
        if isinstance(self.metadata, Unset):
            metadata = UNSET
        elif isinstance(self.metadata, TelemetryRecordMetadataType0):
            metadata = self.metadata.to_dict()
        else:
            metadata = self.metadata

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "timestamp": timestamp,
                "measurements": measurements,
            }
        )
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.telemetry_record_measurements import TelemetryRecordMeasurements  # noqa: PLC0415
        from ..models.telemetry_record_metadata_type_0 import (
            TelemetryRecordMetadataType0,  # noqa: PLC0415
        )

        d = dict(src_dict)
        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        measurements = TelemetryRecordMeasurements.from_dict(d.pop("measurements"))

        def _parse_metadata(data: object) -> None | TelemetryRecordMetadataType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = TelemetryRecordMetadataType0.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TelemetryRecordMetadataType0 | Unset, data)

        metadata = _parse_metadata(d.pop("metadata", UNSET))

        telemetry_record = cls(
            timestamp=timestamp,
            measurements=measurements,
            metadata=metadata,
        )

        telemetry_record.additional_properties = d
        return telemetry_record

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
