"""Observers of stored records. They run after the durable write; their failure does not fail the submission."""

import logging
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from iotflow.concurrency.tasks import run_within
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import LatestValue, Record, expiry
from iotflow.metrics import catalogue
from iotflow.repositories.cache import LatestCache
from iotflow.services.activity import ActivityBuffer

OBSERVER_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Durably stored records of a device, in the order of their receipt.

    `messages` is 1 for the first records of a submission, 0 for the later chunks of a batch.
    """

    device: DeviceSummary
    records: Sequence[Record]
    messages: int = 1


class RecordObserver(Protocol):
    """An observer of stored records. Its errors are counted and logged."""

    def on_stored(self, batch: RecordBatch) -> Coroutine[object, None, None]:
        """Process records after their durable write."""
        ...

    async def on_write_failed(self, device: DeviceSummary) -> None:
        """Process a failed write. Some of its records may be stored nevertheless."""
        ...


class RecordObservers:
    """The observers of a service, called one after the other, each for at most `OBSERVER_TIMEOUT_S` seconds."""

    def __init__(self, observers: Sequence[RecordObserver]) -> None:
        self._observers = observers
        self.failures = 0

    async def on_stored(self, batch: RecordBatch) -> None:
        """Call all observers, the later ones even if one fails."""
        for observer in self._observers:
            try:
                await run_within(OBSERVER_TIMEOUT_S, observer.on_stored(batch))
            except Exception as error:
                # The records are durable: an observer's failure must not fail the submission.
                self.failures += 1
                catalogue.OBSERVER_FAILURES.add(1)
                # The circuit breaker reports an outage once; here each submission would.
                is_outage = isinstance(error, StoreUnavailable)
                logger.log(
                    logging.DEBUG if is_outage else logging.ERROR,
                    "observer=%s device=%d: failed; records=%d are stored",
                    type(observer).__name__,
                    batch.device.id,
                    len(batch.records),
                    exc_info=not is_outage,
                )

    async def on_write_failed(self, device: DeviceSummary) -> None:
        """Report a failed write to all observers."""
        for observer in self._observers:
            await observer.on_write_failed(device)


class LatestCacheObserver:
    """The observer that merges stored records into the cached latest values."""

    def __init__(self, latest: LatestCache, retention_days: int) -> None:
        self._latest = latest
        self._retention_days = retention_days

    async def on_stored(self, batch: RecordBatch) -> None:
        try:
            await self._latest.merge(batch.device.id, await self._newest(batch.records))
        except BaseException:
            # The cached values would stay stale.
            await self._latest.invalidate(batch.device.id)
            raise

    async def on_write_failed(self, device: DeviceSummary) -> None:
        await self._latest.invalidate(device.id)

    async def _newest(self, records: Sequence[Record]) -> dict[str, LatestValue]:
        if len(records) == 1:
            return self._latest_values(records[0], records[0].values)
        newest: dict[str, Record] = {}
        work = TimeSlice()
        for record in records:
            if work.is_over:
                await work.pause()
            for name in record.values:
                known = newest.get(name)
                # Records are in order of receipt: of two values of one time, the one received later wins.
                if known is None or known.timestamp <= record.timestamp:
                    newest[name] = record
        latest: dict[str, LatestValue] = {}
        for name, record in newest.items():
            latest |= self._latest_values(record, (name,))
        return latest

    def _latest_values(self, record: Record, names: Iterable[str]) -> dict[str, LatestValue]:
        timestamp, received = record.timestamp, record.received
        expires = expiry(received, self._retention_days)
        return {name: LatestValue(record.values[name], timestamp, received, expires) for name in names}


class ActivityObserver:
    """The observer that counts messages and points per device and hour."""

    def __init__(self, activity: ActivityBuffer) -> None:
        self._activity = activity

    async def on_stored(self, batch: RecordBatch) -> None:
        points = sum(len(record.values) for record in batch.records)
        self._activity.count(batch.device.id, points, messages=batch.messages)

    async def on_write_failed(self, device: DeviceSummary) -> None:
        pass
