"""Measure statements and times of reads of a year of one device on Cassandra, with a record per minute.

    python bench/cassandra_year.py cassandra://127.0.0.1:9042/iotflow_bench --json bench/results/cassandra_year.json

Creates the keyspace, loads 5 fields per minute, runs each query repeatedly, the year also from the raw points, and
drops the keyspace.
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import platform
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from iotflow.clock import SystemClock
from iotflow.domain.aggregates import Aggregation, WindowAggregate, finalize, merge_aggregates
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.time_windows import Window, segments
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.cassandra.aggregates import aggregate_from_records
from iotflow.stores.cassandra.driver import Row, Statement
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.rollups.store import STAMP_MARGIN_US
from iotflow.stores.cassandra.schema_catalogue import SchemaCatalogue
from iotflow.stores.cassandra.session import SHORT_TIMEOUT_S, Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.urls import parse_cassandra_url

DEVICE = 1
DAYS = 365
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
RETENTION_DAYS = 400
FIELDS = ("temperature", "humidity", "pressure", "wind", "light")
REPEATS = 5
"""Second reads are repeated; the median is reported."""


class CountedCassandra(Cassandra):
    """A session that counts its statements; each page counts as one."""

    statements = 0

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = SHORT_TIMEOUT_S
    ) -> list[Row]:
        self.statements += 1
        return await super().execute(cql, values, timeout_s=timeout_s)

    async def execute_batch(self, statements: Sequence[Statement], *, timeout_s: float = SHORT_TIMEOUT_S) -> None:
        self.statements += 1
        await super().execute_batch(statements, timeout_s=timeout_s)

    async def pages(self, cql: str, values: Sequence[object] = (), **options: float) -> AsyncIterator[list[Row]]:
        async for page in super().pages(cql, values, **options):
            self.statements += 1
            yield page


@dataclass(frozen=True)
class Line:
    """The cost of one query."""

    query: str
    rows: int
    first_statements: int
    first_ms: float
    second_statements: int
    second_ms: float


Query = Callable[[], Awaitable[Sequence[object]]]
Aggregate = Callable[..., Awaitable[list[WindowAggregate]]]


async def main() -> None:
    """Load the year, run the queries, and report."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("url")
    arguments.add_argument("--json", type=Path, help="where to write the figures")
    arguments.add_argument("--keep", action="store_true", help="keep the keyspace, for the next run")
    options = arguments.parse_args()
    cassandra = CountedCassandra(parse_cassandra_url(options.url))
    await upgrade(cassandra)
    try:
        telemetry = CassandraTelemetry(cassandra, SystemClock(), RETENTION_DAYS)
        await load(telemetry)
        await cassandra.change_schema("TRUNCATE hourly_rollups", timeout_s=30)
        newest = max(value.timestamp for value in (await telemetry.latest(DEVICE)).values())
        lines = [await measure(cassandra, name, query) for name, query in queries(telemetry, cassandra, newest)]
        report(lines, options.json)
    finally:
        if not options.keep:
            await cassandra.change_schema(f"DROP KEYSPACE {cassandra.address.keyspace}", timeout_s=30)
        await cassandra.close()


async def load(telemetry: CassandraTelemetry) -> None:
    """Write the year up to now, and wait until hours that were written late can be rolled up."""
    if await telemetry.names(DEVICE):
        return
    clock = SystemClock()
    now = clock.now() // MINUTE_MS
    began = time.perf_counter()
    minutes = iter(range(now - DAYS * 24 * 60, now + 1, 1_440))

    async def write() -> None:
        for first in minutes:
            records = [
                Record(Millis(minute * MINUTE_MS), values_at(minute), None, clock.unique_now())
                for minute in range(first, min(first + 1_440, now + 1))
            ]
            await _write_with_retries(telemetry, records)

    async with asyncio.TaskGroup() as writers:
        for _ in range(2):
            writers.create_task(write())
    seconds = time.perf_counter() - began
    values = (DAYS * 1_440 + 1) * len(FIELDS)
    print(f"loaded {values:,} values in {seconds:.0f} s, {values / seconds:,.0f} values/s", flush=True)
    await asyncio.sleep(STAMP_MARGIN_US / 1_000_000)


async def _write_with_retries(telemetry: CassandraTelemetry, records: Sequence[Record]) -> None:
    """Write; retry if a busy machine exceeds the deadline."""
    for _ in range(20):
        with contextlib.suppress(StoreUnavailable):
            await telemetry.write(DEVICE, records)
            return
        await asyncio.sleep(1)
    raise SystemExit("Cassandra: unavailable after 20 tries")


def values_at(minute: int) -> dict[str, float]:
    """Return the measured values of a minute."""
    return {name: round(20 + 10 * math.sin(minute / 720 + i) + minute % 7 / 10, 2) for i, name in enumerate(FIELDS)}


def queries(telemetry: CassandraTelemetry, cassandra: Cassandra, newest: Millis) -> list[tuple[str, Query]]:
    """Return the queries of times up to the newest, in order."""
    end = Millis(newest + 1)
    day, week, year = (TimeRange(Millis(end - days * DAY_MS), end) for days in (1, 7, DAYS))
    raw = partial(aggregate_raw, cassandra)
    daily = partial(means, window=Window(DAY_MS))
    return [
        ("latest", partial(latest, telemetry)),
        ("24 h of history", partial(history, telemetry, day)),
        ("hourly means of 7 days", partial(means, telemetry.aggregate, week, window=Window(HOUR_MS), zone="UTC")),
        ("daily means of the year, UTC, raw", partial(daily, raw, year, zone="UTC")),
        ("daily means of the year, UTC", partial(daily, telemetry.aggregate, year, zone="UTC")),
        ("daily means of the year, New York, raw", partial(daily, raw, year, zone="America/New_York")),
        ("daily means of the year, New York", partial(daily, telemetry.aggregate, year, zone="America/New_York")),
        ("daily means of the year, Kolkata, raw", partial(daily, raw, year, zone="Asia/Kolkata")),
        ("daily means of the year, Kolkata", partial(daily, telemetry.aggregate, year, zone="Asia/Kolkata")),
    ]


async def aggregate_raw(
    cassandra: Cassandra,
    device_id: int,
    name: str,
    time_range: TimeRange,
    aggregation: Aggregation,
    *,
    window: Window,
    offset_ms: int,
) -> list[WindowAggregate]:
    """Return the statistic of each window from the records, whatever is rolled up."""
    stored = (await SchemaCatalogue(cassandra, RETENTION_DAYS).read(device_id, time_range)).with_names([name])
    return await aggregate_from_records(
        cassandra, stored, device_id, name, time_range, aggregation, window=window, offset_ms=offset_ms
    )


async def latest(telemetry: CassandraTelemetry) -> Sequence[object]:
    """Return the newest values."""
    return list((await telemetry.latest(DEVICE)).items())


async def history(telemetry: CassandraTelemetry, time_range: TimeRange) -> Sequence[object]:
    """Return the newest records of a range."""
    return (await telemetry.records(DEVICE, time_range, descending=True, limit=PageLimit(10_000))).records


async def means(aggregate: Aggregate, time_range: TimeRange, *, window: Window, zone: str) -> Sequence[object]:
    """Return means per window, read as the service does: a range for each UTC offset of the zone."""
    merged: dict[int, WindowAggregate] = {}
    if time_range.end is None:
        raise ValueError("means: the range needs an end")
    for segment in segments(time_range.start, time_range.end, window, ZoneInfo(zone)):
        for found in await aggregate(
            DEVICE, FIELDS[0], segment.time_range, Aggregation.MEAN, window=window, offset_ms=segment.offset_ms
        ):
            earlier = merged.get(found.index)
            merged[found.index] = merge_aggregates(Aggregation.MEAN, earlier, found) if earlier else found
    return [finalize(Aggregation.MEAN, found) for found in merged.values()]


async def measure(cassandra: CountedCassandra, name: str, query: Query) -> Line:
    """Run a query once, then repeatedly."""
    cost = partial(_cost, cassandra, query)
    rows, statements, milliseconds = await cost()
    again = [await cost() for _ in range(REPEATS)]
    _, second_statements, second_ms = sorted(again, key=lambda one: one[2])[REPEATS // 2]
    line = Line(name, rows, statements, milliseconds, second_statements, second_ms)
    print(f"{name}: {line}", flush=True)
    return line


async def _cost(cassandra: CountedCassandra, query: Query) -> tuple[int, int, float]:
    """Run until it succeeds: a busy machine may not roll up a year within the deadline, so a retry resumes."""
    before, began = cassandra.statements, time.perf_counter()
    while True:
        with contextlib.suppress(StoreUnavailable):
            rows = len(await query())
            return rows, cassandra.statements - before, (time.perf_counter() - began) * 1_000
        print("deadline exceeded; retrying", flush=True)


def report(lines: Sequence[Line], path: Path | None) -> None:
    """Print a table, and write the same as JSON."""
    print(f"\n| query | rows | first read | ms | second read (median of {REPEATS}) | ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for line in lines:
        print(
            f"| {line.query} | {line.rows} | {line.first_statements} | {line.first_ms:.1f} "
            f"| {line.second_statements} | {line.second_ms:.1f} |"
        )
    by_name = {line.query: line for line in lines}
    ratios = {
        name: by_name[f"{name}, raw"].second_ms / line.second_ms
        for name, line in by_name.items()
        if f"{name}, raw" in by_name
    }
    for name, ratio in ratios.items():
        print(f"\n{name}: rolled up {ratio:.0f} times as fast as from the points")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        figures = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "lines": [asdict(line) for line in lines],
            "ratios": ratios,
        }
        path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
