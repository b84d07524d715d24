"""What every part of the telemetry suite stands on."""

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
from iotflow.domain.times import DAY_MS, Micros, Millis, Span
from iotflow.repositories.telemetry import TelemetryRepository
from tests.contracts.timed import Timed

RETENTION_DAYS = 30
RETENTION_US = RETENTION_DAYS * DAY_MS * 1_000
ALL_TIME = Span(Millis(0), None)

OpenTelemetry = Callable[[int], TelemetryRepository]
"""A player with this retention in days, over the same store as all others of the test."""


@dataclass(frozen=True, slots=True)
class RawPoint:
    """A value as the store itself holds it."""

    timestamp: Millis
    name: str
    value: Value
    received: Micros


class RawTelemetry(Protocol):
    """The store, seen around the player."""

    async def points(self, device_id: int) -> list[RawPoint]:
        """All values that are kept for the device, by time and name; the same key twice if it is kept twice."""
        ...

    async def metadata(self, device_id: int) -> dict[Millis, JsonObject]:
        """The metadata kept for the device, by time."""
        ...


class TelemetryBase(Timed):
    """The player under test. Devices are of each test's own, for stores that tests share."""

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
    """The id of a device that no other test and no other example knows (Hypothesis resets `random`, not `secrets`)."""
    return 1 + secrets.randbelow(MAX_ID - 1)


def at(text: str) -> Millis:
    """`2026-01-31 09:30:00.250` in UTC as a time."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Millis(round(moment.timestamp() * 1_000))


def record(clock: Clock, timestamp: int, values: Mapping[str, Value], metadata: JsonObject | None = None) -> Record:
    """A record received now."""
    return Record(Millis(timestamp), values, metadata, clock.receipt())


def exactly(value: Value) -> tuple[type, Value]:
    """A value with its type: `True`, 1 and 1.0 differ."""
    return type(value), value


def assert_expires(latest: LatestValue, received: Micros, retention_days: int = RETENTION_DAYS) -> None:
    """The value expires a retention after its receipt; a store may count in whole seconds."""
    assert latest.expires is not None
    wanted = expiry(received, retention_days)
    assert wanted is not None
    assert abs(latest.expires - wanted) <= 1_000_000


async def purge_all(telemetry: TelemetryRepository, *device_ids: int) -> None:
    """Purge these devices to the end."""
    rest = list(device_ids)
    while rest:
        rest = await telemetry.purge_chunk(rest)


def metadata_of(found: StoredRecord) -> JsonObject | None:
    """A record's metadata, decoded."""
    return None if found.metadata is None else json.loads(found.metadata)


async def page_of(
    telemetry: TelemetryRepository,
    device: int,
    limit: int,
    *,
    span: Span = ALL_TIME,
    descending: bool = True,
    after: Millis | None = None,
    names: Collection[str] | None = None,
) -> Sequence[StoredRecord]:
    """The records of a page."""
    page = await telemetry.records(
        device, span, descending=descending, limit=PageLimit(limit), after=after, names=names
    )
    return page.records


async def history(
    telemetry: TelemetryRepository, device: int, span: Span = ALL_TIME, *, descending: bool = False
) -> dict[Millis, StoredRecord]:
    """All records within the span, by time."""
    records = await page_of(telemetry, device, 10_000, span=span, descending=descending)
    assert len({record.timestamp for record in records}) == len(records), "a record came twice"
    return {record.timestamp: record for record in records}


async def values_of(telemetry: TelemetryRepository, device: int, span: Span = ALL_TIME) -> dict[int, dict[str, Value]]:
    """What the history shows: time to names and values."""
    return {time: dict(found.values) for time, found in (await history(telemetry, device, span)).items()}
