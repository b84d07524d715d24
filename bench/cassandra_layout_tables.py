"""The layouts that `bench.cassandra_layouts` compares: tables, and the statements that write and read them."""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from iotflow.domain.telemetry import Record
from iotflow.stores.cassandra.driver import Statement
from iotflow.stores.cassandra.encoding import timestamp
from iotflow.stores.cassandra.session import Cassandra

NAMES = ("temperature", "humidity", "pressure")
DAY = 20_000
TTL_S = 90 * 86_400
HOUR = timedelta(hours=1)
SCAN_S = 60.0

pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode


class Layout(Protocol):
    """Tables, with the statements that write and read their records."""

    name: str
    tables: Sequence[str]

    def store(self, device: int, record: Record) -> list[Statement]:
        """Return the statements that store a record, all of one partition."""
        ...

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        """Read and decode the newest records of a day. Return their number."""
        ...

    async def hourly_means(self, cassandra: Cassandra, device: int, name: str) -> int:
        """Compute the mean of each hour of a day. Return the number of values used."""
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
    """A row per measurement, ordered by time, then by name."""

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
    """A row per record, with a map of typed values."""

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
    """A row per measurement beside the records, ordered by name, then by time, with the same partition key."""

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
    """A row per record with a map of packed values; and points."""

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
    """A row per record, packed whole; and points. A second submission for one time loses the first one's names."""

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
