from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.telemetry_record_create_data import TelemetryRecordCreateData
    from ..models.telemetry_record_create_metadata_type_0 import (
        TelemetryRecordCreateMetadataType0,
    )


T = TypeVar("T", bound="TelemetryRecordCreate")


@_attrs_define
class TelemetryRecordCreate:
    """One record: values measured at one time.

    Attributes:
        data (TelemetryRecordCreateData): Measured values by name. A null is no reading and is not stored; one value at
            least is not null.
        timestamp (datetime.datetime | None | Unset): Time of the measurement; the time of receipt by default.
        metadata (None | TelemetryRecordCreateMetadataType0 | Unset):
    """

    data: TelemetryRecordCreateData
    timestamp: datetime.datetime | None | Unset = UNSET
    metadata: None | TelemetryRecordCreateMetadataType0 | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.telemetry_record_create_metadata_type_0 import (
            TelemetryRecordCreateMetadataType0,  # noqa: PLC0415
        )

        data = self.data.to_dict()

        timestamp: None | str | Unset
        if isinstance(self.timestamp, Unset):
            timestamp = UNSET
        elif isinstance(self.timestamp, datetime.datetime):
            timestamp = self.timestamp.isoformat()
        else:
            timestamp = self.timestamp

        metadata: dict[str, Any] | None | Unset
        if isinstance(self.metadata, Unset):
            metadata = UNSET
        elif isinstance(self.metadata, TelemetryRecordCreateMetadataType0):
            metadata = self.metadata.to_dict()
        else:
            metadata = self.metadata

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "data": data,
            }
        )
        if timestamp is not UNSET:
            field_dict["timestamp"] = timestamp
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.telemetry_record_create_data import TelemetryRecordCreateData  # noqa: PLC0415
        from ..models.telemetry_record_create_metadata_type_0 import (
            TelemetryRecordCreateMetadataType0,  # noqa: PLC0415
        )

        d = dict(src_dict)
        data = TelemetryRecordCreateData.from_dict(d.pop("data"))

        def _parse_timestamp(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                timestamp_type_0 = datetime.datetime.fromisoformat(data)

                return timestamp_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        timestamp = _parse_timestamp(d.pop("timestamp", UNSET))

        def _parse_metadata(data: object) -> None | TelemetryRecordCreateMetadataType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = TelemetryRecordCreateMetadataType0.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TelemetryRecordCreateMetadataType0 | Unset, data)

        metadata = _parse_metadata(d.pop("metadata", UNSET))

        telemetry_record_create = cls(
            data=data,
            timestamp=timestamp,
            metadata=metadata,
        )

        return telemetry_record_create
