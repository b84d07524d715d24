"""The feed: the records of all devices of a user, newest first."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from iotflow.concurrency.tasks import MAX_CONCURRENT_CALLS, gather_bounded
from iotflow.domain.context import Context
from iotflow.domain.errors import NotFound
from iotflow.domain.permissions import require_account, require_user
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.telemetry import MAX_PAGE_BYTES, MAX_PAGE_VALUES, PageLimit, PageRoom, StoredRecord, size_of
from iotflow.domain.times import Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.bulk_reads import BulkReads

DEVICES_PER_CHUNK = 2_000
"""Devices per SQL statement."""


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A position in a feed, ordered newest first, then by device: after the record of this time and device."""

    timestamp: Millis
    device_id: int


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A record of a feed, with its device."""

    device_id: int
    device_name: str
    record: StoredRecord


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of a feed. `next` is the position of the next page, None at the end."""

    records: list[FeedRecord]
    next: FeedPosition | None


class _Item(NamedTuple):
    """A record with its sort key: newest first, then by device."""

    age: int
    device_id: int
    record: StoredRecord
    size: int


class Feed:
    """A feed that merges the newest records of many devices. It reads only devices that can be on the page."""

    def __init__(self, transactions: Transactions, telemetry: TelemetryRepository, bulk_reads: BulkReads) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._bulk_reads = bulk_reads

    async def page(
        self, context: Context, user_id: UUID, time_range: TimeRange, limit: int, after: FeedPosition | None
    ) -> FeedPage:
        """Return a page of a user's feed after a position (None: from the newest).

        Raises:
            Unauthenticated: the caller has no credentials.
            Forbidden: the caller is a device, or another user without the rights of an administrator.
            NotFound: the user is unknown.
            Overloaded: too many bulk reads of the caller.
            StoreUnavailable.

        """
        caller = require_user(context.principal, TokenScope.READ)
        require_account(caller, user_id, TokenScope.READ)
        async with self._bulk_reads.slot(caller.user_id):
            newest = _Newest(PageLimit(limit))
            heads = await self._heads(user_id, time_range, after)

            def reads() -> Iterator[Callable[[], Awaitable[None]]]:
                for time, device_id in heads:
                    if time < newest.floor:
                        return
                    yield partial(self._read, newest, device_id, _range_after(time_range, device_id, after), limit)

            await gather_bounded(reads())
            return await self._add_names(newest)

    async def _heads(
        self, user_id: UUID, time_range: TimeRange, after: FeedPosition | None
    ) -> list[tuple[Millis, int]]:
        """Return the time of each device's newest record after the position, with its id, newest first."""
        heads: list[tuple[Millis, int]] = []
        async for device_ids in self._device_ids(user_id):
            by_range: dict[TimeRange, list[int]] = {}
            for device_id in device_ids:
                by_range.setdefault(_range_after(time_range, device_id, after), []).append(device_id)
            for rest, some in by_range.items():
                found = await self._telemetry.newest_times(some, rest)
                heads += [(time, device_id) for device_id, time in found.items()]
        return sorted(heads, reverse=True)

    async def _read(self, newest: "_Newest", device_id: int, time_range: TimeRange, limit: int) -> None:
        """Add a device's records to the page until they are older than the page's oldest."""
        # A share of the page: `MAX_CONCURRENT_CALLS` devices are read concurrently, and each may return a full part.
        part = PageLimit(limit + 1, MAX_PAGE_VALUES // MAX_CONCURRENT_CALLS, MAX_PAGE_BYTES // MAX_CONCURRENT_CALLS)
        after: Millis | None = None
        while True:
            kept = TimeRange(max(time_range.start, newest.floor), time_range.end)
            page = await self._telemetry.records(device_id, kept, descending=True, limit=part, after=after)
            newest.add(device_id, page.records)
            if not page.more or page.records[-1].timestamp < newest.floor:
                return
            after = page.records[-1].timestamp

    async def _add_names(self, newest: "_Newest") -> FeedPage:
        async with self._transactions.read() as transaction:
            names = await transaction.devices.names({item.device_id for item in newest.items})
        # A device that was deleted since has no name.
        shown = [
            FeedRecord(item.device_id, names[item.device_id], item.record)
            for item in newest.items
            if item.device_id in names
        ]
        last = newest.items[-1] if newest.more else None
        return FeedPage(shown, last and FeedPosition(last.record.timestamp, last.device_id))

    async def _device_ids(self, user_id: UUID) -> AsyncIterator[list[int]]:
        """Yield chunks of the ids of a user's devices. Raises NotFound for an unknown user."""
        after = 0
        while True:
            async with self._transactions.read() as transaction:
                if await transaction.accounts.get(user_id) is None:
                    raise NotFound(f"there is no user {user_id}")
                device_ids = await transaction.devices.ids_after(user_id, after, DEVICES_PER_CHUNK)
            yield device_ids
            if len(device_ids) < DEVICES_PER_CHUNK:
                return
            after = device_ids[-1]


class _Newest:
    """A page of the newest among the added records."""

    def __init__(self, limit: PageLimit) -> None:
        self._limit = limit
        self.items: list[_Item] = []
        self.more = False

    @property
    def floor(self) -> Millis:
        """Return the time of the page's oldest record if the page is full, else 0."""
        return self.items[-1].record.timestamp if self.more else Millis(0)

    def add(self, device_id: int, records: Sequence[StoredRecord]) -> None:
        """Merge a device's records in order, and drop those beyond the page."""
        merged = [*self.items]
        for record in records:
            shown = StoredRecord(record.timestamp, record.values, None)
            merged.append(_Item(-record.timestamp, device_id, shown, size_of(record.values)))
        merged.sort(key=itemgetter(0, 1))
        room = PageRoom(self._limit)
        self.items = list(takewhile(lambda item: room.take(len(item.record.values), item.size), merged))
        self.more = self.more or len(self.items) < len(merged)


def _range_after(time_range: TimeRange, device_id: int, after: FeedPosition | None) -> TimeRange:
    """Return the part of a range in which a device's records come after a position."""
    if after is None:
        return time_range
    end = Millis(after.timestamp + (device_id > after.device_id))
    return TimeRange(time_range.start, end if time_range.end is None else min(time_range.end, end))
