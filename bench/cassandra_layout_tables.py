"""The layouts that `bench.cassandra_layouts` compares: tables, and the statements that write and read them."""

import statistics
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec

from iotflow.domain.telemetry import Record
from iotflow.domain.times import Micros, Millis
from iotflow.stores.cassandra.driver import Row, Statement
from iotflow.stores.cassandra.session import Cassandra

NAMES = ("humidity", "light", "pressure", "temperature", "wind")
DAY = 20_000
DAY_STARTS = DAY * 86_400_000
TTL_S = 90 * 86_400
SCAN_S = 60.0
COMPACTION = (
    "compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', "
    "'compaction_window_size': 3}"
)
STAMP = "USING TIMESTAMP ? AND TTL ?"
PARTITION = "device_id = ? AND day = ?"

pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode
values_in_order = itemgetter(*NAMES)


class Layout(ABC):
    """Tables, with the statements that write and read their records, all of one day and with `NAMES`."""

    name: str
    tables: Sequence[str]

    def first(self, device: int, records: Sequence[Record]) -> list[Statement]:
        """Return the statements of another partition, which are sent before `store`."""
        return []

    @abstractmethod
    def store(self, device: int, records: Sequence[Record]) -> list[Statement]:
        """Return the statements that store records, all of one partition."""

    @abstractmethod
    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        """Read and decode the newest records of a day. Return their number."""

    @abstractmethod
    async def latest(self, cassandra: Cassandra, device: int) -> int:
        """Read the newest value of each name. Return the number of names."""

    @abstractmethod
    async def daily_mean(self, cassandra: Cassandra, device: int, name: str) -> int:
        """Compute the mean of one name's day. Return the number of values used."""


class MapAndPoints(Layout):
    """A row per record with a map, a row per value, and the device's pointers and catalogue."""

    name = "a map a record, and a row a value (former)"
    tables = (
        "CREATE TYPE IF NOT EXISTS one_of (i bigint, f double, b boolean, s text)",
        "CREATE TABLE former_records (device_id bigint, day int, time bigint, values map<text, blob>, metadata text, "
        f"PRIMARY KEY ((device_id, day), time)) WITH CLUSTERING ORDER BY (time DESC) AND {COMPACTION}",
        "CREATE TABLE former_points (device_id bigint, day int, name text, time bigint, value frozen<one_of>, "
        f"PRIMARY KEY ((device_id, day), name, time)) WITH CLUSTERING ORDER BY (name ASC, time DESC) AND {COMPACTION}",
        "CREATE TABLE former_devices (device_id bigint, retention_days int, newest map<text, bigint> static, "
        "names set<text>, days set<int>, PRIMARY KEY (device_id, retention_days))",
    )

    def first(self, device: int, records: Sequence[Record]) -> list[Statement]:
        last = max(records, key=lambda record: record.timestamp)
        newest = dict.fromkeys(NAMES, last.timestamp)
        pointers = "UPDATE former_devices USING TIMESTAMP ? SET newest = newest + ? WHERE device_id = ?"
        catalogue = (
            f"UPDATE former_devices {STAMP} SET names = names + ?, days = days + ? "
            "WHERE device_id = ? AND retention_days = ?"
        )
        return [
            (pointers, (last.timestamp * 1_000, newest, device)),
            (catalogue, (last.received_us, TTL_S, set(NAMES), {DAY}, device, 90)),
        ]

    def store(self, device: int, records: Sequence[Record]) -> list[Statement]:
        of_record = f"UPDATE former_records {STAMP} SET values = values + ? WHERE {PARTITION} AND time = ?"
        of_point = f"UPDATE former_points {STAMP} SET value = ? WHERE {PARTITION} AND name = ? AND time = ?"
        found: list[Statement] = []
        for record in records:
            stamps, time = (record.received_us, TTL_S), record.timestamp
            packed = {name: pack(value) for name, value in record.values.items()}
            found.append((of_record, (*stamps, packed, device, DAY, time)))
            found += [
                (of_point, (*stamps, {"f": value}, device, DAY, name, time)) for name, value in record.values.items()
            ]
        return found

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        locate = (
            f"SELECT time, collection_count(values), writetime(metadata) FROM former_records WHERE {PARTITION} LIMIT ?"
        )
        times = [row[0] for row in await cassandra.execute(locate, (device, DAY, limit + 1))][:limit]
        cql = f"SELECT time, values, metadata FROM former_records WHERE {PARTITION} AND time >= ? AND time <= ?"
        rows = await cassandra.execute(cql, (device, DAY, times[-1], times[0]))
        return len([{name: unpack(value) for name, value in values.items()} for _, values, _ in rows])

    async def latest(self, cassandra: Cassandra, device: int) -> int:
        ((newest, _), *_) = await cassandra.execute(
            "SELECT newest, names FROM former_devices WHERE device_id = ?", [device]
        )
        columns = "name, time, value, writetime(value), ttl(value)"
        cql = f"SELECT {columns} FROM former_points WHERE {PARTITION} AND (name, time) IN ?"
        return len(await cassandra.execute(cql, (device, DAY, list(newest.items()))))

    async def daily_mean(self, cassandra: Cassandra, device: int, name: str) -> int:
        cql = f"SELECT count(value.f), sum(value.f) FROM former_points WHERE {PARTITION} AND name = ?"
        ((count, _),) = await cassandra.execute(cql, (device, DAY, name), timeout_s=SCAN_S)
        return int(count)


class RecordRow(Layout):
    """A row per record under a schema: a hash of 8 bytes, or a number of 4."""

    def __init__(self, name: str, table: str, schema_type: str, schema_id: int, static: str = "") -> None:
        self.name = name
        self._table, self._schema_id = table, schema_id
        self.tables = (
            f"CREATE TABLE {table} (device_id bigint, day int, time bigint, schema_id {schema_type}, "
            f"measurements blob, metadata text, {static} PRIMARY KEY ((device_id, day), time, schema_id)) "
            f"WITH CLUSTERING ORDER BY (time DESC, schema_id DESC) AND {COMPACTION}",
        )

    def store(self, device: int, records: Sequence[Record]) -> list[Statement]:
        cql = f"UPDATE {self._table} {STAMP} SET measurements = ? WHERE {PARTITION} AND time = ? AND schema_id = ?"
        return [
            (
                cql,
                (
                    record.received_us,
                    TTL_S,
                    pack(values_in_order(record.values)),
                    device,
                    DAY,
                    record.timestamp,
                    self._schema_id,
                ),
            )
            for record in records
        ]

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        return len(self._decode(await self._newest(cassandra, device, limit)))

    async def latest(self, cassandra: Cassandra, device: int) -> int:
        # The catalogue of schemas is another statement in the product; here the day is known.
        await cassandra.execute("SELECT names, days FROM schemas WHERE device_id = ?", [device])
        return len(self._decode(await self._newest(cassandra, device, 8))[0])

    async def daily_mean(self, cassandra: Cassandra, device: int, name: str) -> int:
        position = NAMES.index(name)
        cql = f"SELECT time, schema_id, writetime(measurements), measurements FROM {self._table} WHERE {PARTITION}"
        values: list[Any] = []
        async for page in cassandra.pages(cql, (device, DAY), timeout_s=SCAN_S):
            values += [unpack(measurements)[position] for *_, measurements in page]
        statistics.fmean(values)
        return len(values)

    async def _newest(self, cassandra: Cassandra, device: int, limit: int) -> list[Row]:
        cql = (
            f"SELECT time, schema_id, writetime(measurements), measurements, metadata, writetime(metadata) "
            f"FROM {self._table} WHERE {PARTITION} LIMIT ?"
        )
        return await cassandra.execute(cql, (device, DAY, limit))

    def _decode(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [dict(zip(NAMES, unpack(row[3]), strict=True)) for row in rows]


class RecordRowWithNames(RecordRow):
    """A row per record, its names in it. A second submission for one time loses the names of the first."""

    def store(self, device: int, records: Sequence[Record]) -> list[Statement]:
        cql = f"UPDATE {self._table} {STAMP} SET measurements = ? WHERE {PARTITION} AND time = ? AND schema_id = ?"
        return [
            (cql, (record.received_us, TTL_S, pack(record.values), device, DAY, record.timestamp, 0))
            for record in records
        ]

    async def daily_mean(self, cassandra: Cassandra, device: int, name: str) -> int:
        cql = f"SELECT time, schema_id, writetime(measurements), measurements FROM {self._table} WHERE {PARTITION}"
        values: list[Any] = []
        async for page in cassandra.pages(cql, (device, DAY), timeout_s=SCAN_S):
            values += [unpack(measurements)[name] for *_, measurements in page]
        statistics.fmean(values)
        return len(values)

    def _decode(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [unpack(row[3]) for row in rows]


class RecordRowAndLatest(RecordRow):
    """A row per record, and the newest record of each schema in the device's partition."""

    def first(self, device: int, records: Sequence[Record]) -> list[Statement]:
        last = max(records, key=lambda record: record.timestamp)
        cql = "UPDATE newest USING TIMESTAMP ? SET time = ?, measurements = ? WHERE device_id = ? AND schema_id = ?"
        values = (last.timestamp * 1_000, last.timestamp, pack(values_in_order(last.values)), device, self._schema_id)
        return [(cql, values)]

    async def latest(self, cassandra: Cassandra, device: int) -> int:
        rows = await cassandra.execute(
            "SELECT time, schema_id, 0, measurements FROM newest WHERE device_id = ?".replace(" 0,", " time,"), [device]
        )
        return len(self._decode(rows)[0])


class RecordRowAndPointer(RecordRow):
    """A row per record, and the newest time of each schema in a static cell of the day."""

    def store(self, device: int, records: Sequence[Record]) -> list[Statement]:
        newest = max(record.timestamp for record in records)
        cql = f"UPDATE {self._table} {STAMP} SET pointers[?] = ? WHERE {PARTITION}"
        return [
            *super().store(device, records),
            (cql, (newest * 1_000, TTL_S, self._schema_id, newest, device, DAY)),
        ]


class Chunks(Layout):
    """A row per batch: the columns of its records, compressed."""

    name = "a row a batch, in compressed columns"
    tables = (
        "CREATE TABLE chunks (device_id bigint, day int, first bigint, received bigint, columns blob, "
        f"PRIMARY KEY ((device_id, day), first, received)) "
        f"WITH CLUSTERING ORDER BY (first DESC, received DESC) AND {COMPACTION}",
    )

    def store(self, device: int, records: Sequence[Record]) -> list[Statement]:
        times = [record.timestamp for record in records]
        columns = zlib.compress(pack((times, {n: [record.values[n] for record in records] for n in NAMES})), 1)
        last = records[-1].received_us
        cql = f"UPDATE chunks {STAMP} SET columns = ? WHERE {PARTITION} AND first = ? AND received = ?"
        return [(cql, (last, TTL_S, columns, device, DAY, times[0], last))]

    async def page(self, cassandra: Cassandra, device: int, limit: int) -> int:
        # Chunks may overlap, so all of the day would have to be read; these do not.
        found: list[dict[str, Any]] = []
        async for page in cassandra.pages(f"SELECT first, columns FROM chunks WHERE {PARTITION}", (device, DAY)):
            for _, columns in page:
                times, of_names = unpack(zlib.decompress(columns))
                found += [{name: of_names[name][i] for name in NAMES} for i in reversed(range(len(times)))]
                if len(found) >= limit:
                    return limit
        return len(found)

    async def latest(self, cassandra: Cassandra, device: int) -> int:
        rows = await cassandra.execute(f"SELECT first, columns FROM chunks WHERE {PARTITION} LIMIT 1", (device, DAY))
        _, of_names = unpack(zlib.decompress(rows[0][1]))
        return len(of_names)

    async def daily_mean(self, cassandra: Cassandra, device: int, name: str) -> int:
        values: list[Any] = []
        async for page in cassandra.pages(f"SELECT first, columns FROM chunks WHERE {PARTITION}", (device, DAY)):
            for _, columns in page:
                values += unpack(zlib.decompress(columns))[1][name]
        statistics.fmean(values)
        return len(values)


HASH = int.from_bytes(blake2b(pack(NAMES), digest_size=8).digest(), signed=True)

EXTRA_TABLES = (
    "CREATE TABLE newest (device_id bigint, schema_id bigint, time bigint, measurements blob, "
    "PRIMARY KEY (device_id, schema_id))",
    "CREATE TABLE schemas (device_id bigint, schema_id bigint, names blob, days set<int>, "
    "PRIMARY KEY (device_id, schema_id))",
)

LAYOUTS: Sequence[Layout] = (
    MapAndPoints(),
    RecordRow("a row a record, hash of its names", "by_hash", "bigint", HASH),
    RecordRow("a row a record, numbered names", "by_number", "int", 3),
    RecordRowWithNames("a row a record, names in it", "with_names", "tinyint", 0),
    RecordRowAndLatest("a row a record, and a newest record", "and_latest", "bigint", HASH),
    RecordRowAndPointer(
        "a row a record, and a static pointer", "and_pointer", "bigint", HASH, "pointers map<bigint, bigint> static,"
    ),
    Chunks(),
)


def record(index: int, step_ms: int, received: Micros) -> Record:
    """Return the record of a day's step number `index`."""
    values = {name: round(20 + index * 0.37 % 7 + number, 2) for number, name in enumerate(NAMES)}
    return Record(Millis(DAY_STARTS + index * step_ms), values, None, received)
