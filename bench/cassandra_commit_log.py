"""Measure the cost of syncing Cassandra's commit log before each response, through the service's store.

    python -m bench.cassandra_commit_log periodic=cassandra://127.0.0.1:9042 group=cassandra://127.0.0.1:9043 …

Each name is a separate node; its settings are printed. The nodes take turns, round by round, so other load on the
machine affects all of them. A keyspace is created on each and stays.
"""

import argparse
import asyncio
import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import Record
from iotflow.domain.times import Millis
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.urls import parse_cassandra_url

KEYSPACE = "iotflow_bench_commit_log"
NAMES = ("temperature", "humidity", "pressure", "battery", "signal")
RECORDS_PER_BATCH = 50
CONCURRENCY = (1, 16, 64)
ROUND_S = 2.0
WARM_UP_ROUNDS = 2

Case = tuple[int, int]
"""Records per write, and concurrent writes."""
CASES: Sequence[Case] = tuple(itertools.product((1, RECORDS_PER_BATCH), CONCURRENCY))


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of one node in one round."""

    per_second: float
    p50_ms: float
    p99_ms: float


class Node:
    """One node with the service's store on it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.refused = 0
        self._cassandra = Cassandra(parse_cassandra_url(f"{url}/{KEYSPACE}"))
        self._clock = SystemClock()
        self._telemetry = CassandraTelemetry(self._cassandra, self._clock, 90)
        self._devices = itertools.count(1)

    async def open(self) -> str:
        """Create the keyspace and return the commit log settings of the node."""
        await upgrade(self._cassandra)
        rows = await self._cassandra.execute("SELECT name, value FROM system_views.settings")
        return ", ".join(f"{name}={value}" for name, value in rows if name.startswith("commitlog_sync"))

    async def close(self) -> None:
        """Close the store."""
        await self._telemetry.close()
        await self._cassandra.close()

    async def round(self, case: Case) -> Round:
        """Write for one round, each write after the response to the previous one."""
        records, concurrency = case
        taken: list[float] = []
        until = time.perf_counter() + ROUND_S
        began = time.perf_counter()
        await asyncio.gather(*(self._write_until(until, records, taken) for _ in range(concurrency)))
        rate = len(taken) / (time.perf_counter() - began)
        taken.sort()
        return Round(rate, taken[len(taken) // 2] * 1_000, taken[len(taken) * 99 // 100] * 1_000)

    async def _write_until(self, until: float, records: int, taken: list[float]) -> None:
        device = next(self._devices)
        now = self._clock.now()
        for first in itertools.count(now, records):
            values = dict.fromkeys(NAMES, first / 7)
            written = [Record(Millis(first + i), values, None, self._clock.unique_now()) for i in range(records)]
            began = time.perf_counter()
            if began > until:
                return
            try:
                await self._telemetry.write(device, written)
            except StoreUnavailable:
                self.refused += 1
            else:
                taken.append(time.perf_counter() - began)


async def main(named: Sequence[Sequence[str]], rounds: int) -> None:
    """Measure, and print the medians over all rounds for each case and node."""
    nodes = [Node(name, url) for name, url in named]
    for node in nodes:
        print(f"{node.name}: {await node.open()}")
    found: defaultdict[tuple[Case, str], list[Round]] = defaultdict(list)
    for number in range(WARM_UP_ROUNDS + rounds):
        for case, node in itertools.product(CASES, nodes):
            measured = await node.round(case)
            if number >= WARM_UP_ROUNDS:
                found[case, node.name].append(measured)
    print("| Records a write | concurrency | commit log | writes/s | p50 ms | p99 ms |\n|--:|--:|---|--:|--:|--:|")
    for (records, concurrency), node in itertools.product(CASES, nodes):
        each = found[(records, concurrency), node.name]
        rate, p50, p99 = (
            statistics.median(getattr(one, field) for one in each) for field in ("per_second", "p50_ms", "p99_ms")
        )
        print(f"| {records} | {concurrency} | {node.name} | {rate:,.0f} | {p50:.1f} | {p99:.1f} |")
    for node in nodes:
        print(f"{node.name}: {node.refused} writes refused")
        await node.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nodes", nargs="+", metavar="NAME=URL")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    asyncio.run(main([node.split("=", 1) for node in arguments.nodes], arguments.rounds))
