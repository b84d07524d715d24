"""Telemetry on its way in: judged, stored durably, then told to the caches."""

import asyncio
import logging
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass

from iotflow.clock import Clock
from iotflow.completion import to_completion
from iotflow.domain import credentials
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import FieldError, InvalidInput, StoreUnavailable
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonObject
from iotflow.domain.permissions import visible_device
from iotflow.domain.principals import DevicePrincipal, UserPrincipal
from iotflow.domain.telemetry import (
    MAX_AHEAD_MS,
    MAX_NAMES_PER_DEVICE,
    LatestValue,
    Record,
    Value,
    expiry,
)
from iotflow.domain.times import Micros, Millis
from iotflow.group_commit import GroupCommit
from iotflow.repositories.latest_cache import LatestCache
from iotflow.repositories.principal_cache import PrincipalCache
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.activity import ActivityCounter
from iotflow.services.audit import Actor, record_event
from iotflow.services.catalogue import Catalogue
from iotflow.services.invalidation import invalidate_with
from iotflow.time_slices import TimeSlice

ACTIVATIONS_PER_COMMIT = 500
ACTIVATIONS_WAITING = 10_000
ACTIVATION_DEADLINE_S = 1.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """One record as it was sent. `timestamp` None is the time of receipt."""

    values: Mapping[str, Value]
    timestamp: Millis | None
    metadata: JsonObject | None


Chunk = Mapping[int, Submission]
"""Records of a batch by their index in it, as many as are stored together."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why the record at `index` of a batch was not stored."""

    index: int
    detail: str


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """How many records of a batch were stored, and what was wrong with the others."""

    accepted: int
    rejections: Sequence[Rejection]


@dataclass(frozen=True, slots=True)
class _Activation:
    device_id: int
    request_id: str | None


class Ingest:
    """Takes telemetry. What it has answered is durable; caches and counts follow."""

    def __init__(
        self,
        transactions: Transactions,
        telemetry: TelemetryRepository,
        latest: LatestCache,
        principals: PrincipalCache,
        activity: ActivityCounter,
        clock: Clock,
        *,
        retention_days: int,
    ) -> None:
        self._transactions = transactions
        self._telemetry = telemetry
        self._latest = latest
        self._principals = principals
        self._activity = activity
        self._clock = clock
        self._retention_days = retention_days
        self._catalogue = Catalogue(telemetry, clock)
        self._activations = GroupCommit(
            self._activate_group,
            store="sql",
            group_weight=ACTIVATIONS_PER_COMMIT,
            waiting_weight=ACTIVATIONS_WAITING,
            deadline_s=ACTIVATION_DEADLINE_S,
        )

    async def submit(self, device: DevicePrincipal, submission: Submission, request_id: str | None) -> Millis:
        """Store one record of the device's; its time. Raises InvalidInput."""
        record = self._record(submission)
        if error := self._time_error(record.timestamp):
            raise InvalidInput.at("body", "timestamp", message=error)
        if not await self._catalogue.admit(device.device_id, record.values.keys()):
            message = f"a device has at most {MAX_NAMES_PER_DEVICE} names, and this one would be past that"
            raise InvalidInput([FieldError(("body", "data", name), message) for name in record.values])
        await to_completion(self._store(device.device_id, [record]))
        await self._activate(device, request_id)
        return record.timestamp

    async def submit_batch(
        self, device: DevicePrincipal, chunks: AsyncIterable[Chunk], request_id: str | None
    ) -> BatchOutcome:
        """Store the device's records; each is judged by itself. It counts as one submission."""
        outcome = await self._store_chunks(device.device_id, chunks)
        if outcome.accepted:
            await self._activate(device, request_id)
        return outcome

    async def backfill(self, caller: UserPrincipal, device_id: int, chunks: AsyncIterable[Chunk]) -> BatchOutcome:
        """Store records on behalf of a device; its presence and status stay. Raises NotFound."""
        async with self._transactions.read() as transaction:
            visible_device(caller, device_id, await transaction.devices.get(device_id))
        return await self._store_chunks(device_id, chunks)

    async def close(self) -> None:
        """Wait for what is under way."""
        await self._activations.close()

    async def _store_chunks(self, device_id: int, chunks: AsyncIterable[Chunk]) -> BatchOutcome:
        """Store one chunk after the other. One that fails leaves those before it stored: to send all again is safe."""
        accepted = 0
        rejections: list[Rejection] = []
        async for chunk in chunks:
            records = await self._judged(device_id, chunk, rejections)
            if records:
                await to_completion(self._store(device_id, records, messages=0 if accepted else 1))
                accepted += len(records)
        return BatchOutcome(accepted, rejections)

    async def _judged(self, device_id: int, chunk: Chunk, rejections: list[Rejection]) -> list[Record]:
        """The records of a chunk that may be stored; why others may not is appended to `rejections`."""
        records: list[Record] = []
        work = TimeSlice()
        for index, submission in chunk.items():
            await work.pause()
            record = self._record(submission)
            if error := self._time_error(record.timestamp):
                rejections.append(Rejection(index, f"timestamp: {error}"))
            elif not await self._catalogue.admit(device_id, record.values.keys()):
                message = f"data: a device has at most {MAX_NAMES_PER_DEVICE} names, and this one would be past that"
                rejections.append(Rejection(index, message))
            else:
                records.append(record)
        return records

    def _record(self, submission: Submission) -> Record:
        received = self._clock.receipt()
        # Not the time of receipt, which stays ahead of the clock after that was set back.
        timestamp = self._clock.now() if submission.timestamp is None else submission.timestamp
        return Record(timestamp, submission.values, submission.metadata, received)

    def _time_error(self, timestamp: Millis) -> str | None:
        if timestamp > self._clock.now() + MAX_AHEAD_MS:
            return f"more than {MAX_AHEAD_MS // 60_000} minutes ahead of the service's clock"
        return None

    async def _store(self, device_id: int, records: Sequence[Record], *, messages: int = 1) -> None:
        """Write records and tell the caches; run to completion, or a cached value could stay older than the store's."""
        try:
            await self._telemetry.write(device_id, records)
        except BaseException:
            # The records, or some of them, may have reached the store all the same.
            await self._latest.invalidate(device_id)
            raise
        await self._latest.advance(device_id, await self._newest(records))
        self._activity.count(device_id, sum(len(record.values) for record in records), messages=messages)

    async def _newest(self, records: Sequence[Record]) -> dict[str, LatestValue]:
        newest: dict[str, LatestValue] = {}
        work = TimeSlice()
        for record in records:
            await work.pause()
            expires: Micros | None = expiry(record.received, self._retention_days)
            for name, value in record.values.items():
                known = newest.get(name)
                # Records are in order of receipt: of two at one time the later one stays.
                if known is None or known.timestamp <= record.timestamp:
                    newest[name] = LatestValue(value, record.timestamp, record.received, expires)
        return newest

    async def _activate(self, device: DevicePrincipal, request_id: str | None) -> None:
        if device.status is not DeviceStatus.INACTIVE:
            return
        try:
            async with asyncio.timeout(ACTIVATION_DEADLINE_S):
                await self._activations.submit(_Activation(device.device_id, request_id))
        except (StoreUnavailable, TimeoutError) as error:
            # The telemetry is stored. A device that stays inactive tries again with its next submission.
            logger.warning("device %d was not activated in time: %r", device.device_id, error)

    async def _activate_group(self, activations: Sequence[_Activation]) -> None:
        now = self._clock.now()
        requests = {activation.device_id: activation.request_id for activation in activations}
        async with self._transactions.write(bulk=True) as transaction:
            digests: list[bytes] = []
            for device in await transaction.devices.activate(requests.keys(), now):
                digests.append(credentials.device_reference(device.id))
                digests += await transaction.keys.digests_of_device(device.id)
                await record_event(
                    transaction,
                    Actor("device", str(device.id), requests[device.id]),
                    EventType.DEVICE_STATUS_CHANGED,
                    now,
                    user_id=device.user_id,
                    device_id=device.id,
                    details={"from": DeviceStatus.INACTIVE.value, "to": DeviceStatus.ACTIVE.value},
                )
            await invalidate_with(transaction, self._principals, digests, now)
