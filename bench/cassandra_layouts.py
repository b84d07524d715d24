"""Compare layouts of telemetry in Cassandra: `python -m bench.cassandra_layouts cassandra://127.0.0.1:9042`.

Each layout gets tables with one partition per device and day, in a keyspace that is dropped afterwards, and the same
data: records of 5 decimals. The layouts take turns, round by round, so other load on the machine affects all of them.
Bytes on disk need `--data`, a command that prints the bytes of a folder of the node's data, such as
`docker exec cassandra du -b /var/lib/cassandra/data`, to which the keyspace's folder is appended.
"""

import argparse
import asyncio
import json
import re
import shlex
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bench.cassandra_layout_tables import EXTRA_TABLES, LAYOUTS, NAMES, SCAN_S, Layout, record
from iotflow.clock import SystemClock
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.session import Cassandra
from iotflow.urls import parse_cassandra_url

KEYSPACE = "iotflow_bench_layouts"
CONCURRENCY = 16
SUBMISSIONS = 960
GROUP = 10
BATCHES = 32
RECORDS_PER_BATCH = 200
PAGES = 160
LATEST = 320
DAY_RECORDS = 8_640
FLUSH_MS = 2_000


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


class Bench:
    """Measures one layout after the other, once per round."""

    def __init__(self, cassandra: Cassandra) -> None:
        self._cassandra = cassandra
        self._clock = SystemClock()

    async def fill(self, layout: Layout) -> None:
        """Store a day with a record per 10 s, for the reads."""

        async def store(device: int, first: int) -> None:
            await self._store_batch(layout, device, first, 10_000)

        batches = range(0, DAY_RECORDS, RECORDS_PER_BATCH)
        await rate([partial(store, device, first) for device in range(8) for first in batches])

    async def run(self, layout: Layout, number: int) -> Mapping[str, Figure]:
        """Return the figures of a round."""
        base = 1_000 * (number + 1)
        single = partial(self._store_group, layout)
        groups = range(0, SUBMISSIONS, GROUP)
        reads = range(PAGES)
        cassandra = self._cassandra
        return {
            "submissions": await rate([partial(single, base, range(i, i + 1)) for i in range(SUBMISSIONS)]),
            "submissions, in groups of 10": await rate(
                [partial(single, base + 200, range(i, i + GROUP)) for i in groups], 4, each=GROUP
            ),
            "points in batches of 1,000": await rate(
                [
                    partial(self._store_batch, layout, base + 400 + i % 8, i // 8 * RECORDS_PER_BATCH)
                    for i in range(BATCHES)
                ],
                each=RECORDS_PER_BATCH * len(NAMES),
            ),
            "pages of 100": await rate([partial(layout.page, cassandra, i % 8, 100) for i in reads]),
            "latest": await rate([partial(layout.latest, cassandra, i % 8) for i in range(LATEST)]),
            "daily mean of one name": await rate(
                [partial(layout.daily_mean, cassandra, device, NAMES[1]) for device in range(4)], 1
            ),
        }

    async def _store_group(self, layout: Layout, base: int, numbers: range) -> None:
        """Store a record of each of some devices, as a group commit does."""
        sent = [(base + i % 64, [record(i // 64, 60_000, self._clock.unique_now())]) for i in numbers]
        if first := [one for device, records in sent for one in layout.first(device, records)]:
            await self._cassandra.execute_batch(first, timeout_s=SCAN_S)
        statements = [one for device, records in sent for one in layout.store(device, records)]
        await self._cassandra.execute_batch(statements, timeout_s=SCAN_S)

    async def _store_batch(self, layout: Layout, device: int, first: int, step_ms: int = 10_000) -> None:
        numbers = range(first, first + RECORDS_PER_BATCH)
        records = [record(i, step_ms, self._clock.unique_now()) for i in numbers]
        if statements := layout.first(device, records):
            await self._cassandra.execute_batch(statements, timeout_s=SCAN_S)
        await self._cassandra.execute_batch(layout.store(device, records), timeout_s=SCAN_S)


async def measure(cassandra: Cassandra, rounds: int, data: str | None) -> dict[str, dict[str, list[Figure]]]:
    """Measure all figures of all layouts, and print the bytes of a point."""
    bench = Bench(cassandra)
    figures: dict[str, dict[str, list[Figure]]] = {layout.name: defaultdict(list) for layout in LAYOUTS}
    for table in EXTRA_TABLES:
        await cassandra.change_schema(table, timeout_s=SCAN_S)
    for layout in LAYOUTS:
        for table in layout.tables:
            await cassandra.change_schema(table, timeout_s=SCAN_S)
        await bench.fill(layout)
    if data is not None:
        await print_sizes(cassandra, data)
    for number in range(rounds):
        for layout in LAYOUTS:
            for what, figure in (await bench.run(layout, number)).items():
                figures[layout.name][what].append(figure)
    return figures


async def print_sizes(cassandra: Cassandra, data: str) -> None:
    """Flush all tables, and print the bytes on disk of each one by point."""
    found = [name for layout in LAYOUTS for name in re.findall(r"CREATE TABLE (\w+)", " ".join(layout.tables))]
    for name in found:
        await cassandra.change_schema(
            f"ALTER TABLE {name} WITH memtable_flush_period_in_ms = {FLUSH_MS}", timeout_s=SCAN_S
        )
    await asyncio.sleep(5 * FLUSH_MS / 1_000)
    command = [*shlex.split(f"{data}/{KEYSPACE}"), "--max-depth=1"]
    listed = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        size, path = line.split("\t")
        table = path.rpartition("/")[2].partition("-")[0]
        if table in found:
            print(f"{table:20} {int(size) / (8 * DAY_RECORDS * len(NAMES)):8.1f} bytes a point")
    for name in found:
        await cassandra.change_schema(f"ALTER TABLE {name} WITH memtable_flush_period_in_ms = 0", timeout_s=SCAN_S)


async def main() -> None:
    """Measure, and print the best and the median of each figure, and all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="a Cassandra, without a keyspace")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--data", help="command that prints the bytes of the node's data")
    arguments = parser.parse_args()
    cassandra = Cassandra(parse_cassandra_url(f"{arguments.url}/{KEYSPACE}"))
    try:
        await upgrade(cassandra)
        figures = await measure(cassandra, arguments.rounds, arguments.data)
    finally:
        await cassandra.change_schema(f"DROP KEYSPACE IF EXISTS {KEYSPACE}", timeout_s=SCAN_S)
        await cassandra.close()
    for name, found in figures.items():
        print(name)
        for what, values in found.items():
            rates, cpu = [figure.rate for figure in values], [figure.cpu_us for figure in values]
            print(
                f"  {what:30} {max(rates):10,.1f}/s at best {statistics.median(rates):10,.1f}/s median "
                f"{min(cpu):12,.1f} us CPU at best {statistics.median(cpu):12,.1f} median"
            )
    print(json.dumps(figures, default=vars))


if __name__ == "__main__":
    asyncio.run(main())
