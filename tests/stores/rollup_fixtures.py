"""Fixtures of the roll-up tests: a fake clock, and direct access to stored roll-ups."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from iotflow.addresses import CassandraAddress
from iotflow.domain.aggregates import Aggregation, WindowAggregate
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.cassandra.rollups.cell import HOUR_MS, unpack
from iotflow.stores.cassandra.rollups.store import STAMP_MARGIN_US
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from tests.clock import START, FakeClock
from tests.contracts.telemetry.base import ALL_TIME, RETENTION_DAYS, new_device
from tests.stores.cassandra import OnCassandra, RawCassandra
from tests.stores.held_cassandra import HeldCassandra

SETTLED_S = STAMP_MARGIN_US / 1_000_000 + 0.001
"""Seconds after which a read can have missed no change."""
LONG_AGO = Millis(START - START % DAY_MS - 7 * DAY_MS)

Telemetry = CassandraTelemetry


async def sums(telemetry: Telemetry, device: int, time_range: TimeRange = ALL_TIME) -> list[WindowAggregate]:
    """Return the hourly sums of x."""
    return await telemetry.aggregate(device, "x", time_range, Aggregation.SUM, window=Window(HOUR_MS), offset_ms=0)


class RawRollups(RawCassandra):
    """Direct access to stored roll-ups."""

    async def rows(self, columns: str, device: int) -> list[dict[str, Any]]:
        """Return the rows of a device."""
        table = f"{self._address.keyspace}.hourly_rollups"
        return await self.query(f"SELECT {columns} FROM {table} WHERE device_id = {device} ALLOW FILTERING")

    async def hours(self, device: int) -> dict[int, list[int]]:
        """Return the stored hours by day, counted from `LONG_AGO`."""
        days = {row["day"] - LONG_AGO // DAY_MS: unpack(row["hours"]).covered for row in await self.rows("*", device)}
        return {day: sorted(covered) for day, covered in sorted(days.items())}


class OnRollups(OnCassandra):
    """Stamps statements by a fake clock. Cassandra still counts TTLs by the clock of its machine."""

    @pytest.fixture
    async def held(self, cassandra_keyspace: CassandraAddress) -> AsyncIterator[HeldCassandra]:
        held = HeldCassandra(cassandra_keyspace)
        await held.connect()
        yield held
        await held.close()

    @pytest.fixture
    def stored(self, cassandra_keyspace: CassandraAddress) -> RawRollups:
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
