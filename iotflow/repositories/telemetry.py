"""The interface of telemetry."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.telemetry import LatestValues, PageLimit, Record, RecordPage
from iotflow.domain.time_windows import Window
from iotflow.domain.times import Millis, TimeRange


class TelemetryRepository(Protocol):
    """Points: one value per device, time and name, and one metadata object per device and time.

    - A write is durable when it returns. Of two values for one key the one received later stays, in whatever order
      they arrive; metadata likewise, where it is given.
    - A value is kept, from its time of receipt, as long as the retention in force when it was written; afterwards no
      read shows it. A record whose values are all gone is gone with its metadata.
    - After `delete` returns, no read shows what was written before it began; nor of a device that `purge_chunk` has
      left out of its answer.
    - An event time may lie anywhere from 1970 on. Late data never hides newer data, nor the other way round.
    """

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        """Store records of one device. Concurrent writes of all devices share the store's commits."""
        ...

    async def names(self, device_id: int) -> frozenset[str]:
        """Return the names of which the device has a value. The result may lag behind deletion and expiry."""
        ...

    async def latest(self, device_id: int) -> LatestValues:
        """Return the newest value of each name by event time."""
        ...

    async def records(
        self,
        device_id: int,
        time_range: TimeRange,
        *,
        descending: bool,
        limit: PageLimit,
        after: Millis | None = None,
        names: Collection[str] | None = None,
    ) -> RecordPage:
        """Return whole records within a time range, in order of time, beyond the time `after`, up to the limit.

        With `names`, records have only those values, and records without any of them are left out. The store reads
        little more than the page. A page below its limit is the last one, unless `more` is set.
        """
        ...

    async def newest_times(self, device_ids: Sequence[int], time_range: TimeRange) -> Mapping[int, Millis]:
        """Return an upper bound of the time of each device's last record within a range, as a rule the exact time.

        A device that is left out has no record in the range.
        """
        ...

    async def aggregate(
        self,
        device_id: int,
        name: str,
        time_range: TimeRange,
        aggregation: Aggregation,
        *,
        window: Window,
        offset_ms: int,
    ) -> list[WindowAggregate]:
        """Return the statistic of one name's values within a range per window, in order. Empty windows are left out.

        A value's window has the index `window.index_at(time + offset_ms)`. Rises from one window to the next are left
        to the caller. Raises InvalidInput if the texts, which `first` and `last` return, exceed `MAX_PAGE_BYTES`.
        """
        ...

    async def delete(self, device_id: int, time_range: TimeRange) -> None:
        """Remove the device's records within a time range."""
        ...

    async def purge_chunk(self, device_ids: Collection[int]) -> list[int]:
        """Remove some records of these devices. Return the devices that may have more."""
        ...
