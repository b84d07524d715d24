"""The baseline sends the same commands to Cassandra and Redis as the stores."""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from bench.baseline_cassandra import Statement, of_days, of_device
from bench.baseline_redis import open_redis
from bench.calls import Sent
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import LatestValue, Record
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.repositories.cache import Miss
from iotflow.stores.cassandra.writes import DeviceWrite
from iotflow.stores.redis.cache import RedisCache
from iotflow.urls import parse_redis_url
from tests.clock import FakeClock

NOW = Millis(1_750_000_000_000)
RECEIVED = Micros(NOW * 1_000)
SUBMISSION = [Sent(NOW, RECEIVED, {"temperature": 21.5, "humidity": 48, "door_open": True})]
# On two days, and with more statements than a batch holds.
BATCH = [
    Sent(Millis(NOW - NOW % DAY_MS + 1_000 * number), RECEIVED, dict.fromkeys("abcde", number))
    for number in range(-20, 180)
]
LEFT = ("generation", "presence", "counters", "latest:{1}:1", "latest:{1}:1:lease")
Shapes = list[list[tuple[object, ...]]]


@pytest.mark.parametrize("sent", [SUBMISSION, BATCH], ids=["submission", "batch"])
def test_a_write_sends_the_same_statements_to_cassandra(sent: Sequence[Sent]) -> None:
    records = [Record(one.time_ms, one.values, None, RECEIVED) for one in sent]
    clock = FakeClock(NOW)
    write = DeviceWrite(7, records, 90, clock)

    assert of_device(7, sent, 90) == write.device_batch()
    assert shapes(of_days(7, sent, 90, RECEIVED)) == shapes(write.day_batches())


async def test_calls_send_the_same_commands_to_redis(redis_url: str) -> None:
    prefix = f"iotflow_test_{secrets.token_hex(8)}"
    address = parse_redis_url(f"{redis_url}?prefix={prefix}")
    now = SystemClock().now()
    cache = RedisCache(address, SystemClock(), 30)
    by_service = recorded(cache._connection)
    value = LatestValue(1, now, Micros(now * 1_000), Micros(now * 1_000 + 90 * DAY_MS * 1_000))
    try:
        await asyncio.gather(cache.presence.touch(1, now), cache.presence.touch(2, now))
        miss = await cache.latest.get(1)
        assert isinstance(miss, Miss)
        await cache.latest.fill(1, {"a": value}, miss)
        await cache.latest.merge(1, {"a": value})
        await cache.latest.get(1)
    finally:
        await cache.close()
    async with open_redis(address, prefix, 90) as baseline:
        by_baseline = recorded(baseline)
        await baseline.load()
        await asyncio.gather(baseline.seen(1, now), baseline.seen(2, now))
        await baseline.latest(1)
        await baseline.fill(1, {"a": value})
        await baseline.advance(1, [Sent(now, Micros(now * 1_000), {"a": 1})])
        await baseline.latest(1)
        await baseline.exchange([("DEL", *(f"{prefix}:{rest}" for rest in LEFT))])

    assert by_baseline[:-1] == by_service[: len(by_baseline) - 1]


def shapes(batches: Iterable[list[Statement]]) -> list[list[Statement]]:
    """Return the batches, smallest first, without write timestamps."""
    return sorted(([(cql, values[1:]) for cql, values in batch] for batch in batches), key=len)


def recorded(connection: Any) -> Shapes:
    """Record the commands sent by `exchange`: name, script, number of words."""
    sent: Shapes = []
    exchange = connection.exchange

    async def record(commands: Sequence[Sequence[Any]]) -> Any:
        sent.append([(one[0], one[1] if one[0] == "EVALSHA" else None, len(one)) for one in commands])
        return await exchange(commands)

    connection.exchange = record
    return sent
