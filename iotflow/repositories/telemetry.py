"""What devices measured."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from iotflow.domain.aggregates import Aggregation, Bucket
from iotflow.domain.telemetry import LatestValues, PageLimit, Record, RecordPage
from iotflow.domain.times import Millis, Span


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
        """The catalogue: every name of which the device has a value. It may lag behind deletion and expiry."""
        ...

    async def latest(self, device_id: int) -> LatestValues:
        """The newest value of each name by event time."""
        ...

    async def records(
        self,
        device_id: int,
        span: Span,
        *,
        descending: bool,
        limit: PageLimit,
        after: Millis | None = None,
        names: Collection[str] | None = None,
    ) -> RecordPage:
        """Return whole records within the span, in order of time, beginning beyond `after`, up to the limit.

        With `names`, records have only those values, and records without any of them are left out. The store reads
        little more than the page holds. A page that ends before its limit is the last one, unless `more` is set.
        """
        ...

    async def newest_times(self, device_ids: Sequence[int], span: Span) -> Mapping[int, Millis]:
        """Return for devices a time that their last record within the span is not later than: its own as a rule.

        A device that is left out has no record there.
        """
        ...

    async def aggregate(
        self, device_id: int, name: str, span: Span, aggregation: Aggregation, *, width_ms: int, offset_ms: int
    ) -> list[Bucket]:
        """The statistic of one name's values within the span, per window, in order; windows without any left out.

        A value's window has the index `floor((time + offset_ms) / width_ms)`. Raises InvalidInput for texts, as `first`
        and `last` give them, of more than `MAX_PAGE_BYTES` together.
        """
        ...

    async def delete(self, device_id: int, span: Span) -> None:
        """Remove the device's records within the span."""
        ...

    async def purge_chunk(self, device_ids: Collection[int]) -> list[int]:
        """Remove some records of these devices; those of the devices that may have more."""
        ...
