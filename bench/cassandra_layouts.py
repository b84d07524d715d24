"""How telemetry may lie in Cassandra, measured: `python -m bench.cassandra_layouts cassandra://127.0.0.1:9042`.

Each layout gets tables with one partition a device and day, in a keyspace that is dropped afterwards, and the same
data: records of 3 decimals. Rounds of all layouts follow each other, so that whatever else the machine does meets all.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import msgspec

from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Micros, Millis
from iotflow.stores.cassandra.address import parse_address
from iotflow.stores.cassandra.connection import Cassandra, Statement
from iotflow.stores.cassandra.days import timestamp
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.cassandra.writing import Write

KEYSPACE = "iotflow_bench_layouts"
NAMES = ("temperature", "humidity", "pressure")
DAY = 20_000
DAY_STARTS = DAY * 86_400_000
TTL_S = 90 * 86_400
AT_ONCE = 16
SUBMISSIONS = 480
BATCHES = 24
PAGES = 96
HOUR = timedelta(hours=1)
SCAN_S = 60.0

pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode


class Layout(Protocol):
    """Tables, and how records are written to them and read from them."""

    name: str
    tables: Sequence[str]

    def store(self, device: int, record: Record) -> list[Statement]:
        """The statements, all of one partition, that store a record."""
        ...

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        """Read and decode the newest records of a day; how many."""
        ...

    async def hourly_means(self, cassandra: Cassandra, device: int, name: str) -> int:
        """The mean of each hour of a day; of how many values in all."""
        ...


KEY = "device_id bigint, day int, time timestamp"
NEWEST_FIRST = "WITH CLUSTERING ORDER BY (time DESC"
STAMP = "USING TIMESTAMP ? AND TTL ?"
DATA = "device_id = ? AND day = ?"


def _hours(rows: Sequence[tuple[int, float]]) -> int:
    hours: defaultdict[int, list[float]] = defaultdict(list)
    for at, value in rows:
        hours[at // 3_600_000].append(value)
    return sum(len(values) for values in hours.values() if statistics.fmean(values) is not None)


@dataclass
class RowPerMeasurement:
    """Ordered by time and then by name."""

    name: str = "a row per measurement"
    tables: Sequence[str] = (
        f"CREATE TABLE a ({KEY}, name text, value frozen<measured>, PRIMARY KEY ((device_id, day), time, name)) "
        f"{NEWEST_FIRST}, name ASC)",
    )

    def store(self, device: int, record: Record) -> list[Statement]:
        cql = f"UPDATE a {STAMP} SET value = ? WHERE {DATA} AND time = ? AND name = ?"
        at = timestamp(record.timestamp)
        return [
            (cql, (record.received, TTL_S, {"f": value}, device, DAY, at, name))
            for name, value in record.values.items()
        ]

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        cql = f"SELECT to_unix_timestamp(time), name, value, writetime(value) FROM a WHERE {DATA} LIMIT ?"
        found: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        for at, name, value, stamp in await cassandra.execute(cql, (device, DAY, limit * len(NAMES))):
            (found[at][name],) = ((field, stamp) for field in value.values() if field is not None)
        return len(found)

    async def hourly_means(self, cassandra: Cassandra, device: int, name: str) -> int:
        # Without filtering, all names are read.
        cql = f"SELECT to_unix_timestamp(time), name, value.f FROM a WHERE {DATA}"
        rows = []
        async for page in cassandra.pages(cql, (device, DAY), timeout_s=SCAN_S):
            rows += [(at, value) for at, found, value in page if found == name]
        return _hours(rows)


@dataclass
class TypedMap:
    """A row per record, the values in a map that keeps their types."""

    name: str = "a row per record, a map of typed values"
    tables: Sequence[str] = (
        f"CREATE TABLE b ({KEY}, values map<text, frozen<measured>>, PRIMARY KEY ((device_id, day), time)) "
        f"{NEWEST_FIRST})",
    )

    def store(self, device: int, record: Record) -> list[Statement]:
        cql = f"UPDATE b {STAMP} SET values = values + ? WHERE {DATA} AND time = ?"
        values = {name: {"f": value} for name, value in record.values.items()}
        return [(cql, (record.received, TTL_S, values, device, DAY, timestamp(record.timestamp)))]

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        cql = f"SELECT to_unix_timestamp(time), values, writetime(values) FROM b WHERE {DATA} LIMIT ?"
        rows = await cassandra.execute(cql, (device, DAY, limit))
        return len(
            [
                {name: next(f for f in value.values() if f is not None) for name, value in values.items()}
                for _, values, _ in rows
            ]
        )

    async def hourly_means(self, cassandra: Cassandra, device: int, name: str) -> int:
        value = f"values['{name}'].f"
        cql = f"SELECT count({value}), sum({value}) FROM b WHERE {DATA} GROUP BY device_id, day, floor(time, ?)"
        return sum(row[0] for row in await cassandra.execute(cql, (device, DAY, HOUR), timeout_s=SCAN_S))


class _WithPoints:
    """Beside the records a row per measurement, ordered by name and then by time, in the same partition key."""

    points: str

    def store_points(self, device: int, record: Record) -> list[Statement]:
        cql = f"UPDATE {self.points} {STAMP} SET value = ? WHERE {DATA} AND name = ? AND time = ?"
        at = timestamp(record.timestamp)
        return [
            (cql, (record.received, TTL_S, {"f": value}, device, DAY, name, at))
            for name, value in record.values.items()
        ]

    async def hourly_means(self, cassandra: Cassandra, device: int, name: str) -> int:
        cql = (
            f"SELECT count(value.f), sum(value.f) FROM {self.points} WHERE {DATA} AND name = ? "
            "GROUP BY device_id, day, name, floor(time, ?)"
        )
        return sum(row[0] for row in await cassandra.execute(cql, (device, DAY, name, HOUR), timeout_s=SCAN_S))


def _points(table: str) -> str:
    return (
        f"CREATE TABLE {table} ({KEY}, name text, value frozen<measured>, PRIMARY KEY ((device_id, day), name, time)) "
        "WITH CLUSTERING ORDER BY (name ASC, time DESC)"
    )


@dataclass
class MapAndPoints(_WithPoints):
    """A row per record with a map of packed values, and points."""

    name: str = "a row per record, a map of packed values; and points"
    points: str = "c_points"
    tables: Sequence[str] = (
        f"CREATE TABLE c ({KEY}, values map<text, blob>, PRIMARY KEY ((device_id, day), time)) {NEWEST_FIRST})",
        _points("c_points"),
    )

    def store(self, device: int, record: Record) -> list[Statement]:
        cql = f"UPDATE c {STAMP} SET values = values + ? WHERE {DATA} AND time = ?"
        values = {name: pack(value) for name, value in record.values.items()}
        at = timestamp(record.timestamp)
        return [(cql, (record.received, TTL_S, values, device, DAY, at)), *self.store_points(device, record)]

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        cql = f"SELECT to_unix_timestamp(time), values, writetime(values) FROM c WHERE {DATA} LIMIT ?"
        rows = await cassandra.execute(cql, (device, DAY, limit))
        return len([{name: unpack(value) for name, value in values.items()} for _, values, _ in rows])


@dataclass
class BlobAndPoints(_WithPoints):
    """A row per record, packed whole, and points: a second submission for one time takes the first one's names away."""

    name: str = "a row per record, packed whole; and points (loses names)"
    points: str = "d_points"
    tables: Sequence[str] = (
        f"CREATE TABLE d ({KEY}, values blob, PRIMARY KEY ((device_id, day), time)) {NEWEST_FIRST})",
        _points("d_points"),
    )

    def store(self, device: int, record: Record) -> list[Statement]:
        cql = f"UPDATE d {STAMP} SET values = ? WHERE {DATA} AND time = ?"
        at = timestamp(record.timestamp)
        return [
            (cql, (record.received, TTL_S, pack(record.values), device, DAY, at)),
            *self.store_points(device, record),
        ]

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        cql = f"SELECT to_unix_timestamp(time), values, writetime(values) FROM d WHERE {DATA} LIMIT ?"
        rows = await cassandra.execute(cql, (device, DAY, limit))
        return len([unpack(values) for _, values, _ in rows])


LAYOUTS: Sequence[Layout] = (RowPerMeasurement(), TypedMap(), MapAndPoints(), BlobAndPoints())


def record(clock: SystemClock, index: int, step_ms: int) -> Record:
    """The record of a day's so many-th step."""
    values = {name: index * 0.37 + number for number, name in enumerate(NAMES)}
    return Record(Millis(DAY_STARTS + index * step_ms), values, None, Micros(clock.receipt()))


@dataclass(frozen=True)
class Figure:
    """How many a second, and the CPU time that each took in this process, the driver's threads included."""

    rate: float
    cpu_us: float


async def rate(calls: Sequence[Callable[[], Awaitable[object]]], at_once: int = AT_ONCE, each: int = 1) -> Figure:
    """Calls, of `each` so many, so many at a time."""
    remaining = iter(calls)

    async def work() -> None:
        for call in remaining:
            await call()

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    passed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return Figure(len(calls) * each / passed, cpu * 1_000_000 / len(calls) / each)


async def submissions(cassandra: Cassandra, layout: Layout, clock: SystemClock, base: int) -> Figure:
    """Submissions of 3 measurements a second, of 64 devices."""
    return await rate(
        [
            partial(
                cassandra.execute_batch, layout.store(base + i % 64, record(clock, i // 64, 60_000)), timeout_s=SCAN_S
            )
            for i in range(SUBMISSIONS)
        ]
    )


async def batches(cassandra: Cassandra, layout: Layout, clock: SystemClock, base: int) -> Figure:
    """Records a second in batches of 100, put together within the time."""

    async def store(number: int) -> None:
        first = number // 8 * 100
        statements = [
            s for i in range(100) for s in layout.store(base + 64 + number % 8, record(clock, first + i, 10_000))
        ]
        await cassandra.execute_batch(statements, timeout_s=SCAN_S)

    return await rate([partial(store, number) for number in range(BATCHES)], each=100)


async def pages(cassandra: Cassandra, layout: Layout, base: int) -> Figure:
    """Pages of 100 records a second, of devices with some hundred records in the day."""

    async def read(device: int) -> None:
        assert await layout.page(cassandra, device, 100) == 100

    return await rate([partial(read, base + 64 + i % 8) for i in range(PAGES)])


async def hourly(cassandra: Cassandra, layout: Layout, device: int) -> Figure:
    """Hourly means of 86,400 values."""

    async def read() -> None:
        assert await layout.hourly_means(cassandra, device, NAMES[1]) == 86_400

    return await rate([read], 1)


async def fill_day(cassandra: Cassandra, layout: Layout, clock: SystemClock, device: int) -> None:
    """Store a day of one-a-second records."""

    async def store(first: int) -> None:
        statements = [s for i in range(first, first + 100) for s in layout.store(device, record(clock, i, 1_000))]
        await cassandra.execute_batch(statements, timeout_s=SCAN_S)

    await rate([partial(store, first) for first in range(0, 86_400, 100)], at_once=8)


async def measure(cassandra: Cassandra, rounds: int) -> Mapping[str, Mapping[str, Sequence[Figure]]]:
    """Every figure of every layout, as often as there are rounds."""
    clock = SystemClock()
    figures: dict[str, defaultdict[str, list[Figure]]] = {layout.name: defaultdict(list) for layout in LAYOUTS}
    for layout in LAYOUTS:
        for table in layout.tables:
            await cassandra.change_schema(table, timeout_s=SCAN_S)
        await fill_day(cassandra, layout, clock, 1)
        await submissions(cassandra, layout, clock, 900_000)
    for number in range(rounds):
        base = 1_000 * (number + 1)
        for layout in LAYOUTS:
            found = figures[layout.name]
            found["submissions"].append(await submissions(cassandra, layout, clock, base))
            found["records in batches of 100"].append(await batches(cassandra, layout, clock, base))
            found["pages of 100 records"].append(await pages(cassandra, layout, base))
            found["hourly means of a day"].append(await hourly(cassandra, layout, 1))
    return figures


async def whole_writes(cassandra: Cassandra, rounds: int) -> Mapping[str, Sequence[Figure]]:
    """Submissions a second of 256 devices as the store plays its role, with the devices' partitions."""
    clock = SystemClock()
    telemetry = CassandraTelemetry(cassandra, clock, 90)
    figures: defaultdict[str, list[Figure]] = defaultdict(list)

    async def alone(number: int) -> None:
        write = Write(number % 256, [record(clock, number // 256, 60_000)], 90, clock.now())
        await cassandra.execute_batch(write.of_device())
        for batch in write.of_days():
            await cassandra.execute_batch(batch)

    async def grouped(number: int) -> None:
        await telemetry.write(number % 256, [record(clock, number // 256, 60_000)])

    for _ in range(rounds):
        for at_once in (1, 16, 64):
            for name, write in (("each by itself", alone), ("in groups", grouped)):
                calls = [partial(write, number) for number in range(40 * at_once)]
                figures[f"{name}, {at_once} at once"].append(await rate(calls, at_once))
    await telemetry.close()
    return figures


async def main() -> None:
    """Measure, print the best and the middle of each figure, and all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="a Cassandra, without a keyspace")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    cassandra = Cassandra(parse_address(f"{arguments.url}/{KEYSPACE}"))
    try:
        await upgrade(cassandra)
        figures = dict(await measure(cassandra, arguments.rounds))
        figures["whole submissions"] = await whole_writes(cassandra, arguments.rounds)
    finally:
        await cassandra.change_schema(f"DROP KEYSPACE IF EXISTS {KEYSPACE}", timeout_s=SCAN_S)
        await cassandra.close()
    for name, found in figures.items():
        print(name)
        for what, values in found.items():
            rates, cpu = [figure.rate for figure in values], [figure.cpu_us for figure in values]
            print(
                f"  {what:30} {max(rates):10,.1f}/s at best {statistics.median(rates):10,.1f}/s median "
                f"{min(cpu):12,.0f} us CPU at best {statistics.median(cpu):12,.0f} median"
            )
    print(json.dumps(figures, default=vars))


if __name__ == "__main__":
    asyncio.run(main())
