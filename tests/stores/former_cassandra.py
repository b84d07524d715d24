"""A keyspace of an earlier version, which had a map of values a record and a row a value."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from iotflow.domain.json import JsonObject
from iotflow.domain.telemetry import Value
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.stores.cassandra import migrations
from iotflow.stores.cassandra.driver import Statement
from iotflow.stores.cassandra.session import Cassandra

FORMER_STEPS = ("0001_telemetry", "0002_hourly_rollups", "0003_records_as_rows")
VALUES: list[Value] = [True, False, 0, -(2**63), 2**63 - 1, 0.1, -0.0, 5e-324, 1.7976931348623157e308, "", "é\n"]
LARGE = "x" * 4_096

STORE_RECORD = """
    UPDATE records USING TIMESTAMP ? AND TTL ? SET values = values + ?
    WHERE device_id = ? AND day = ? AND time = ?"""
STORE_METADATA = """
    UPDATE records USING TIMESTAMP ? AND TTL ? SET metadata = ? WHERE device_id = ? AND day = ? AND time = ?"""
STORE_CATALOGUE = """
    UPDATE devices USING TIMESTAMP ? AND TTL ? SET names = names + ?, days = days + ?
    WHERE device_id = ? AND retention_days = ?"""


@dataclass(frozen=True)
class FormerWrite:
    """A submission as the earlier version stored it; a TTL of 0 is none."""

    device: int
    time: Millis
    values: Mapping[str, Value]
    metadata: JsonObject | None
    received: Micros
    ttl: int

    def statements(self) -> list[Statement]:
        """Return the statements of the earlier version, but for the points, which the conversion does not read."""
        stamps, day = (self.received, self.ttl), self.time // DAY_MS
        key = (self.device, day, Decimal(self.time) / 1_000)
        encoded = {name: msgspec.msgpack.encode(value) for name, value in self.values.items()}
        statements: list[Statement] = [
            (STORE_CATALOGUE, (*stamps, set(self.values), {day}, self.device, 30)),
            (STORE_RECORD, (*stamps, encoded, *key)),
        ]
        if self.metadata is not None:
            statements.append((STORE_METADATA, (*stamps, json.dumps(self.metadata), *key)))
        return statements


def former_writes(device: int, first: Millis, received: Micros) -> Iterator[FormerWrite]:
    """Return submissions of 40 days: one or several a time, large ones, with and without metadata and an expiry."""
    choose = random.Random(device)
    for number in range(400):
        names = [f"n{i}" for i in range(choose.randint(1, 9))] if number != 30 else [f"n{i:03}" for i in range(200)]
        values: dict[str, Value] = {name: choose.choice(VALUES) for name in names}
        if number % 50 == 7:
            values |= {"large": LARGE, "larger": LARGE}
        time = Millis(first + number // 10 * DAY_MS + number % 10 * choose.choice((0, 1, 3_600_000)))
        metadata: JsonObject | None = {"i": number, "text": "ü"} if number % 3 == 0 else None
        ttl = choose.choice((0, 1_000_000, 2_000_000))
        yield FormerWrite(device, time, values, metadata, Micros(received + number), ttl)


async def create_former_keyspace(cassandra: Cassandra, writes: Iterator[FormerWrite]) -> None:
    """Create the keyspace as the earlier version left it, with these submissions."""
    wanted = migrations._names
    migrations._names = lambda: list(FORMER_STEPS)
    try:
        await migrations.upgrade(cassandra)
    finally:
        migrations._names = wanted
    for write in writes:
        await cassandra.execute_batch(write.statements(), timeout_s=30.0)
