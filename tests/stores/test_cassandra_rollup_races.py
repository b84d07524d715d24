"""Hourly roll-ups in Cassandra with concurrent reads, writes and deletions."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.cassandra.points import SELECT_VALUES
from iotflow.stores.cassandra.rollups.cell import HOUR_MS
from iotflow.stores.cassandra.rollups.store import CLOCK_TOLERANCE_S, STORE_CELL
from iotflow.stores.cassandra.session import SHORT_TIMEOUT_S
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.cassandra.writes import DELETE_RECORDS, STORE_RECORD
from tests.clock import START, FakeClock
from tests.contracts.telemetry.base import RETENTION_DAYS, record
from tests.stores.held_cassandra import HeldCassandra
from tests.stores.rollup_fixtures import LONG_AGO, SETTLED_S, OnRollups, Telemetry, sums


class TestInterleaving(OnRollups):
    """Suspends one statement of a read, a write or a deletion while another operation runs."""

    @pytest.fixture
    def telemetry(self, held: HeldCassandra, clock: FakeClock) -> Telemetry:
        return CassandraTelemetry(held, clock, RETENTION_DAYS)

    @pytest.fixture
    async def written(self, telemetry: Telemetry, clock: FakeClock, device: int) -> int:
        """A device with three values of 1 in a closed hour."""
        await telemetry.write(device, [record(clock, LONG_AGO + i, {"x": 1}) for i in range(3)])
        clock.advance(SETTLED_S)
        return device

    @pytest.mark.parametrize("statement", [STORE_CELL, SELECT_VALUES])
    @pytest.mark.parametrize(("change", "total"), [("write", 13), ("delete", 1)])
    async def test_a_change_during_a_roll_up(
        self,
        telemetry: Telemetry,
        held: HeldCassandra,
        clock: FakeClock,
        written: int,
        statement: str,
        change: str,
        total: int,
    ) -> None:
        """The change begins and ends after the reader has read the hour, or just before it reads it."""
        with held.holding(statement) as hold:
            reader = asyncio.create_task(sums(telemetry, written))
            await hold.wait_until_held()
            clock.advance(0.1)
            await changes(telemetry, clock, written)[change]()
        await reader
        clock.advance(SETTLED_S)
        for _ in range(2):
            (aggregate,) = await sums(telemetry, written)
            assert aggregate.value == total

    @pytest.mark.parametrize("clock_slow_by_s", [0, CLOCK_TOLERANCE_S])
    @pytest.mark.parametrize("in_flight_s", [0, SHORT_TIMEOUT_S])
    @pytest.mark.parametrize(
        ("change", "statement", "total"), [("write", STORE_RECORD, 13), ("delete", DELETE_RECORDS, 1)]
    )
    async def test_a_roll_up_while_a_change_is_in_flight(
        self,
        telemetry: Telemetry,
        held: HeldCassandra,
        clock: FakeClock,
        written: int,
        clock_slow_by_s: float,
        in_flight_s: float,
        change: str,
        statement: str,
        total: int,
    ) -> None:
        """The change is stamped by a clock that may be slow, and arrives at its deadline, after a reader has ended."""
        clock.advance(60)
        changers = FakeClock(Millis(clock.now() - round(clock_slow_by_s * 1_000)))
        changer = CassandraTelemetry(held, changers, RETENTION_DAYS)
        with held.holding(statement) as hold:
            late = asyncio.create_task(changes(changer, changers, written)[change]())
            await hold.wait_until_held()
            clock.advance(in_flight_s)
            (before,) = await sums(telemetry, written)
            assert before.value == 3
        await late
        for _ in range(2):
            (aggregate,) = await sums(telemetry, written)
            assert aggregate.value == total

    @pytest.mark.parametrize("after_its_end_s", [-0.001, 1.0])
    async def test_a_write_at_the_end_of_its_hour_is_in_the_roll_up_or_removes_it(
        self, telemetry: Telemetry, held: HeldCassandra, clock: FakeClock, device: int, after_its_end_s: float
    ) -> None:
        today = START - START % DAY_MS
        end = today + 3 * HOUR_MS
        clock.set(Millis(today + HOUR_MS))
        await telemetry.write(device, [record(clock, today, {"x": 5})])
        clock.set(Millis(end + round(after_its_end_s * 1_000)))
        readers = FakeClock(clock.now())
        with held.holding(STORE_RECORD) as hold:
            writing = asyncio.create_task(telemetry.write(device, [record(clock, end - HOUR_MS, {"x": 1})]))
            await hold.wait_until_held()
            # The writer's clock is slow by the whole tolerance, and the write arrives at its deadline.
            readers.advance(CLOCK_TOLERANCE_S + SHORT_TIMEOUT_S - 0.001)
            reader = CassandraTelemetry(held, readers, RETENTION_DAYS)
            assert [aggregate.value for aggregate in await sums(reader, device)] == [5]
        await writing
        readers.advance(0.001)
        for _ in range(2):
            assert [aggregate.value for aggregate in await sums(reader, device)] == [5, 1]

    async def test_concurrent_readers_and_writers(self, telemetry: Telemetry, clock: FakeClock, written: int) -> None:
        total = 3

        async def write(i: int) -> None:
            nonlocal total
            await telemetry.write(written, [record(clock, LONG_AGO + 1_000 + i, {"x": 1})])
            total += 1

        async def read() -> None:
            least = total
            (aggregate,) = await sums(telemetry, written)
            assert isinstance(aggregate.value, float)
            assert aggregate.value >= least

        for _ in range(5):
            async with asyncio.TaskGroup() as tasks:
                for i in range(10):
                    tasks.create_task(write(total + i))
                    tasks.create_task(read())
                    clock.advance(0.02)
        clock.advance(SETTLED_S)
        for _ in range(2):
            (aggregate,) = await sums(telemetry, written)
            assert aggregate.value == total


def changes(
    telemetry: Telemetry, clock: FakeClock, device: int
) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
    """Return a write and a deletion in the hour of the `written` device."""
    return {
        "write": lambda: telemetry.write(device, [record(clock, LONG_AGO + 10, {"x": 10})]),
        "delete": lambda: telemetry.delete(device, TimeRange(Millis(LONG_AGO + 1), Millis(LONG_AGO + 5))),
    }
