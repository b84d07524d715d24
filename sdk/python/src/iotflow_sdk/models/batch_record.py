from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.batch_record_data import BatchRecordData
    from ..models.batch_record_metadata_type_0 import BatchRecordMetadataType0


T = TypeVar("T", bound="BatchRecord")


@_attrs_define
class BatchRecord:
    """One record of a batch.

    Attributes:
        data (BatchRecordData): Measured values by name. A null is no reading and is not stored; one value at least is
            not null.
        timestamp (datetime.datetime): RFC 3339 time with an offset. An epoch number is also accepted: seconds if below
            1e11, milliseconds if below 1e14, microseconds if below 1e17, else nanoseconds.
        metadata (BatchRecordMetadataType0 | None | Unset):
    """

    data: BatchRecordData
    timestamp: datetime.datetime
    metadata: BatchRecordMetadataType0 | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.batch_record_metadata_type_0 import BatchRecordMetadataType0  # noqa: PLC0415

        data = self.data.to_dict()

        timestamp = self.timestamp.isoformat()

        metadata: dict[str, Any] | None | Unset
        if isinstance(self.metadata, Unset):
            metadata = UNSET
        elif isinstance(self.metadata, BatchRecordMetadataType0):
            metadata = self.metadata.to_dict()
        else:
            metadata = self.metadata

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "data": data,
                "timestamp": timestamp,
            }
        )
        if metadata is not UNSET:
            field_dict["metadata"] = metadata

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_record_data import BatchRecordData  # noqa: PLC0415
        from ..models.batch_record_metadata_type_0 import BatchRecordMetadataType0  # noqa: PLC0415

        d = dict(src_dict)
        data = BatchRecordData.from_dict(d.pop("data"))

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        def _parse_metadata(data: object) -> BatchRecordMetadataType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = BatchRecordMetadataType0.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(BatchRecordMetadataType0 | None | Unset, data)

        metadata = _parse_metadata(d.pop("metadata", UNSET))

        batch_record = cls(
            data=data,
            timestamp=timestamp,
            metadata=metadata,
        )

        return batch_record
