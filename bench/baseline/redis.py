"""The baseline's calls of Redis through redis-py with hiredis."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from hiredis import pack_command
from redis.asyncio import Connection

from bench.baseline.calls import DAY_US, Newest, Sent, newest_of
from bench.baseline.grouping import Groups
from iotflow.addresses import RedisAddress
from iotflow.domain.telemetry import LatestValues, Value
from iotflow.domain.times import Millis
from iotflow.repositories.cache import MAX_ENTRY_BYTES
from iotflow.stores.redis.batcher import MAX_CALLS_PER_GROUP
from iotflow.stores.redis.latest_cache import FIELD_BYTES, LIFETIME_S
from iotflow.stores.redis.presence import PRESENCE_LIFETIME_S, SEND_INTERVAL_S
from iotflow.stores.redis.scripts import FILL, GET_OR_LEASE, MERGE, Scripts

Command = tuple[str | bytes | int, ...]
GENERATION = "1"
LEASE = 1
LEASE_MS = 5_000


class RedisCalls:
    """Calls in groups over one connection, each group with a generation, as in the service."""

    def __init__(self, connection: Connection, prefix: str, retention_days: int) -> None:
        self._connection = connection
        self._prefix = prefix
        self._kept_us = retention_days * DAY_US
        self._scripts = Scripts(prefix)
        self._seen: dict[int, Millis] = {}
        self._sender: asyncio.TimerHandle | None = None
        self._sent: asyncio.Future[tuple[Any, Any]] | None = None
        self._groups = Groups[Command, Any](self._send_group, max_weight=MAX_CALLS_PER_GROUP, weight=lambda _: 1)

    async def load(self) -> None:
        """Load the generation and the scripts into the server."""
        await self.exchange([("SET", f"{self._prefix}:generation", GENERATION), *self._scripts.load_commands])

    def seen(self, device_id: int, at_ms: Millis) -> None:
        """Record a device's presence, which is sent later with that of others."""
        self._seen[device_id] = at_ms
        if self._sender is None:
            self._sender = asyncio.get_running_loop().call_later(SEND_INTERVAL_S, self._send_seen)

    async def advance(self, device_id: int, records: Sequence[Sent]) -> None:
        """Merge newer values into the entry, if it exists."""
        fields: list[bytes] = []
        for name, sent in newest_of(records).items():
            expires_us = sent.received_us + self._kept_us
            fields += _field(name, sent.values[name], sent.time_ms, sent.received_us, expires_us)
        keys = (*self._keys(device_id), f"{self._prefix}:latest:{{{device_id}}}:deleted")
        await self._groups.submit(self._scripts.command(MERGE, keys, MAX_ENTRY_BYTES, FIELD_BYTES, *fields))

    async def latest(self, device_id: int) -> Mapping[str, Newest] | None:
        """Return the entry, None if it is missing."""
        entry = await self._groups.submit(self._scripts.command(GET_OR_LEASE, self._keys(device_id), LEASE, LEASE_MS))
        if not isinstance(entry, list):
            return None
        return {name.decode(): _newest(value) for name, value in zip(entry[::2], entry[1::2], strict=True) if name}

    async def fill(self, device_id: int, values: LatestValues) -> None:
        """Create the entry."""
        fields: list[bytes] = []
        for name, latest in values.items():
            fields += _field(name, latest.value, latest.timestamp, latest.received_us, latest.expires_us or 0)
        size = b"%d" % (sum(map(len, fields)) + FIELD_BYTES * len(values))
        call = self._scripts.command(FILL, self._keys(device_id), LEASE, LIFETIME_S * 1_000, b"", size, *fields)
        await self._groups.submit(call)

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands together and return their replies."""
        # The stub allows one word only.
        words = b"".join(pack_command(command) for command in commands)  # type: ignore[arg-type]
        await self._connection.send_packed_command(words, check_health=False)
        return [await self._connection.read_response(timeout=math.inf, disconnect_on_error=False) for _ in commands]

    def _send_seen(self) -> None:
        self._sender = None
        scores = [part for device_id, at_ms in self._seen.items() for part in (at_ms, device_id)]
        self._seen.clear()
        key = f"{self._prefix}:presence"
        self._sent = asyncio.gather(
            self._groups.submit(("ZADD", key, "GT", *scores)), self._groups.submit(("EXPIRE", key, PRESENCE_LIFETIME_S))
        )

    async def _send_group(self, group: Sequence[Command]) -> Sequence[Any]:
        return (await self.exchange([*group, ("GET", f"{self._prefix}:generation")]))[: len(group)]

    def _keys(self, device_id: int) -> tuple[str, str]:
        entry = f"{self._prefix}:latest:{{{device_id}}}:{GENERATION}"
        return entry, f"{entry}:lease"


@asynccontextmanager
async def open_redis(address: RedisAddress, prefix: str, retention_days: int) -> AsyncIterator[RedisCalls]:
    """Open calls on a connection, with this prefix of keys."""
    connection = Connection(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.username,
        password=address.password,
        protocol=2,
        socket_timeout=None,
        driver_info=None,
    )
    await connection.connect()  # type: ignore[no-untyped-call]  # not annotated
    try:
        calls = RedisCalls(connection, prefix, retention_days)
        await calls.load()
        yield calls
    finally:
        await connection.disconnect()


def _field(name: str, value: Value, time_ms: Millis, received_us: int, expires_us: int) -> tuple[bytes, bytes]:
    return name.encode(), f"{time_ms} {received_us} {expires_us} ".encode() + msgspec.json.encode(value)


def _newest(packed_value: bytes) -> Newest:
    time_ms, _, _, value = packed_value.split(b" ", 3)
    return Newest(msgspec.Raw(value), Millis(int(time_ms)))
