"""The baseline sends the same commands to Cassandra and Redis as the stores."""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from bench.baseline.calls import Sent
from bench.baseline.cassandra import Statement, ascending, entry_of, of_days, open_cassandra
from bench.baseline.redis import open_redis
from iotflow.addresses import CassandraAddress
from iotflow.clock import SystemClock
from iotflow.domain.telemetry import LatestValue, Record
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.repositories.cache import Miss
from iotflow.stores.cassandra.encoding import day_of
from iotflow.stores.cassandra.schema_catalogue import SchemaCatalogue
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.cassandra.writes import Writer
from iotflow.stores.redis.cache import RedisCache
from iotflow.urls import parse_redis_url
from tests.clock import FakeClock
from tests.waiting import wait_until

NOW = Millis(1_750_000_000_000)
RECEIVED = Micros(NOW * 1_000)
SUBMISSION = [Sent(NOW, RECEIVED, {"temperature": 21.5, "humidity": 48, "door_open": True})]
# On two days, and with more statements than a batch holds.
BATCH = [
    Sent(Millis(NOW - NOW % DAY_MS + 1_000 * number), RECEIVED, dict.fromkeys("abcde", number))
    for number in range(-20, 180)
]
LEFT = ("generation", "presence", "counters", "latest:{1}:1", "latest:{1}:1:lease")
SENT_WITHIN_S = 5.0
Shapes = list[list[tuple[object, ...]]]


@pytest.mark.parametrize("sent", [SUBMISSION, BATCH], ids=["submission", "batch"])
async def test_a_write_sends_the_same_statements_to_cassandra(
    sent: Sequence[Sent], cassandra_keyspace: CassandraAddress
) -> None:
    records = [Record(one.time_ms, one.values, None, RECEIVED) for one in sent]
    clock = FakeClock(NOW)
    cassandra = Cassandra(cassandra_keyspace)
    try:
        catalogue = SchemaCatalogue(cassandra, 90)
        write = await Writer(cassandra, catalogue, clock, 90).prepare(7, records)
    finally:
        await cassandra.close()

    entries = [catalogue.statement(entry, NOW) for entry in write.entries]
    days = dict.fromkeys((ascending(one), day_of(one.time_ms)) for one in sent)
    assert [entry_of(7, *key, RECEIVED, 90) for key in days] == entries
    assert shapes(of_days(7, sent, 90, RECEIVED)) == shapes(write.day_partition_batches())


async def test_a_page_has_the_records_that_the_service_wrote(cassandra_keyspace: CassandraAddress) -> None:
    now = SystemClock().now()
    times = [Millis(now - 2_000), Millis(now - 1_000)]
    records = [Record(time_ms, {"a": 1, "b": 2}, None, Micros(now * 1_000)) for time_ms in times]
    cassandra = Cassandra(cassandra_keyspace)
    try:
        await CassandraTelemetry(cassandra, SystemClock(), 90).write(7, records)
    finally:
        await cassandra.close()

    async with open_cassandra(cassandra_keyspace, 90) as baseline:
        found = await baseline.history(7, times[0], now, 10)

    assert found == [(time_ms, {"a": 1, "b": 2}) for time_ms in reversed(times)]


async def test_calls_send_the_same_commands_to_redis(redis_url: str) -> None:
    prefix = f"iotflow_test_{secrets.token_hex(8)}"
    address = parse_redis_url(f"{redis_url}?prefix={prefix}")
    now = SystemClock().now()
    cache = RedisCache(address, SystemClock(), 30)
    by_service = recorded(cache._connection)
    value = LatestValue(1, now, Micros(now * 1_000), Micros(now * 1_000 + 90 * DAY_MS * 1_000))
    try:
        await asyncio.gather(cache.presence.touch(1, now), cache.presence.touch(2, now))
        await wait_until(lambda: is_sent("ZADD", by_service), SENT_WITHIN_S)
        miss = await cache.latest_cache.get(1)
        assert isinstance(miss, Miss)
        await cache.latest_cache.fill(1, {"a": value}, miss)
        await cache.latest_cache.merge(1, {"a": value})
        await cache.latest_cache.get(1)
    finally:
        await cache.close()
    async with open_redis(address, prefix, 90) as baseline:
        by_baseline = recorded(baseline)
        await baseline.load()
        baseline.seen(1, now)
        baseline.seen(2, now)
        await wait_until(lambda: is_sent("ZADD", by_baseline), SENT_WITHIN_S)
        await baseline.latest(1)
        await baseline.fill(1, {"a": value})
        await baseline.advance(1, [Sent(now, Micros(now * 1_000), {"a": 1})])
        await baseline.latest(1)
        await baseline.exchange([("DEL", *(f"{prefix}:{rest}" for rest in LEFT))])

    assert by_baseline[:-1] == by_service[: len(by_baseline) - 1]


def shapes(batches: Iterable[list[Statement]]) -> list[list[Statement]]:
    """Return the batches, smallest first, without write timestamps."""
    return sorted(([(cql, values[1:]) for cql, values in batch] for batch in batches), key=len)


async def is_sent(command: str, sent: Shapes) -> bool:
    return any(one[0] == command for commands in sent for one in commands)


def recorded(connection: Any) -> Shapes:
    """Record the commands sent by `exchange`: name, script, number of words."""
    sent: Shapes = []
    exchange = connection.exchange

    async def record(commands: Sequence[Sequence[Any]]) -> Any:
        sent.append([(one[0], one[1] if one[0] == "EVALSHA" else None, len(one)) for one in commands])
        return await exchange(commands)

    connection.exchange = record
    return sent
