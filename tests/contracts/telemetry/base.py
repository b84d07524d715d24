"""Base class and helper functions of the telemetry suites."""

import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import pytest

from iotflow.clock import Clock
from iotflow.domain.devices import MAX_ID
from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import LatestValue, PageLimit, Record, StoredRecord, Value, expiry
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.timed import Timed

RETENTION_DAYS = 30
RETENTION_US = RETENTION_DAYS * DAY_MS * 1_000
ALL_TIME = TimeRange(Millis(0), None)

OpenTelemetry = Callable[[int], TelemetryRepository]
"""Returns an implementation with this retention in days, on the store of the test."""


@dataclass(frozen=True, slots=True)
class RawPoint:
    """A stored value."""

    timestamp: Millis
    name: str
    value: Value
    received: Micros


class RawTelemetry(Protocol):
    """Direct access to the store, without the implementation."""

    async def points(self, device_id: int) -> list[RawPoint]:
        """Return the stored values of a device by time and name, duplicates included."""
        ...

    async def metadata(self, device_id: int) -> dict[Millis, JsonObject]:
        """Return the stored metadata of a device by time."""
        ...


class TelemetryBase(Timed):
    """The implementation under test. Each test creates its devices, because tests may share a store."""

    @pytest.fixture
    def open_telemetry(self) -> OpenTelemetry:
        raise NotImplementedError

    @pytest.fixture
    def raw(self) -> RawTelemetry:
        raise NotImplementedError

    @pytest.fixture
    def telemetry(self, open_telemetry: OpenTelemetry) -> TelemetryRepository:
        return open_telemetry(RETENTION_DAYS)

    @pytest.fixture
    def device(self) -> int:
        return new_device()


def new_device() -> int:
    """Return an unused device id. Hypothesis seeds `random`, so ids would repeat; it does not affect `secrets`."""
    return 1 + secrets.randbelow(MAX_ID - 1)


def at(text: str) -> Millis:
    """Parse a UTC time such as `2026-01-31 09:30:00.250`."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Millis(round(moment.timestamp() * 1_000))


def record(clock: Clock, timestamp: int, values: Mapping[str, Value], metadata: JsonObject | None = None) -> Record:
    """Return a record received now."""
    return Record(Millis(timestamp), values, metadata, clock.unique_now())


def exactly(value: Value) -> tuple[type, Value]:
    """Return values with their types, so that `True`, 1 and 1.0 differ."""
    return type(value), value


def assert_expires(latest: LatestValue, received: Micros, retention_days: int = RETENTION_DAYS) -> None:
    """Check that a value expires one retention after its receipt. A store may count in whole seconds."""
    assert latest.expires_us is not None
    wanted = expiry(received, retention_days)
    assert wanted is not None
    assert abs(latest.expires_us - wanted) <= 1_000_000


async def purge_all(telemetry: TelemetryRepository, *device_ids: int) -> None:
    """Purge all data of these devices."""
    rest = list(device_ids)
    while rest:
        rest = await telemetry.purge_chunk(rest)


def metadata_of(found: StoredRecord) -> JsonObject | None:
    """Return the decoded metadata of a record."""
    return None if found.metadata is None else json.loads(found.metadata)


async def page_of(
    telemetry: TelemetryRepository,
    device: int,
    limit: int,
    *,
    time_range: TimeRange = ALL_TIME,
    descending: bool = True,
    after: Millis | None = None,
    names: Collection[str] | None = None,
) -> Sequence[StoredRecord]:
    """Return the records of a page."""
    page = await telemetry.records(
        device, time_range, descending=descending, limit=PageLimit(limit), after=after, names=names
    )
    return page.records


async def history(
    telemetry: TelemetryRepository, device: int, time_range: TimeRange = ALL_TIME, *, descending: bool = False
) -> dict[Millis, StoredRecord]:
    """Return all records of a range by time."""
    records = await page_of(telemetry, device, 10_000, time_range=time_range, descending=descending)
    assert len({record.timestamp for record in records}) == len(records), "a record appears twice"
    return {record.timestamp: record for record in records}


async def values_of(
    telemetry: TelemetryRepository, device: int, time_range: TimeRange = ALL_TIME
) -> dict[int, dict[str, Value]]:
    """Return the values of the history by time and name."""
    return {time: dict(found.values) for time, found in (await history(telemetry, device, time_range)).items()}
