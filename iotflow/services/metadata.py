"""Metadata of devices, and the search by it."""

from dataclasses import replace
from typing import NamedTuple

from iotflow.clock import Clock
from iotflow.domain.context import Context
from iotflow.domain.devices import Device
from iotflow.domain.errors import InvalidInput
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.metadata import (
    DeviceMetadata,
    MetadataChange,
    MetadataFilter,
    metadata_errors,
    normalize_change,
)
from iotflow.domain.names import normalize
from iotflow.domain.permissions import require_managed_device, require_own_account
from iotflow.domain.personal_tokens import TokenScope
from iotflow.repositories.cache import PresenceRepository
from iotflow.repositories.metadata import MetadataRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.presence import merge_presence


class SearchPage(NamedTuple):
    """A page of a search: devices by id, the number of all that match, and the position of the next page, or None.

    A device that was deleted a moment ago may be counted and is not listed.
    """

    devices: list[Device]
    total: int
    next_after: int | None


class Metadata:
    """Operations on devices' metadata. All methods raise the errors of `domain/permissions.py` and StoreUnavailable."""

    def __init__(
        self,
        metadata: MetadataRepository,
        transactions: Transactions,
        presence: PresenceRepository,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._metadata = metadata
        self._transactions = transactions
        self._presence = presence
        self._bulk_reads = bulk_reads
        self._clock = clock

    async def get(self, context: Context, device_id: int) -> DeviceMetadata:
        """Return a device's metadata."""
        await self._managed_device(context, device_id, TokenScope.READ)
        return await self._metadata.get(device_id)

    async def update(self, context: Context, device_id: int, change: MetadataChange) -> DeviceMetadata:
        """Replace the given fields of a device's metadata. Raises InvalidInput, which names each bad field."""
        change = normalize_change(change)
        if errors := metadata_errors(change):
            raise InvalidInput(errors)
        device = await self._managed_device(context, device_id, TokenScope.WRITE)
        now = self._clock.now()
        stored = await self._metadata.update(device_id, device.user_id, change, now)
        changed: list[JsonValue] = [*change]
        async with self._transactions.write() as transaction:
            # After the change: the documents may be unavailable, and a repeated request changes nothing else.
            await record_event(
                transaction,
                context,
                EventType.DEVICE_METADATA_UPDATED,
                now,
                user_id=device.user_id,
                device_id=device_id,
                details={"changed": changed},
            )
        return stored

    async def search(self, context: Context, where: MetadataFilter, limit: int, offset: int, after: int) -> SearchPage:
        """Return a page of the caller's own devices whose metadata matches, with ids above `after`. It is a bulk read.

        Raises Overloaded for too many bulk reads, or one that takes too long.
        """
        require_own_account(context.principal, where.user_id, TokenScope.READ)
        if where.tag is not None:
            where = replace(where, tag=normalize(where.tag))
        async with self._bulk_reads.slot(where.user_id):
            found = await self._metadata.search(where, limit + 1, offset, after)
        listed = found.device_ids[:limit]
        async with self._transactions.read() as transaction:
            devices = await transaction.devices.some_of_user(where.user_id, listed)
        more = len(found.device_ids) > limit
        return SearchPage(await merge_presence(self._presence, devices), found.total, listed[-1] if more else None)

    async def _managed_device(self, context: Context, device_id: int, scope: TokenScope) -> Device:
        async with self._transactions.read() as transaction:
            device = await transaction.devices.get(device_id)
        return require_managed_device(context.principal, device_id, device, scope)
