"""The baseline's calls of Cassandra through acsylla."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import acsylla  # type: ignore[import-untyped]  # the driver has no types

from bench.baseline.calls import Sent
from bench.baseline.grouping import Groups
from iotflow.addresses import CassandraAddress
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Micros, Millis
from iotflow.stores.cassandra.driver import Cluster
from iotflow.stores.cassandra.encoding import day_of, schema_id_of
from iotflow.stores.cassandra.records import SELECT_DESCENDING
from iotflow.stores.cassandra.rollups.cell import HOUR_MS
from iotflow.stores.cassandra.rollups.store import INVALIDATE_NAMES
from iotflow.stores.cassandra.rows import GREATEST_ID, LEAST_ID
from iotflow.stores.cassandra.schema_catalogue import EXTRA_TTL_S, SELECT_SCHEMAS, STORE_ENTRY
from iotflow.stores.cassandra.telemetry import CONCURRENT_SHARED_BATCHES, MAX_WRITES_PER_SHARED_BATCH
from iotflow.stores.cassandra.writes import MAX_STATEMENTS_PER_BATCH, STORE_RECORD
from iotflow.stores.record_encoding import Names, decode_measurements, encode_measurements

Statement = tuple[str, Sequence[object]]
Write = tuple[int, Sequence[Sent]]
DAY_S = 86_400


class CassandraCalls:
    """Calls on one session of the driver, which is untyped."""

    def __init__(self, driver: Any, retention_days: int) -> None:
        self._driver = driver
        self._retention_days = retention_days
        self._prepared: dict[str, Any] = {}
        self._catalogued: set[tuple[int, Names, int]] = set()
        self._names: dict[int, Names] = {}
        self._lanes = [
            Groups[Write, None](self._write_group, max_weight=MAX_WRITES_PER_SHARED_BATCH, weight=lambda _: 1)
            for _ in range(CONCURRENT_SHARED_BATCHES)
        ]

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        """Store records: first the entries of the catalogue that are missing, then the days' partitions."""
        write = (device_id, records)
        if len(records) == 1:
            # As in the service: the first group commit that has room.
            with_room = (group for group in self._lanes if group.pending < 2 * MAX_WRITES_PER_SHARED_BATCH)
            await next(with_room, self._lanes[-1]).submit(write)
            return
        await self._catalogue([write])
        await asyncio.gather(*map(self._batch, of_days(*write, self._retention_days, time.time_ns() // 1_000)))

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        """Return the last records of a range of few days."""
        found: list[tuple[Millis, Mapping[str, Value]]] = []
        for day in range(day_of(Millis(end_ms - 1)), day_of(start_ms) - 1, -1):
            within = (device_id, [day], start_ms - 1, GREATEST_ID, end_ms, LEAST_ID, limit + 1 - len(found))
            statement = await self._bound(SELECT_DESCENDING, within)
            for time_ms, schema_id, measurements, *_ in map(row_of, await self._driver.execute(statement)):
                names = await self._names_of(device_id, schema_id)
                found.append((time_ms, dict(zip(names, decode_measurements(measurements), strict=True))))
            if len(found) > limit:
                break
        return found[:limit]

    async def _names_of(self, device_id: int, schema_id: int) -> Names:
        if schema_id not in self._names:
            statement = await self._bound(SELECT_SCHEMAS, (device_id,))
            self._names |= {found: tuple(names) for found, names in map(row_of, await self._driver.execute(statement))}
        return self._names[schema_id]

    async def _write_group(self, group: Sequence[Write]) -> Sequence[None]:
        now_us = time.time_ns() // 1_000
        await self._catalogue(group)
        days = (batch for write in group for batch in of_days(*write, self._retention_days, now_us))
        await self._batch([one for batch in days for one in batch])
        return [None] * len(group)

    async def _catalogue(self, writes: Sequence[Write]) -> None:
        entries = {
            (device_id, ascending(sent), day_of(sent.time_ms)): sent.received_us
            for device_id, records in writes
            for sent in records
        }
        missing = entries.keys() - self._catalogued
        if missing:
            await self._batch([entry_of(*key, entries[key], self._retention_days) for key in missing])
            self._catalogued |= missing

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


def row_of(row: Any) -> Sequence[Any]:  # Any: the driver has no types
    """Return a row's columns."""
    columns: Sequence[Any] = row.as_tuple()
    return columns


def ascending(sent: Sent) -> Names:
    """Return a record's names in ascending order."""
    return tuple(sorted(sent.values))


def entry_of(device_id: int, names: Names, day: int, received_us: int, retention_days: int) -> Statement:
    """Return the statement of an entry of the catalogue."""
    key = (device_id, schema_id_of(names), retention_days)
    return STORE_ENTRY, (Micros(received_us), retention_days * DAY_S + EXTRA_TTL_S, list(names), {day}, *key)


def of_days(device_id: int, records: Sequence[Sent], retention_days: int, now_us: int) -> Iterator[list[Statement]]:
    """Return the batches for the days' partitions, each with the invalidation of the roll-ups of past hours."""
    batches: defaultdict[int, list[Statement]] = defaultdict(list)
    late: defaultdict[int, set[str]] = defaultdict(set)

    def ended(day: int) -> list[Statement]:
        names = sorted(late.pop(day, ()))
        return [*batches.pop(day), *([(INVALIDATE_NAMES, (now_us, device_id, day, names))] if names else [])]

    for sent in records:
        day = day_of(sent.time_ms)
        if len(batches[day]) + 1 > MAX_STATEMENTS_PER_BATCH:
            yield ended(day)
        names = ascending(sent)
        measurements = encode_measurements([sent.values[name] for name in names])
        key = (device_id, day, sent.time_ms, schema_id_of(names))
        batches[day].append((STORE_RECORD, (sent.received_us, retention_days * DAY_S, measurements, *key)))
        if (sent.time_ms // HOUR_MS + 1) * HOUR_MS * 1_000 <= now_us:
            late[day].update(sent.values)
    for day in list(batches):
        yield ended(day)
