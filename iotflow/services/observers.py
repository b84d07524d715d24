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
from iotflow.metrics import definitions
from iotflow.repositories.cache import LatestCache
from iotflow.services.activity import ActivityBuffer

OBSERVER_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SubmittedRecords:
    """A single record of a device, or a chunk of a batch: written together, in the order of receipt.

    `submissions` is what they add to the number of submissions: 1, or 0 for the later chunks of a batch.
    """

    device: DeviceSummary
    records: Sequence[Record]
    submissions: int = 1


class RecordObserver(Protocol):
    """An observer of stored records. Its errors are counted and logged."""

    def on_stored(self, submitted: SubmittedRecords) -> Coroutine[object, None, None]:
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

    async def on_stored(self, submitted: SubmittedRecords) -> None:
        """Call all observers, the later ones even if one fails."""
        for observer in self._observers:
            try:
                await run_within(OBSERVER_TIMEOUT_S, observer.on_stored(submitted))
            except Exception as error:
                # The records are durable: an observer's failure must not fail the submission.
                self.failures += 1
                definitions.OBSERVER_FAILURES.add(1)
                # The circuit breaker reports an outage once; here each submission would.
                is_outage = isinstance(error, StoreUnavailable)
                logger.log(
                    logging.DEBUG if is_outage else logging.ERROR,
                    "observer=%s device=%d: failed; records=%d are stored",
                    type(observer).__name__,
                    submitted.device.id,
                    len(submitted.records),
                    exc_info=not is_outage,
                )

    async def on_write_failed(self, device: DeviceSummary) -> None:
        """Report a failed write to all observers."""
        for observer in self._observers:
            await observer.on_write_failed(device)


class LatestCacheObserver:
    """The observer that merges stored records into the cached latest values."""

    def __init__(self, latest_cache: LatestCache, retention_days: int) -> None:
        self._latest_cache = latest_cache
        self._retention_days = retention_days

    async def on_stored(self, submitted: SubmittedRecords) -> None:
        try:
            await self._latest_cache.merge(submitted.device.id, await self._newest(submitted.records))
        except BaseException:
            # The cached values would stay stale.
            await self._latest_cache.invalidate(submitted.device.id)
            raise

    async def on_write_failed(self, device: DeviceSummary) -> None:
        await self._latest_cache.invalidate(device.id)

    async def _newest(self, records: Sequence[Record]) -> dict[str, LatestValue]:
        if len(records) == 1:
            return self._latest_values(records[0], records[0].values)
        newest: dict[str, Record] = {}
        time_slice = TimeSlice()
        for record in records:
            if time_slice.is_over:
                await time_slice.pause()
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
        timestamp, received = record.timestamp, record.received_us
        expires = expiry(received, self._retention_days)
        return {name: LatestValue(record.values[name], timestamp, received, expires) for name in names}


class ActivityObserver:
    """The observer that counts submissions and points per device and hour."""

    def __init__(self, activity: ActivityBuffer) -> None:
        self._activity = activity

    async def on_stored(self, submitted: SubmittedRecords) -> None:
        points = sum(len(record.values) for record in submitted.records)
        self._activity.count(submitted.device.id, points, submissions=submitted.submissions)

    async def on_write_failed(self, device: DeviceSummary) -> None:
        pass
