"""A year of one-a-minute records of one device on Cassandra: statements and times of its reads.

    python bench/cassandra_year.py cassandra://127.0.0.1:9042/iotflow_bench --json bench/results/cassandra_year.json

Makes the keyspace, loads 5 fields a minute, asks everything twice, the year from the raw points too, and drops the
keyspace again.
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
from iotflow.domain.aggregates import Aggregation, Bucket, combined, finished
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.domain.windows import segments
from iotflow.stores.cassandra.address import parse_address
from iotflow.stores.cassandra.aggregates import aggregated
from iotflow.stores.cassandra.connection import POINT_TIMEOUT_S, Cassandra, Row, Statement
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.rollups import UNSEEN_US
from iotflow.stores.cassandra.telemetry import CassandraTelemetry

DEVICE = 1
DAYS = 365
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
RETENTION_DAYS = 400
FIELDS = ("temperature", "humidity", "pressure", "wind", "light")
REPEATS = 5
"""Second reads are repeated, and their median is told."""


class CountedCassandra(Cassandra):
    """Counts what it sends; each page is a statement of its own."""

    statements = 0

    async def execute(
        self, cql: str, values: Sequence[object] = (), *, timeout_s: float = POINT_TIMEOUT_S
    ) -> list[Row]:
        self.statements += 1
        return await super().execute(cql, values, timeout_s=timeout_s)

    async def execute_batch(self, statements: Sequence[Statement], *, timeout_s: float = POINT_TIMEOUT_S) -> None:
        self.statements += 1
        await super().execute_batch(statements, timeout_s=timeout_s)

    async def pages(self, cql: str, values: Sequence[object] = (), **options: float) -> AsyncIterator[list[Row]]:
        async for page in super().pages(cql, values, **options):
            self.statements += 1
            yield page


@dataclass(frozen=True)
class Line:
    """One question's cost."""

    question: str
    rows: int
    first_statements: int
    first_ms: float
    second_statements: int
    second_ms: float


Ask = Callable[[], Awaitable[Sequence[object]]]
Aggregate = Callable[..., Awaitable[list[Bucket]]]


async def main() -> None:
    """Load, ask, tell."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("url")
    arguments.add_argument("--json", type=Path, help="where to write the figures")
    arguments.add_argument("--keep", action="store_true", help="keep the keyspace; the next run finds it loaded")
    options = arguments.parse_args()
    cassandra = CountedCassandra(parse_address(options.url))
    await upgrade(cassandra)
    try:
        telemetry = CassandraTelemetry(cassandra, SystemClock(), RETENTION_DAYS)
        await load(telemetry)
        await cassandra.change_schema("TRUNCATE hourly_rollups", timeout_s=30)
        newest = max(value.timestamp for value in (await telemetry.latest(DEVICE)).values())
        lines = [await measured(cassandra, name, ask) for name, ask in questions(telemetry, cassandra, newest)]
        tell(lines, options.json)
    finally:
        if not options.keep:
            await cassandra.change_schema(f"DROP KEYSPACE {cassandra.address.keyspace}", timeout_s=30)
        await cassandra.close()


async def load(telemetry: CassandraTelemetry) -> None:
    """Write the year up to now, and wait until hours written late may be rolled up."""
    if await telemetry.names(DEVICE):
        return
    clock = SystemClock()
    now = clock.now() // MINUTE_MS
    began = time.perf_counter()
    minutes = iter(range(now - DAYS * 24 * 60, now + 1, 1_440))

    async def write() -> None:
        for first in minutes:
            records = [
                Record(Millis(minute * MINUTE_MS), values_at(minute), None, clock.receipt())
                for minute in range(first, min(first + 1_440, now + 1))
            ]
            await _written(telemetry, records)

    async with asyncio.TaskGroup() as writers:
        for _ in range(2):
            writers.create_task(write())
    seconds = time.perf_counter() - began
    values = (DAYS * 1_440 + 1) * len(FIELDS)
    print(f"loaded {values:,} values in {seconds:.0f} s, {values / seconds:,.0f} values/s", flush=True)
    await asyncio.sleep(UNSEEN_US / 1_000_000)


async def _written(telemetry: CassandraTelemetry, records: Sequence[Record]) -> None:
    """Write, and again where a busy machine takes too long."""
    for _ in range(20):
        with contextlib.suppress(StoreUnavailable):
            await telemetry.write(DEVICE, records)
            return
        await asyncio.sleep(1)
    raise SystemExit("the store takes no writes")


def values_at(minute: int) -> dict[str, float]:
    """What was measured then."""
    return {name: round(20 + 10 * math.sin(minute / 720 + i) + minute % 7 / 10, 2) for i, name in enumerate(FIELDS)}


def questions(telemetry: CassandraTelemetry, cassandra: Cassandra, newest: Millis) -> list[tuple[str, Ask]]:
    """What is asked, in this order, of times up to the newest."""
    end = Millis(newest + 1)
    day, week, year = (Span(Millis(end - days * DAY_MS), end) for days in (1, 7, DAYS))
    raw = partial(aggregated, cassandra)
    daily = partial(means, width_ms=DAY_MS)
    return [
        ("latest", partial(latest, telemetry)),
        ("24 h of history", partial(history, telemetry, day)),
        ("hourly means of 7 days", partial(means, telemetry.aggregate, week, width_ms=HOUR_MS, zone="UTC")),
        ("daily means of the year, UTC, raw", partial(daily, raw, year, zone="UTC")),
        ("daily means of the year, UTC", partial(daily, telemetry.aggregate, year, zone="UTC")),
        ("daily means of the year, New York, raw", partial(daily, raw, year, zone="America/New_York")),
        ("daily means of the year, New York", partial(daily, telemetry.aggregate, year, zone="America/New_York")),
        ("daily means of the year, Kolkata, raw", partial(daily, raw, year, zone="Asia/Kolkata")),
        ("daily means of the year, Kolkata", partial(daily, telemetry.aggregate, year, zone="Asia/Kolkata")),
    ]


async def latest(telemetry: CassandraTelemetry) -> Sequence[object]:
    """The newest values."""
    return list((await telemetry.latest(DEVICE)).items())


async def history(telemetry: CassandraTelemetry, span: Span) -> Sequence[object]:
    """The newest records of a span."""
    return (await telemetry.records(DEVICE, span, descending=True, limit=PageLimit(10_000))).records


async def means(aggregate: Aggregate, span: Span, *, width_ms: int, zone: str) -> Sequence[object]:
    """Means per window, as the service asks for them: a range for each offset of the zone."""
    buckets: dict[int, Bucket] = {}
    assert span.end is not None
    for segment in segments(span.start, span.end, width_ms, ZoneInfo(zone)):
        for bucket in await aggregate(
            DEVICE, FIELDS[0], segment.span, Aggregation.MEAN, width_ms=width_ms, offset_ms=segment.offset_ms
        ):
            earlier = buckets.get(bucket.index)
            buckets[bucket.index] = combined(Aggregation.MEAN, earlier, bucket) if earlier else bucket
    return [finished(Aggregation.MEAN, bucket) for bucket in buckets.values()]


async def measured(cassandra: CountedCassandra, question: str, ask: Ask) -> Line:
    """Ask once, and then again."""
    cost = partial(_cost, cassandra, ask)
    rows, statements, milliseconds = await cost()
    again = [await cost() for _ in range(REPEATS)]
    _, second_statements, second_ms = sorted(again, key=lambda one: one[2])[REPEATS // 2]
    line = Line(question, rows, statements, milliseconds, second_statements, second_ms)
    print(f"{question}: {line}", flush=True)
    return line


async def _cost(cassandra: CountedCassandra, ask: Ask) -> tuple[int, int, float]:
    """Asked until it is answered: a busy machine may not roll up a year within the deadline, and goes on then."""
    before, began = cassandra.statements, time.perf_counter()
    while True:
        with contextlib.suppress(StoreUnavailable):
            rows = len(await ask())
            return rows, cassandra.statements - before, (time.perf_counter() - began) * 1_000
        print("no answer in time: asking again", flush=True)


def tell(lines: Sequence[Line], path: Path | None) -> None:
    """A table, and the same as JSON."""
    print(f"\n| question | rows | first read | ms | second read (median of {REPEATS}) | ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for line in lines:
        print(
            f"| {line.question} | {line.rows} | {line.first_statements} | {line.first_ms:.1f} "
            f"| {line.second_statements} | {line.second_ms:.1f} |"
        )
    by_name = {line.question: line for line in lines}
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
