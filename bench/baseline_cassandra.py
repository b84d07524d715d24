"""The baseline's calls of Cassandra through acsylla."""

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
from iotflow.addresses import CassandraAddress
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.stores.cassandra.driver import Cluster
from iotflow.stores.cassandra.encoding import day_of, decode_values, encode_measured, encode_value, timestamp
from iotflow.stores.cassandra.records import LOCATE_DESCENDING, SELECT_RANGE
from iotflow.stores.cassandra.rollups.cell import HOUR_MS
from iotflow.stores.cassandra.rollups.store import INVALIDATE_NAMES
from iotflow.stores.cassandra.write_batcher import CONCURRENT_BATCHES, MAX_WRITES_PER_BATCH
from iotflow.stores.cassandra.writes import (
    CATALOGUE_EXTRA_TTL_S,
    MAX_STATEMENTS_PER_BATCH,
    STORE_CATALOGUE,
    STORE_POINT,
    STORE_POINTERS,
    STORE_RECORD,
)

Statement = tuple[str, Sequence[object]]
Write = tuple[int, Sequence[Sent]]
DAY_S = 86_400


class CassandraCalls:
    """Calls on one session of the driver, which is untyped."""

    def __init__(self, driver: Any, retention_days: int) -> None:
        self._driver = driver
        self._retention_days = retention_days
        self._prepared: dict[str, Any] = {}
        self._lanes = [
            Groups[Write, None](self._write_group, max_weight=MAX_WRITES_PER_BATCH, weight=lambda _: 1)
            for _ in range(CONCURRENT_BATCHES)
        ]

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        """Store records: first in the device's partition, then in those of the days."""
        write = (device_id, records)
        if len(records) == 1:
            # As in the service: the first group commit that has room.
            with_room = (group for group in self._lanes if group.pending < 2 * MAX_WRITES_PER_BATCH)
            await next(with_room, self._lanes[-1]).submit(write)
            return
        await self._batch(of_device(*write, self._retention_days))
        await asyncio.gather(*map(self._batch, of_days(*write, self._retention_days, time.time_ns() // 1_000)))

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        """Return the last records of a range of few days."""
        days = list(range(day_of(Millis(end_ms - 1)), day_of(start_ms) - 1, -1))
        within = (device_id, days, timestamp(start_ms), timestamp(end_ms))
        statement = await self._bound(LOCATE_DESCENDING, (*within, limit))
        times = sorted((row.as_tuple()[0] for row in await self._driver.execute(statement)), reverse=True)[:limit]
        page = (device_id, days, timestamp(times[-1]), timestamp(times[0] + 1))
        rows = [row.as_tuple() for row in await self._driver.execute(await self._bound(SELECT_RANGE, page))]
        rows.sort(reverse=True, key=itemgetter(0))
        values = iter(decode_values([value for _, packed, _ in rows for value in packed.values()]))
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
    """Open calls on a session with the service's options."""
    async with AsyncExitStack() as stack:
        cluster = Cluster(address)
        stack.callback(cluster.close)
        session = await cluster.open_session()
        stack.push_async_callback(session.close)
        await session.use_keyspace(address.keyspace)
        yield CassandraCalls(session.driver, retention_days)


def of_device(device_id: int, records: Sequence[Sent], retention_days: int) -> list[Statement]:
    """Return the batch for the device's partition."""
    newest = newest_of(records)
    times: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for name, sent in newest.items():
        times[sent.time_ms][name] = sent.time_ms
    lifetime_s = retention_days * DAY_S + CATALOGUE_EXTRA_TTL_S
    days = {day_of(sent.time_ms) for sent in records}
    catalogue = (records[-1].received_us, lifetime_s, set(newest), days, device_id, retention_days)
    return [
        *((STORE_POINTERS, (time_ms * 1_000, names, device_id)) for time_ms, names in times.items()),
        (STORE_CATALOGUE, catalogue),
    ]


def of_days(device_id: int, records: Sequence[Sent], retention_days: int, now_us: int) -> Iterator[list[Statement]]:
    """Return the batches for the days' partitions, each with the invalidation of the roll-ups of past hours."""
    batches: defaultdict[int, list[Statement]] = defaultdict(list)
    late: defaultdict[int, set[str]] = defaultdict(set)

    def ended(day: int) -> list[Statement]:
        names = sorted(late.pop(day, ()))
        return [*batches.pop(day), *([(INVALIDATE_NAMES, (now_us, device_id, day, names))] if names else [])]

    for sent in records:
        day = day_of(sent.time_ms)
        if len(batches[day]) + 1 + len(sent.values) > MAX_STATEMENTS_PER_BATCH:
            yield ended(day)
        at, stamps = timestamp(sent.time_ms), (sent.received_us, retention_days * DAY_S)
        values = {name: encode_value(value) for name, value in sent.values.items()}
        batches[day].append((STORE_RECORD, (*stamps, values, device_id, day, at)))
        batches[day] += [
            (STORE_POINT, (*stamps, encode_measured(value), device_id, day, name, at))
            for name, value in sent.values.items()
        ]
        if (sent.time_ms // HOUR_MS + 1) * HOUR_MS * 1_000 <= now_us:
            late[day].update(sent.values)
    for day in list(batches):
        yield ended(day)
