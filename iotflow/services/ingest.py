"""Ingestion: records are checked, stored durably, and passed to observers.

All protocols submit records here, so the rules for records are enforced here.
"""

import asyncio
from array import array
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from iotflow.clock import Clock
from iotflow.concurrency.tasks import run_to_completion
from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.context import Context
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.domain.json import JsonObject
from iotflow.domain.names import normalize_names
from iotflow.domain.permissions import require_device, require_telemetry_accepted, require_user
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.principals import DevicePrincipal
from iotflow.domain.telemetry import (
    MAX_NAMES_PER_DEVICE,
    Reading,
    Record,
    errors_of_record,
    split_readings,
    time_error,
)
from iotflow.domain.times import Millis
from iotflow.metrics.definitions import RECORDS_REJECTED
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.device_activation import DeviceActivation
from iotflow.services.device_lookup import DeviceLookup
from iotflow.services.idempotency import Idempotency, digest
from iotflow.services.measurement_names import MeasurementNameCache
from iotflow.services.observers import RecordObservers, SubmittedRecords

MAX_REJECTION_DETAIL = 300
"""Characters in the detail of a rejection."""
_TOO_MANY_NAMES = f"a device has at most {MAX_NAMES_PER_DEVICE} names, and this one would be past that"


class Submission(msgspec.Struct, frozen=True):
    """One record as a client sends it. `timestamp` None: the time of receipt."""

    readings: Mapping[str, Reading]
    timestamp: Millis | None
    metadata: JsonObject | None

    def fingerprint(self) -> bytes:
        """Return a digest that equal submissions share, whatever the layout of their JSON."""
        content = [self.readings, self.timestamp, self.metadata]
        return digest(msgspec.json.encode(content, order="sorted"))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The acceptance of one record: its time, the number of values stored, and the names without a reading."""

    timestamp: Millis
    accepted: int
    ignored: Sequence[str]


Chunk = Mapping[int, Submission]
"""Records that are stored together, by their index in the batch."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The rejection of the record at `index` of a batch, with the reason."""

    index: int
    detail: str


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcome of a batch: the number of stored records, and the rejections of the others.

    `merged` of the stored records have the time of another one.
    """

    accepted: int
    merged: int
    rejections: Sequence[Rejection]


class Ingest:
    """Ingestion of telemetry. A submission returns after the durable write and the calls of the observers."""

    def __init__(
        self,
        transactions: Transactions,
        telemetry: TelemetryRepository,
        observers: RecordObservers,
        devices: DeviceLookup,
        invalidation: CacheInvalidation,
        idempotency: Idempotency,
        clock: Clock,
    ) -> None:
        self._telemetry = telemetry
        self._observers = observers
        self._devices = devices
        self._idempotency = idempotency
        self._clock = clock
        self._names = MeasurementNameCache(telemetry, clock)
        self._activations = DeviceActivation(transactions, invalidation, clock)

    async def submit(self, context: Context, submission: Submission, idempotency_key: str | None = None) -> Acceptance:
        """Store one record of the calling device. With a key, an equal submission that follows stores nothing.

        Raises:
            Unauthenticated: the caller has no credentials.
            Forbidden: the caller is no device, or the device is in maintenance.
            InvalidInput: the record breaks a rule, or the device has sent another one with this key.
            StoreUnavailable: the record may be stored nevertheless.

        """
        caller = self._require_submitter(context)
        submission = _normalize(submission)
        now = self._clock.now()
        record, ignored = self._build_record(submission, now)
        if errors := _find_errors(submission, record.timestamp, now):
            RECORDS_REJECTED.add(1, _reason(errors))
            raise InvalidInput(errors)
        if not await self._names.try_add(caller.device_id, record.values.keys()):
            raise InvalidInput([FieldError(("body", "data", name), _TOO_MANY_NAMES) for name in record.values])
        timestamp = record.timestamp
        if idempotency_key is None:
            await self._store(SubmittedRecords(caller.device, [record]))
        else:
            store = partial(self._store_at, caller.device, record)
            timestamp = await self._idempotency.store_once(
                caller.device_id, idempotency_key, submission.fingerprint(), timestamp, store
            )
        await self._activations.activate(caller, context)
        return Acceptance(timestamp, len(record.values), ignored)

    async def submit_batch(self, context: Context, chunks: AsyncIterable[Chunk]) -> BatchOutcome:
        """Store records of the calling device. Each is checked separately; the batch counts as one submission.

        Raises the errors of `submit` except InvalidInput. If a chunk fails, the earlier ones stay stored: a retry of
        the whole batch is idempotent.
        """
        caller = self._require_submitter(context)
        outcome = await self._store_chunks(caller.device, chunks)
        if outcome.accepted:
            await self._activations.activate(caller, context)
        return outcome

    async def backfill(self, context: Context, device_id: int, chunks: AsyncIterable[Chunk]) -> BatchOutcome:
        """Store records of a user's device. The device's presence and status stay unchanged.

        Raises:
            Unauthenticated: the caller has no credentials.
            Forbidden: the caller is no user, or a personal access token without the scope.
            NotFound: the device does not exist or is hidden from the caller.
            StoreUnavailable: records may be stored nevertheless.

        """
        caller = require_user(context.principal, TokenScope.TELEMETRY)
        device = await self._devices.get_visible(caller, device_id, TokenScope.TELEMETRY)
        return await self._store_chunks(device, chunks)

    async def close(self) -> None:
        """Wait for activations under way."""
        await self._activations.close()

    def _require_submitter(self, context: Context) -> DevicePrincipal:
        caller = require_device(context.principal)
        require_telemetry_accepted(caller.device.status)
        return caller

    async def _store_chunks(self, device: DeviceSummary, chunks: AsyncIterable[Chunk]) -> BatchOutcome:
        times = array("q")
        rejections: list[Rejection] = []
        async for chunk in chunks:
            records = await self._accept(device.id, chunk, rejections)
            if records:
                await self._store(SubmittedRecords(device, records, submissions=0 if times else 1))
                times.extend(record.timestamp for record in records)
        return BatchOutcome(len(times), len(times) - len(set(times)), rejections)

    async def _accept(self, device_id: int, chunk: Chunk, rejections: list[Rejection]) -> list[Record]:
        """Return the records of a chunk that may be stored, and append the others to `rejections`."""
        records: list[Record] = []
        admitted: set[str] = set()
        now = self._clock.now()
        time_slice = TimeSlice()
        for index, sent in chunk.items():
            if time_slice.is_over:
                await time_slice.pause()
            submission = _normalize(sent)
            record, _ = self._build_record(submission, now)
            names = record.values.keys()
            if errors := _find_errors(submission, record.timestamp, now):
                RECORDS_REJECTED.add(1, _reason(errors))
                rejections.append(Rejection(index, _detail(errors)))
            elif names <= admitted:
                records.append(record)
            elif await self._names.try_add(device_id, names):
                admitted |= names
                records.append(record)
            else:
                rejections.append(Rejection(index, f"data: {_TOO_MANY_NAMES}"))
        return records

    def _build_record(self, submission: Submission, now: Millis) -> tuple[Record, list[str]]:
        """Return the record to store, and the names without a reading."""
        # The time of receipt is no time of an event: it stays ahead of the clock after the clock is set back.
        timestamp = now if submission.timestamp is None else submission.timestamp
        values, ignored = split_readings(submission.readings)
        return Record(timestamp, values, submission.metadata, self._clock.unique_now()), ignored

    async def _store_at(self, device: DeviceSummary, record: Record, timestamp: Millis) -> None:
        await self._store(SubmittedRecords(device, [msgspec.structs.replace(record, timestamp=timestamp)]))

    async def _store(self, submitted: SubmittedRecords) -> None:
        """Write records and call the observers, completely even if the caller is cancelled: the cache would stay stale.

        A cancellation may come before the end of the write, so both are repeated. The same records stay stored; the
        counts of activity are estimates. A task for each submission would cost more than the rest of this service.
        """
        try:
            await self._write_and_observe(submitted)
        except asyncio.CancelledError:
            await run_to_completion(self._write_and_observe(submitted))
            raise

    async def _write_and_observe(self, submitted: SubmittedRecords) -> None:
        try:
            await self._telemetry.write(submitted.device.id, submitted.records)
        except BaseException:
            await self._observers.on_write_failed(submitted.device)
            raise
        await self._observers.on_stored(submitted)


def _normalize(submission: Submission) -> Submission:
    readings = normalize_names(submission.readings)
    return submission if readings is submission.readings else msgspec.structs.replace(submission, readings=readings)


def _find_errors(submission: Submission, timestamp: Millis, now: Millis) -> list[FieldError]:
    errors = errors_of_record(submission.readings, submission.metadata)
    if error := time_error(timestamp, now):
        errors.append(FieldError(("body", "timestamp"), error))
    return errors


def _reason(errors: Sequence[FieldError]) -> str:
    return "time" if all(error.location[-1] == "timestamp" for error in errors) else "invalid"


def _detail(errors: Sequence[FieldError]) -> str:
    return "; ".join(f"{'.'.join(map(str, error.location[1:]))}: {error.message}" for error in errors)[
        :MAX_REJECTION_DETAIL
    ]
