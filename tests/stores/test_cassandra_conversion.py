"""The conversion of records from maps of values to rows: interrupted at any time, it changes no answer."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from iotflow.addresses import CassandraAddress
from iotflow.clock import SystemClock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import LatestValue, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.stores.cassandra import conversion
from iotflow.stores.cassandra.driver import STORE_NAME
from iotflow.stores.cassandra.migrations import CassandraSchema, stored_version, upgrade, wanted_version
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.urls import parse_cassandra_url
from tests.contracts.telemetry.base import (
    ALL_TIME,
    RawPoint,
    at,
    exactly,
    history,
    metadata_of,
    new_device,
    purge_all,
    record,
)
from tests.stores.cassandra import CassandraRawTelemetry, drop_keyspace, raise_deadlines
from tests.stores.former_cassandra import FormerWrite, create_former_keyspace, former_writes

FIRST = at("2024-02-28 12:00")
RETENTION_DAYS = 30


@pytest.fixture
async def address(cassandra_url: str) -> AsyncIterator[CassandraAddress]:
    """A keyspace that does not exist yet."""
    address = parse_cassandra_url(f"{cassandra_url}/iotflow_test_{secrets.token_hex(6)}")
    yield address
    await drop_keyspace(address)


@pytest.fixture
async def cassandra(address: CassandraAddress, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cassandra]:
    raise_deadlines(monkeypatch)
    cassandra = Cassandra(address)
    yield cassandra
    await cassandra.close()


class Expected:
    """The answers that submissions have, whatever the layout."""

    def __init__(self, writes: list[FormerWrite]) -> None:
        self.points: dict[tuple[Millis, str], RawPoint] = {}
        self.metadata: dict[Millis, object] = {}
        for write in writes:
            for name, value in write.values.items():
                self.points[write.time, name] = RawPoint(write.time, name, value, write.received)
            if write.metadata is not None:
                self.metadata[write.time] = write.metadata

    def history(self) -> dict[Millis, dict[str, tuple[type, Value]]]:
        found: dict[Millis, dict[str, tuple[type, Value]]] = {}
        for (time, name), point in sorted(self.points.items()):
            found.setdefault(time, {})[name] = exactly(point.value)
        return found

    def latest(self) -> dict[str, tuple[type, Value, Millis, Micros]]:
        return {
            name: (*exactly(point.value), time, point.received) for (time, name), point in sorted(self.points.items())
        }

    def daily_counts(self, name: str) -> dict[int, int]:
        days = [time // DAY_MS for time, of_name in self.points if of_name == name]
        return {day: days.count(day) for day in sorted(set(days))}


async def test_a_conversion_interrupted_three_times_changes_no_answer(
    cassandra: Cassandra, address: CassandraAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, devices = SystemClock(), [new_device() for _ in range(3)]
    received = Micros(clock.unique_now() - 60_000_000)
    writes = {device: list(former_writes(device, FIRST, received)) for device in devices}
    await create_former_keyspace(cassandra, (write for of_device in writes.values() for write in of_device))
    schema = CassandraSchema(cassandra)
    assert await schema.conversion(await schema.stored()) == "records to convert: 3 devices, 120 partitions of a day"
    monkeypatch.setattr(conversion, "DAYS_PER_CHUNK", 2)
    monkeypatch.setattr(conversion, "RECORDS_PER_STATEMENT", 3)
    remaining = 120
    for _ in range(3):
        await interrupt(cassandra, monkeypatch, after=90)
        assert await stored_version(cassandra) != wanted_version()
        text = await schema.conversion(await schema.stored())
        assert text is not None
        days = int(text.split()[-5])
        assert days < remaining
        remaining = days
    await upgrade(cassandra)
    assert await schema.conversion(await schema.stored()) is None

    telemetry, raw = CassandraTelemetry(cassandra, clock, RETENTION_DAYS), CassandraRawTelemetry(address)
    for device in devices:
        expected = Expected(writes[device])
        assert list(map(repr, await raw.points(device))) == [repr(p) for _, p in sorted(expected.points.items())]
        await check_history(telemetry, device, expected)
        latest = await telemetry.latest(device)
        assert {name: described(found) for name, found in latest.items()} == expected.latest()
        assert await telemetry.names(device) == latest.keys()
        counts = await telemetry.aggregate(
            device, "n0", ALL_TIME, Aggregation.COUNT, window=Window(DAY_MS), offset_ms=0
        )
        assert {found.index: found.value for found in counts} == expected.daily_counts("n0")
    await telemetry.write(devices[0], [record(clock, FIRST + 100 * DAY_MS, {"n0": 1})])
    assert (await telemetry.latest(devices[0]))["n0"].value == 1
    await purge_all(telemetry, *devices)
    for device in devices:
        assert await raw.points(device) == []
        assert await telemetry.names(device) == frozenset()


async def check_history(telemetry: CassandraTelemetry, device: int, expected: Expected) -> None:
    for descending in (False, True):
        shown = await history(telemetry, device, descending=descending)
        assert {
            time: {name: exactly(value) for name, value in found.values.items()} for time, found in shown.items()
        } == expected.history()
        assert {
            time: metadata_of(found) for time, found in shown.items() if found.metadata is not None
        } == expected.metadata


async def test_rows_and_entries_keep_their_expiry(cassandra: Cassandra, address: CassandraAddress) -> None:
    device, received = new_device(), Micros(SystemClock().unique_now() - 1_000_000)
    former = [
        FormerWrite(device, FIRST, {"a": 1}, None, received, 1_000),
        FormerWrite(device, Millis(FIRST + 1), {"a": 1}, {}, Micros(received + 1), 500_000),
        FormerWrite(device, Millis(FIRST + 2), {"a": 1}, None, Micros(received + 2), 2_000),
        FormerWrite(device, FIRST, {"b": 1}, None, Micros(received + 3), 0),
    ]
    await create_former_keyspace(cassandra, iter(former))
    await upgrade(cassandra)
    raw = CassandraRawTelemetry(address)
    rows = await raw.rows("telemetry_records", "time, ttl(measurements) AS ttl, ttl(metadata) AS of_metadata", device)
    ttls = sorted((row["time"] - FIRST, row["ttl"] or 0, row["of_metadata"]) for row in rows)
    assert [(time, bool(ttl), metadata is not None) for time, ttl, metadata in ttls] == [
        (0, False, False),
        (0, True, False),
        (1, True, True),
        (2, True, False),
    ]
    assert [940 < ttls[1][1] <= 1_000, 499_940 < ttls[2][1] <= 500_000, 1_940 < ttls[3][1] <= 2_000] == [True] * 3
    entries = {
        tuple(row["names"]): row["ttl"]
        for row in await raw.rows("telemetry_schemas", "names, ttl(names) AS ttl", device)
    }
    assert entries[("b",)] is None
    assert entries[("a",)] > 500_000


async def interrupt(cassandra: Cassandra, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Start an upgrade whose statements fail after this number of batches."""
    sent, execute_batch = iter(range(10**9)), Cassandra.execute_batch

    async def fail(self: Cassandra, *arguments: Any, **options: Any) -> None:  # Any: those of `execute_batch`
        if next(sent) >= after:
            raise StoreUnavailable(STORE_NAME, "killed by the test")
        await execute_batch(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Cassandra, "execute_batch", fail)
        with pytest.raises(StoreUnavailable, match="killed"):
            await upgrade(cassandra)


def described(latest: LatestValue) -> tuple[type, Value, Millis, Micros]:
    return (*exactly(latest.value), latest.timestamp, latest.received_us)
