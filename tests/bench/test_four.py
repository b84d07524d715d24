"""The floor says to Cassandra and Redis what the stores say, or its figures are of something else."""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from bench.calls import Sent
from bench.floor_cassandra import Statement, of_days, of_device
from bench.floor_redis import open_redis
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import LatestValue, Record
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.repositories.latest_cache import LatestMiss
from iotflow.stores.cassandra.writing import Write
from iotflow.stores.redis.address import parse_address
from iotflow.stores.redis.cache import RedisCache
from tests.clock import FakeClock

NOW = Millis(1_750_000_000_000)
RECEIVED = Micros(NOW * 1_000)
SUBMISSION = [Sent(NOW, RECEIVED, {"temperature": 21.5, "humidity": 48, "door_open": True})]
# Past a midnight, so of two days, and of more statements than a batch takes.
BATCH = [
    Sent(Millis(NOW - NOW % DAY_MS + 1_000 * number), RECEIVED, dict.fromkeys("abcde", number))
    for number in range(-20, 180)
]
LEFT = ("generation", "presence", "counters", "latest:{1}:1", "latest:{1}:1:lease")
Shapes = list[list[tuple[object, ...]]]


@pytest.mark.parametrize("sent", [SUBMISSION, BATCH], ids=["submission", "batch"])
def test_a_write_is_the_same_statements_to_cassandra(sent: Sequence[Sent]) -> None:
    records = [Record(one.time_ms, one.values, None, RECEIVED) for one in sent]
    clock = FakeClock(NOW)
    write = Write(7, records, 90, clock)

    assert of_device(7, sent, 90) == write.of_device()
    assert shapes(of_days(7, sent, 90, RECEIVED)) == shapes(write.of_days())


async def test_calls_are_the_same_commands_to_redis(redis_url: str) -> None:
    prefix = f"iotflow_test_{secrets.token_hex(8)}"
    address = parse_address(f"{redis_url}?prefix={prefix}")
    now = SystemClock().now()
    cache = RedisCache(address, SystemClock(), 30)
    by_service = recorded(cache._connection)
    value = LatestValue(1, now, Micros(now * 1_000), Micros(now * 1_000 + 90 * DAY_MS * 1_000))
    try:
        await asyncio.gather(cache.presence.seen(1, now), cache.presence.seen(2, now))
        miss = await cache.latest.get(1)
        assert isinstance(miss, LatestMiss)
        await cache.latest.fill(1, {"a": value}, miss)
        await cache.latest.advance(1, {"a": value})
        await cache.latest.get(1)
    finally:
        await cache.close()
    async with open_redis(address, prefix, 90) as floor:
        by_floor = recorded(floor)
        await floor.load()
        await asyncio.gather(floor.seen(1, now), floor.seen(2, now))
        await floor.latest(1)
        await floor.fill(1, {"a": value})
        await floor.advance(1, [Sent(now, Micros(now * 1_000), {"a": 1})])
        await floor.latest(1)
        await floor.exchange([("DEL", *(f"{prefix}:{rest}" for rest in LEFT))])

    assert by_floor[:-1] == by_service[: len(by_floor) - 1]


def shapes(batches: Iterable[list[Statement]]) -> list[list[Statement]]:
    """The batches, the smallest first, without the times that statements are stamped with."""
    return sorted(([(cql, values[1:]) for cql, values in batch] for batch in batches), key=len)


def recorded(connection: Any) -> Shapes:
    """What goes out by `exchange` from now on: of each command its name, the script it runs, how many words it has."""
    sent: Shapes = []
    exchange = connection.exchange

    async def record(commands: Sequence[Sequence[Any]]) -> Any:
        sent.append([(one[0], one[1] if one[0] == "EVALSHA" else None, len(one)) for one in commands])
        return await exchange(commands)

    connection.exchange = record
    return sent
