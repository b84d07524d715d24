"""The interface of devices' metadata."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from iotflow.domain.metadata import DeviceMetadata, MetadataChange, MetadataFilter
from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class FoundDevices:
    """A page of a search: ids of devices, ascending, and the number of all that match."""

    device_ids: Sequence[int]
    total: int


class MetadataRepository(Protocol):
    """Metadata of devices, by device id. It is durable when a change returns, and a search finds it from then on.

    The caller checks the rules of `domain/metadata.py` and that the device exists.
    """

    async def get(self, device_id: int) -> DeviceMetadata:
        """Return a device's metadata; empty for a device without."""
        ...

    async def update(self, device_id: int, user_id: UUID, change: MetadataChange, at: Millis) -> DeviceMetadata:
        """Replace the fields in `change` as one, and return the result. Concurrent changes of other fields stay.

        `user_id` is the device's owner.
        """
        ...

    async def search(self, where: MetadataFilter, limit: int, offset: int, after: int) -> FoundDevices:
        """Return up to `limit` devices whose id is above `after`, without the first `offset` of them."""
        ...

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        """Remove the metadata of some of these devices. Return whether more may be left."""
        ...
