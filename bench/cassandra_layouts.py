"""Compare layouts of telemetry in Cassandra: `python -m bench.cassandra_layouts cassandra://127.0.0.1:9042`.

Each layout gets tables with one partition per device and day, in a keyspace that is dropped afterwards, and the same
data: records of 3 decimals. The layouts take turns, round by round, so other load on the machine affects all of them.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bench.cassandra_layout_tables import DAY, LAYOUTS, NAMES, SCAN_S, Layout
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Micros, Millis
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.cassandra.writes import DeviceWrite
from iotflow.urls import parse_cassandra_url

KEYSPACE = "iotflow_bench_layouts"
DAY_STARTS = DAY * 86_400_000
CONCURRENCY = 16
SUBMISSIONS = 480
BATCHES = 24
PAGES = 96


def record(clock: SystemClock, index: int, step_ms: int) -> Record:
    """Return the record of a day's step number `index`."""
    values = {name: index * 0.37 + number for number, name in enumerate(NAMES)}
    return Record(Millis(DAY_STARTS + index * step_ms), values, None, Micros(clock.receipt()))


@dataclass(frozen=True)
class Figure:
    """Operations per second, and the CPU time of each in this process, with the driver's threads."""

    rate: float
    cpu_us: float


async def rate(
    calls: Sequence[Callable[[], Awaitable[object]]], concurrency: int = CONCURRENCY, each: int = 1
) -> Figure:
    """Measure calls with a given concurrency. A call is `each` operations."""
    remaining = iter(calls)

    async def work() -> None:
        for call in remaining:
            await call()

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    passed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return Figure(len(calls) * each / passed, cpu * 1_000_000 / len(calls) / each)


async def submissions(cassandra: Cassandra, layout: Layout, clock: SystemClock, base: int) -> Figure:
    """Measure submissions of 3 measurements of 64 devices."""
    return await rate(
        [
            partial(
                cassandra.execute_batch, layout.store(base + i % 64, record(clock, i // 64, 60_000)), timeout_s=SCAN_S
            )
            for i in range(SUBMISSIONS)
        ]
    )


async def batches(cassandra: Cassandra, layout: Layout, clock: SystemClock, base: int) -> Figure:
    """Measure records in batches of 100, with the time of building them."""

    async def store(number: int) -> None:
        first = number // 8 * 100
        statements = [
            s for i in range(100) for s in layout.store(base + 64 + number % 8, record(clock, first + i, 10_000))
        ]
        await cassandra.execute_batch(statements, timeout_s=SCAN_S)

    return await rate([partial(store, number) for number in range(BATCHES)], each=100)


async def pages(cassandra: Cassandra, layout: Layout, base: int) -> Figure:
    """Measure pages of 100 records, of devices with several hundred records in the day."""

    async def read(device: int) -> None:
        assert await layout.page(cassandra, device, 100) == 100

    return await rate([partial(read, base + 64 + i % 8) for i in range(PAGES)])


async def hourly(cassandra: Cassandra, layout: Layout, device: int) -> Figure:
    """Measure hourly means of 86,400 values."""

    async def read() -> None:
        assert await layout.hourly_means(cassandra, device, NAMES[1]) == 86_400

    return await rate([read], 1)


async def fill_day(cassandra: Cassandra, layout: Layout, clock: SystemClock, device: int) -> None:
    """Store a day with a record per second."""

    async def store(first: int) -> None:
        statements = [s for i in range(first, first + 100) for s in layout.store(device, record(clock, i, 1_000))]
        await cassandra.execute_batch(statements, timeout_s=SCAN_S)

    await rate([partial(store, first) for first in range(0, 86_400, 100)], concurrency=8)


async def measure(cassandra: Cassandra, rounds: int) -> Mapping[str, Mapping[str, Sequence[Figure]]]:
    """Measure all figures of all layouts, once per round."""
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
    """Measure submissions of 256 devices through the service's store, with the devices' partitions."""
    clock = SystemClock()
    telemetry = CassandraTelemetry(cassandra, clock, 90)
    figures: defaultdict[str, list[Figure]] = defaultdict(list)

    async def alone(number: int) -> None:
        write = DeviceWrite(number % 256, [record(clock, number // 256, 60_000)], 90, clock)
        await cassandra.execute_batch(write.device_batch())
        for batch in write.day_batches():
            await cassandra.execute_batch(batch)

    async def grouped(number: int) -> None:
        await telemetry.write(number % 256, [record(clock, number // 256, 60_000)])

    for _ in range(rounds):
        for concurrency in (1, 16, 64):
            for name, write in (("one batch each", alone), ("shared batches", grouped)):
                calls = [partial(write, number) for number in range(40 * concurrency)]
                figures[f"{name}, {concurrency} concurrent"].append(await rate(calls, concurrency))
    await telemetry.close()
    return figures


async def main() -> None:
    """Measure, and print the best and the median of each figure, and all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="a Cassandra, without a keyspace")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    cassandra = Cassandra(parse_cassandra_url(f"{arguments.url}/{KEYSPACE}"))
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
