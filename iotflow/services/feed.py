"""The records of all of a user's devices, newest first."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from iotflow.domain.errors import NotFound
from iotflow.domain.telemetry import MAX_PAGE_BYTES, MAX_PAGE_VALUES, PageLimit, PageRoom, StoredRecord, size_of
from iotflow.domain.times import Millis, Span
from iotflow.parallel import AT_ONCE, in_parallel
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.bulk_reads import BulkReads

DEVICES_PER_CHUNK = 2_000
"""Devices that are looked at by one statement of SQL."""


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """Where a feed, newest first and then by device, was left: after this record."""

    timestamp: Millis
    device_id: int


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A record of one of a user's devices."""

    device_id: int
    device_name: str
    record: StoredRecord


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Records of a feed, and where the next page begins; None at the end."""

    records: list[FeedRecord]
    next: FeedPosition | None


class _Item(NamedTuple):
    """A record with what puts it in order: the newest first, then by device."""

    age: int
    device_id: int
    record: StoredRecord
    size: int


class Feed:
    """Merges the newest records of many devices, of which it reads only those that the page can show."""

    def __init__(self, transactions: Transactions, telemetry: TelemetryRepository, bulk_reads: BulkReads) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._bulk_reads = bulk_reads

    async def page(self, account: UUID, user_id: UUID, span: Span, limit: int, after: FeedPosition | None) -> FeedPage:
        """Read a page of a user's feed on behalf of an account. Raises NotFound for an unknown user, Overloaded."""
        async with self._bulk_reads.turn(account):
            newest = _Newest(PageLimit(limit))
            heads = await self._heads(user_id, span, after)

            def reads() -> Iterator[Callable[[], Awaitable[None]]]:
                for time, device_id in heads:
                    if time < newest.floor:
                        return
                    yield partial(self._read, newest, device_id, _beyond(span, device_id, after), limit)

            await in_parallel(reads())
            return await self._named(newest)

    async def _heads(self, user_id: UUID, span: Span, after: FeedPosition | None) -> list[tuple[Millis, int]]:
        """The time of each device's first record on the page or after it, with the device, the newest first."""
        heads: list[tuple[Millis, int]] = []
        async for device_ids in self._device_ids(user_id):
            by_span: dict[Span, list[int]] = {}
            for device_id in device_ids:
                by_span.setdefault(_beyond(span, device_id, after), []).append(device_id)
            for rest, some in by_span.items():
                found = await self._telemetry.newest_times(some, rest)
                heads += [(time, device_id) for device_id, time in found.items()]
        return sorted(heads, reverse=True)

    async def _read(self, newest: "_Newest", device_id: int, span: Span, limit: int) -> None:
        """Read a device's records while they are among the newest."""
        # A part of what the page holds: several devices are read at a time.
        part = PageLimit(limit + 1, MAX_PAGE_VALUES // AT_ONCE, MAX_PAGE_BYTES // AT_ONCE)
        after: Millis | None = None
        while True:
            kept = Span(max(span.start, newest.floor), span.end)
            page = await self._telemetry.records(device_id, kept, descending=True, limit=part, after=after)
            newest.add(device_id, page.records)
            if not page.more or page.records[-1].timestamp < newest.floor:
                return
            after = page.records[-1].timestamp

    async def _named(self, newest: "_Newest") -> FeedPage:
        async with self._transactions.read() as transaction:
            names = await transaction.devices.names({item.device_id for item in newest.items})
        # A device that was deleted meanwhile has no name.
        shown = [
            FeedRecord(item.device_id, names[item.device_id], item.record)
            for item in newest.items
            if item.device_id in names
        ]
        last = newest.items[-1] if newest.more else None
        return FeedPage(shown, last and FeedPosition(last.record.timestamp, last.device_id))

    async def _device_ids(self, user_id: UUID) -> AsyncIterator[list[int]]:
        """The ids of the user's devices, some at a time. Raises NotFound for an unknown user."""
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
    """The newest records of those that were added, as many as a page holds."""

    def __init__(self, limit: PageLimit) -> None:
        self._limit = limit
        self.items: list[_Item] = []
        self.more = False

    @property
    def floor(self) -> Millis:
        """The page holds no record older than this."""
        return self.items[-1].record.timestamp if self.more else Millis(0)

    def add(self, device_id: int, records: Sequence[StoredRecord]) -> None:
        """Put a device's records in order among the others, and drop what the page does not hold."""
        merged = [*self.items]
        for record in records:
            shown = StoredRecord(record.timestamp, record.values, None)
            merged.append(_Item(-record.timestamp, device_id, shown, size_of(record.values)))
        merged.sort(key=itemgetter(0, 1))
        room = PageRoom(self._limit)
        self.items = list(takewhile(lambda item: room.take(len(item.record.values), item.size), merged))
        self.more = self.more or len(self.items) < len(merged)


def _beyond(span: Span, device_id: int, after: FeedPosition | None) -> Span:
    """What of the span a device's records lie in that come after a position."""
    if after is None:
        return span
    end = Millis(after.timestamp + (device_id > after.device_id))
    return Span(span.start, end if span.end is None else min(span.end, end))
