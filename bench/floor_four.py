"""The floor's calls on the four: PostgreSQL by asyncpg, Cassandra by acsylla, Redis by redis-py with hiredis.

MongoDB is asked for nothing by the requests that are measured.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import acsylla  # type: ignore[import-untyped]  # the driver has no types
import msgspec
from hiredis import pack_command
from redis.asyncio import Connection

from bench.calls import Device, Newest, Sent, newest_of
from bench.grouping import Groups
from bench.statements import BEGIN_READ, DEVICE_ON_POSTGRES, ROLLBACK
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis
from iotflow.settings import Settings
from iotflow.stores.cassandra.address import parse_address as parse_cassandra
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.days import day_of, timestamp
from iotflow.stores.cassandra.driver import Cluster
from iotflow.stores.cassandra.history import FALLING
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.cassandra.values import measured, packed, unpacked
from iotflow.stores.cassandra.writing import (
    CATALOGUE_OUTLIVES_S,
    STORE_CATALOGUE,
    STORE_NEWEST,
    STORE_POINT,
    STORE_RECORD,
    VALUES_PER_BATCH,
)
from iotflow.stores.redis.address import RedisAddress
from iotflow.stores.redis.address import parse_address as parse_redis
from iotflow.stores.redis.latest_cache import LIFETIME_S
from iotflow.stores.redis.pipeline import CALLS_PER_GROUP
from iotflow.stores.redis.presence import KEPT_S
from iotflow.stores.redis.scripts import ADVANCE, FILL, GET, Scripts
from iotflow.stores.sql.dialect import SCAN_TIMEOUT_S
from iotflow.stores.sql.postgres import READERS, Partings, postgres_engines

Statement = tuple[str, Sequence[object]]
Command = tuple[str | bytes | int, ...]
DAY_S = 86_400
LEASE = 1
LEASE_MS = 5_000


class Seen(tuple[int, int]):
    """A device and when it called. All of a group go out as one command."""

    __slots__ = ()


class RedisCalls:
    """Sends commands in groups over one connection, each under a generation, as the service does."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self.scripts = Scripts(prefix)
        self._connection = connection
        self._prefix = prefix
        self._groups = Groups[Command | Seen, Any](self._carry_out, most=CALLS_PER_GROUP, weight=lambda _: 1)

    async def load(self) -> None:
        """Make the server know the scripts and the generation."""
        await self._exchange([("SET", f"{self._prefix}:generation", "1"), *self.scripts.loads])

    async def run(self, call: Command | Seen) -> Any:  # Any: a reply of Redis
        """Send a call with others; its reply."""
        return await self._groups.submit(call)

    async def _carry_out(self, group: Sequence[Command | Seen]) -> Sequence[Any]:
        seen = [call for call in group if isinstance(call, Seen)]
        commands: list[Command] = [("GET", f"{self._prefix}:generation")]
        if seen:
            key = f"{self._prefix}:presence"
            scores = [part for device_id, at_ms in seen for part in (at_ms, device_id)]
            commands += [("ZADD", key, "GT", *scores), ("EXPIRE", key, KEPT_S)]
        first = len(commands)
        commands += [call for call in group if not isinstance(call, Seen)]
        replies = iter((await self._exchange(commands))[first:])
        return [None if isinstance(call, Seen) else next(replies) for call in group]

    async def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        # Its stub allows for one word alone.
        words = b"".join(pack_command(command) for command in commands)  # type: ignore[arg-type]
        await self._connection.send_packed_command(words, check_health=False)
        return [await self._connection.read_response(timeout=math.inf, disconnect_on_error=False) for _ in commands]


class FourCalls:
    """Plays `Calls`."""

    def __init__(
        self,
        settings: Settings,
        readers: "asyncio.LifoQueue[Any]",
        cassandra: Any,
        redis: RedisCalls,
        prefix: str,
        player: CassandraTelemetry,
    ) -> None:
        """`readers` are connections of asyncpg, `cassandra` is a session of acsylla; neither has types."""
        self._retention_days = settings.retention_days
        self._readers = readers
        self._cassandra = cassandra
        self._prepared: dict[str, Any] = {}
        self._redis = redis
        self._prefix = prefix
        self._player = player

    async def seen(self, device_id: int, at_ms: Millis) -> None:
        await self._redis.run(Seen((device_id, at_ms)))

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        newest = newest_of(records)
        await self._batch(self._of_device(device_id, records, newest))
        await asyncio.gather(*(self._batch(batch) for batch in self._of_days(device_id, records)))
        fields: list[bytes] = []
        for name, sent in newest.items():
            expires = sent.received_us + self._retention_days * DAY_S * 1_000_000
            fields += _field(name, sent.values[name], sent.time_ms, sent.received_us, expires)
        keys = (*self._entry(device_id), f"{self._prefix}:latest:{{{device_id}}}:deleted")
        await self._redis.run(self._redis.scripts.call(ADVANCE, keys, *fields))

    async def device(self, device_id: int) -> Device:
        reader = await self._readers.get()
        await reader.execute(BEGIN_READ)
        (row,) = await reader.fetch(DEVICE_ON_POSTGRES, device_id)
        await reader.execute(ROLLBACK)
        self._readers.put_nowait(reader)
        return Device(row["id"], row["name"], row["device_type"])

    async def latest(self, device_id: int) -> Mapping[str, Newest]:
        entry = await self._redis.run(self._redis.scripts.call(GET, self._entry(device_id), LEASE, LEASE_MS))
        if not isinstance(entry, list):
            await self._fill(device_id)
            return await self.latest(device_id)
        return {name.decode(): _newest(value) for name, value in zip(entry[::2], entry[1::2], strict=True) if name}

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        days = list(range(day_of(Millis(end_ms - 1)), day_of(start_ms) - 1, -1))
        statement = await self._bound(FALLING, (device_id, days, timestamp(start_ms), timestamp(end_ms), limit))
        rows = [row.as_tuple() for row in await self._cassandra.execute(statement)]
        return [(row[1], {name: unpacked(value) for name, value in row[2].items()}) for row in rows]

    def _entry(self, device_id: int) -> tuple[str, str]:
        entry = f"{self._prefix}:latest:{{{device_id}}}:1"
        return entry, f"{entry}:lease"

    def _of_device(self, device_id: int, records: Sequence[Sent], newest: Mapping[str, Sent]) -> list[Statement]:
        times: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for name, sent in newest.items():
            times[sent.time_ms][name] = sent.time_ms
        lifetime_s = self._retention_days * DAY_S + CATALOGUE_OUTLIVES_S
        days = {day_of(sent.time_ms) for sent in records}
        catalogue = (records[-1].received_us, lifetime_s, set(newest), days, device_id, self._retention_days)
        return [
            *((STORE_NEWEST, (time_ms * 1_000, names, device_id)) for time_ms, names in times.items()),
            (STORE_CATALOGUE, catalogue),
        ]

    def _of_days(self, device_id: int, records: Sequence[Sent]) -> Iterable[Sequence[Statement]]:
        batches: defaultdict[int, list[Statement]] = defaultdict(list)
        for sent in records:
            day = day_of(sent.time_ms)
            if len(batches[day]) + 1 + len(sent.values) > VALUES_PER_BATCH:
                yield batches.pop(day)
            time, stamps = timestamp(sent.time_ms), (sent.received_us, self._retention_days * DAY_S)
            values = {name: packed(value) for name, value in sent.values.items()}
            batches[day].append((STORE_RECORD, (*stamps, values, device_id, day, time)))
            batches[day] += [
                (STORE_POINT, (*stamps, measured(value), device_id, day, name, time))
                for name, value in sent.values.items()
            ]
        yield from batches.values()

    async def _batch(self, statements: Sequence[Statement]) -> None:
        batch = acsylla.create_batch_unlogged()
        batch.set_is_idempotent(True)
        for cql, values in statements:
            batch.add_statement(await self._bound(cql, values))
        await self._cassandra.execute_batch(batch)

    async def _bound(self, cql: str, values: Sequence[object]) -> Any:  # Any: the driver has no types
        if cql not in self._prepared:
            self._prepared[cql] = await self._cassandra.create_prepared(cql)
        statement = self._prepared[cql].bind()
        statement.bind_list(list(values))
        statement.set_is_idempotent(True)
        return statement

    async def _fill(self, device_id: int) -> None:
        """By the store's own player, as seldom as the service does."""
        fields = [b"", b""]
        for name, latest in (await self._player.latest(device_id)).items():
            fields += _field(name, latest.value, latest.timestamp, latest.received, latest.expires or 0)
        await self._redis.run(
            self._redis.scripts.call(FILL, self._entry(device_id), LEASE, LIFETIME_S * 1_000, *fields)
        )


@asynccontextmanager
async def open_four(settings: Settings) -> AsyncIterator[FourCalls]:
    """The calls on connections that are set up as the service's are; entries in Redis are the floor's own."""
    async with AsyncExitStack() as stack:
        partings = Partings()
        _, reading = postgres_engines(settings.database_url, SCAN_TIMEOUT_S, partings)
        stack.push_async_callback(reading.dispose)
        readers: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        for _ in range(READERS):
            connection = await reading.raw_connection()
            stack.callback(connection.close)
            readers.put_nowait(connection.driver_connection)

        address = parse_cassandra(settings.telemetry_url)
        cluster = Cluster(address)
        stack.callback(cluster.close)
        session = await cluster.session()
        stack.push_async_callback(session.close)
        await session.use_keyspace(address.keyspace)
        cassandra = Cassandra(address)
        stack.push_async_callback(cassandra.close)
        player = CassandraTelemetry(cassandra, SystemClock(), settings.retention_days)

        redis_address = parse_redis(settings.cache_url)
        prefix = f"{redis_address.prefix}-floor"
        redis_connection = _redis_connection(redis_address)
        stack.push_async_callback(redis_connection.disconnect)
        redis = RedisCalls(redis_connection, prefix)
        await redis_connection.connect()  # type: ignore[no-untyped-call]  # it lacks an annotation
        await redis.load()
        yield FourCalls(settings, readers, session.driver, redis, prefix, player)


def _redis_connection(address: RedisAddress) -> Connection:
    return Connection(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.username,
        password=address.password,
        protocol=2,
        socket_timeout=None,
        driver_info=None,
    )


def _field(name: str, value: Value, time_ms: Millis, received_us: int, expires_us: int) -> tuple[bytes, bytes]:
    return name.encode(), f"{time_ms} {received_us} {expires_us} ".encode() + msgspec.json.encode(value)


def _newest(packed_value: bytes) -> Newest:
    time_ms, _, _, value = packed_value.split(b" ", 3)
    return Newest(msgspec.Raw(value), Millis(int(time_ms)))
