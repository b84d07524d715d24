"""Roll-ups in Cassandra for their tests: a clock that tests own, and the store seen around the player."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from iotflow.domain.aggregates import Aggregation, Bucket
from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.stores.cassandra.address import CassandraAddress
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.hours import HOUR_MS, unpack
from iotflow.stores.cassandra.rollups import UNSEEN_US
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from tests.clock import START, FakeClock
from tests.contracts.telemetry.base import ALL_TIME, RETENTION_DAYS, new_device
from tests.stores.cassandra import OnCassandra, RawCassandra
from tests.stores.held_cassandra import HeldCassandra

SETTLED_S = UNSEEN_US / 1_000_000 + 0.001
"""After so long a read has missed no change."""
LONG_AGO = Millis(START - START % DAY_MS - 7 * DAY_MS)

Telemetry = CassandraTelemetry


async def sums(telemetry: Telemetry, device: int, span: Span = ALL_TIME) -> list[Bucket]:
    """The hourly sums of x."""
    return await telemetry.aggregate(device, "x", span, Aggregation.SUM, width_ms=HOUR_MS, offset_ms=0)


class RawRollups(RawCassandra):
    """What the store holds of roll-ups."""

    async def rows(self, columns: str, device: int) -> list[dict[str, Any]]:
        """All of a device's."""
        table = f"{self._address.keyspace}.hourly_rollups"
        return await self.query(f"SELECT {columns} FROM {table} WHERE device_id = {device} ALLOW FILTERING")

    async def hours(self, device: int) -> dict[int, list[int]]:
        """Of each day, counted from `LONG_AGO`, the hours that are kept."""
        days = {row["day"] - LONG_AGO // DAY_MS: unpack(row["hours"]).covered for row in await self.rows("*", device)}
        return {day: [hour for hour in range(24) if covered >> hour & 1] for day, covered in sorted(days.items())}


class OnRollups(OnCassandra):
    """A clock that tests own stamps all that is sent; Cassandra counts TTLs from when it gets them."""

    @pytest.fixture
    async def held(self, cassandra_keyspace: CassandraAddress) -> AsyncIterator[HeldCassandra]:
        held = HeldCassandra(cassandra_keyspace)
        await held.connect()
        yield held
        await held.close()

    @pytest.fixture
    def kept(self, cassandra_keyspace: CassandraAddress) -> RawRollups:
        return RawRollups(cassandra_keyspace)

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def telemetry(self, cassandra: Cassandra, clock: FakeClock) -> Telemetry:
        return CassandraTelemetry(cassandra, clock, RETENTION_DAYS)

    @pytest.fixture
    def device(self) -> int:
        return new_device()
