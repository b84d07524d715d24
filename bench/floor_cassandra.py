"""The floor's calls on Cassandra, by acsylla."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from operator import itemgetter
from typing import Any

import acsylla  # type: ignore[import-untyped]  # the driver has no types

from bench.calls import Sent, newest_of
from bench.grouping import Groups
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.stores.cassandra.address import CassandraAddress
from iotflow.stores.cassandra.days import day_of, timestamp
from iotflow.stores.cassandra.driver import Cluster
from iotflow.stores.cassandra.history import FALLING_PLACES, ROWS_WITHIN
from iotflow.stores.cassandra.hours import HOUR_MS
from iotflow.stores.cassandra.rollups import INVALIDATE_NAMES
from iotflow.stores.cassandra.small_writes import LANES, WRITES_PER_BATCH
from iotflow.stores.cassandra.values import measured, packed, unpacked
from iotflow.stores.cassandra.writing import (
    CATALOGUE_OUTLIVES_S,
    STORE_CATALOGUE,
    STORE_NEWEST,
    STORE_POINT,
    STORE_RECORD,
    VALUES_PER_BATCH,
)

Statement = tuple[str, Sequence[object]]
Write = tuple[int, Sequence[Sent]]
DAY_S = 86_400


class CassandraCalls:
    """Writes and reads records on one session of the driver, which has no types."""

    def __init__(self, driver: Any, retention_days: int) -> None:
        self._driver = driver
        self._retention_days = retention_days
        self._prepared: dict[str, Any] = {}
        self._lanes = [
            Groups[Write, None](self._write_group, most=WRITES_PER_BATCH, weight=lambda _: 1) for _ in range(LANES)
        ]

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        """Store records: the device's partition first, then the days'."""
        write = (device_id, records)
        if len(records) == 1:
            # As the service's small writes: the first of its lanes that has room.
            lane = next((lane for lane in self._lanes if lane.pending < 2 * WRITES_PER_BATCH), self._lanes[-1])
            await lane.submit(write)
            return
        await self._batch(of_device(*write, self._retention_days))
        await asyncio.gather(*map(self._batch, of_days(*write, self._retention_days, time.time_ns() // 1_000)))

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        """The last records of a span of few days."""
        days = list(range(day_of(Millis(end_ms - 1)), day_of(start_ms) - 1, -1))
        within = (device_id, days, timestamp(start_ms), timestamp(end_ms))
        statement = await self._bound(FALLING_PLACES, (*within, limit))
        times = sorted((row.as_tuple()[0] for row in await self._driver.execute(statement)), reverse=True)[:limit]
        page = (device_id, days, timestamp(times[-1]), timestamp(times[0] + 1))
        rows = [row.as_tuple() for row in await self._driver.execute(await self._bound(ROWS_WITHIN, page))]
        rows.sort(reverse=True, key=itemgetter(0))
        values = iter(unpacked([value for _, packed, _ in rows for value in packed.values()]))
        return [(time, dict(zip(packed, values, strict=False))) for time, packed, _ in rows]

    async def _write_group(self, group: Sequence[Write]) -> Sequence[None]:
        now_us = time.time_ns() // 1_000
        await self._batch([one for write in group for one in of_device(*write, self._retention_days)])
        days = (batch for write in group for batch in of_days(*write, self._retention_days, now_us))
        await self._batch([one for batch in days for one in batch])
        return [None] * len(group)

    async def _batch(self, statements: Sequence[Statement]) -> None:
        batch = acsylla.create_batch_unlogged()
        batch.set_is_idempotent(True)
        for cql, values in statements:
            batch.add_statement(await self._bound(cql, values))
        await self._driver.execute_batch(batch)

    async def _bound(self, cql: str, values: Sequence[object]) -> Any:  # Any: the driver has no types
        if cql not in self._prepared:
            self._prepared[cql] = await self._driver.create_prepared(cql)
        statement = self._prepared[cql].bind()
        statement.bind_list(list(values))
        statement.set_is_idempotent(True)
        return statement


@asynccontextmanager
async def open_cassandra(address: CassandraAddress, retention_days: int) -> AsyncIterator[CassandraCalls]:
    """The calls on a session that is set up as the service's is."""
    async with AsyncExitStack() as stack:
        cluster = Cluster(address)
        stack.callback(cluster.close)
        session = await cluster.session()
        stack.push_async_callback(session.close)
        await session.use_keyspace(address.keyspace)
        yield CassandraCalls(session.driver, retention_days)


def of_device(device_id: int, records: Sequence[Sent], retention_days: int) -> list[Statement]:
    """The batch of the device's partition."""
    newest = newest_of(records)
    times: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for name, sent in newest.items():
        times[sent.time_ms][name] = sent.time_ms
    lifetime_s = retention_days * DAY_S + CATALOGUE_OUTLIVES_S
    days = {day_of(sent.time_ms) for sent in records}
    catalogue = (records[-1].received_us, lifetime_s, set(newest), days, device_id, retention_days)
    return [
        *((STORE_NEWEST, (time_ms * 1_000, names, device_id)) for time_ms, names in times.items()),
        (STORE_CATALOGUE, catalogue),
    ]


def of_days(device_id: int, records: Sequence[Sent], retention_days: int, now_us: int) -> Iterator[list[Statement]]:
    """The batches of the days' partitions, each with the end of the roll-ups of hours that were over by now."""
    batches: defaultdict[int, list[Statement]] = defaultdict(list)
    late: defaultdict[int, set[str]] = defaultdict(set)

    def ended(day: int) -> list[Statement]:
        names = sorted(late.pop(day, ()))
        return [*batches.pop(day), *([(INVALIDATE_NAMES, (now_us, device_id, day, names))] if names else [])]

    for sent in records:
        day = day_of(sent.time_ms)
        if len(batches[day]) + 1 + len(sent.values) > VALUES_PER_BATCH:
            yield ended(day)
        at, stamps = timestamp(sent.time_ms), (sent.received_us, retention_days * DAY_S)
        values = {name: packed(value) for name, value in sent.values.items()}
        batches[day].append((STORE_RECORD, (*stamps, values, device_id, day, at)))
        batches[day] += [
            (STORE_POINT, (*stamps, measured(value), device_id, day, name, at)) for name, value in sent.values.items()
        ]
        if (sent.time_ms // HOUR_MS + 1) * HOUR_MS * 1_000 <= now_us:
            late[day].update(sent.values)
    for day in list(batches):
        yield ended(day)
