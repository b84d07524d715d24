"""Hourly roll-ups in Cassandra: readers among writers and deletions."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.stores.cassandra.connection import POINT_TIMEOUT_S
from iotflow.stores.cassandra.deleting import DELETE_POINTS
from iotflow.stores.cassandra.hours import HOUR_MS
from iotflow.stores.cassandra.rollups import CLOCK_TOLERANCE_S, KEEP, ROLL_UP
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.stores.cassandra.writing import STORE_POINT
from tests.clock import START, FakeClock
from tests.contracts.telemetry.base import RETENTION_DAYS, record
from tests.stores.held_cassandra import HeldCassandra
from tests.stores.rolled_up import LONG_AGO, SETTLED_S, OnRollups, Telemetry, sums


class TestInterleaving(OnRollups):
    """One statement of a reader, a writer or a deleter is held back while another does its work."""

    @pytest.fixture
    def telemetry(self, held: HeldCassandra, clock: FakeClock) -> Telemetry:
        return CassandraTelemetry(held, clock, RETENTION_DAYS)

    @pytest.fixture
    async def written(self, telemetry: Telemetry, clock: FakeClock, device: int) -> int:
        """A device with values 1 in an hour that is closed."""
        await telemetry.write(device, [record(clock, LONG_AGO + i, {"x": 1}) for i in range(3)])
        clock.advance(SETTLED_S)
        return device

    @pytest.mark.parametrize("statement", [KEEP, ROLL_UP])
    @pytest.mark.parametrize(("change", "total"), [("write", 13), ("delete", 1)])
    async def test_a_change_while_a_reader_rolls_up(
        self,
        telemetry: Telemetry,
        held: HeldCassandra,
        clock: FakeClock,
        written: int,
        statement: str,
        change: str,
        total: int,
    ) -> None:
        """The reader has seen the hour as it was, or is about to read it, when the change comes and is over."""
        with held.holding(statement) as hold:
            reader = asyncio.create_task(sums(telemetry, written))
            await hold.reached()
            clock.advance(0.1)
            await changing(telemetry, clock, written)[change]()
        await reader
        clock.advance(SETTLED_S)
        for _ in range(2):
            (bucket,) = await sums(telemetry, written)
            assert bucket.value == total

    @pytest.mark.parametrize("behind_s", [0, CLOCK_TOLERANCE_S])
    @pytest.mark.parametrize("on_its_way_s", [0, POINT_TIMEOUT_S])
    @pytest.mark.parametrize(
        ("change", "statement", "total"), [("write", STORE_POINT, 13), ("delete", DELETE_POINTS, 1)]
    )
    async def test_a_reader_rolls_up_while_a_change_is_on_its_way(
        self,
        telemetry: Telemetry,
        held: HeldCassandra,
        clock: FakeClock,
        written: int,
        behind_s: float,
        on_its_way_s: float,
        change: str,
        statement: str,
        total: int,
    ) -> None:
        """The change is stamped, by a clock that may be behind, and takes its whole deadline to arrive; meanwhile a
        reader begins and ends.
        """
        clock.advance(60)
        changers = FakeClock(Millis(clock.now() - round(behind_s * 1_000)))
        changer = CassandraTelemetry(held, changers, RETENTION_DAYS)
        with held.holding(statement) as hold:
            late = asyncio.create_task(changing(changer, changers, written)[change]())
            await hold.reached()
            clock.advance(on_its_way_s)
            (before,) = await sums(telemetry, written)
            assert before.value == 3
        await late
        for _ in range(2):
            (bucket,) = await sums(telemetry, written)
            assert bucket.value == total

    @pytest.mark.parametrize("after_its_end_s", [-0.001, 1.0])
    async def test_what_is_sent_when_its_hour_ends_is_in_its_roll_up_or_removes_it(
        self, telemetry: Telemetry, held: HeldCassandra, clock: FakeClock, device: int, after_its_end_s: float
    ) -> None:
        today = START - START % DAY_MS
        end = today + 3 * HOUR_MS
        clock.set(Millis(today + HOUR_MS))
        await telemetry.write(device, [record(clock, today, {"x": 5})])
        clock.set(Millis(end + round(after_its_end_s * 1_000)))
        readers = FakeClock(clock.now())
        with held.holding(STORE_POINT) as hold:
            writing = asyncio.create_task(telemetry.write(device, [record(clock, end - HOUR_MS, {"x": 1})]))
            await hold.reached()
            # The writer's clock is behind by all that is tolerated, and the write takes all its time.
            readers.advance(CLOCK_TOLERANCE_S + POINT_TIMEOUT_S - 0.001)
            reader = CassandraTelemetry(held, readers, RETENTION_DAYS)
            assert [bucket.value for bucket in await sums(reader, device)] == [5]
        await writing
        readers.advance(0.001)
        for _ in range(2):
            assert [bucket.value for bucket in await sums(reader, device)] == [5, 1]

    async def test_many_readers_and_writers_at_once(self, telemetry: Telemetry, clock: FakeClock, written: int) -> None:
        total = 3

        async def write(i: int) -> None:
            nonlocal total
            await telemetry.write(written, [record(clock, LONG_AGO + 1_000 + i, {"x": 1})])
            total += 1

        async def read() -> None:
            least = total
            (bucket,) = await sums(telemetry, written)
            assert isinstance(bucket.value, float)
            assert bucket.value >= least

        for _ in range(5):
            async with asyncio.TaskGroup() as tasks:
                for i in range(10):
                    tasks.create_task(write(total + i))
                    tasks.create_task(read())
                    clock.advance(0.02)
        clock.advance(SETTLED_S)
        for _ in range(2):
            (bucket,) = await sums(telemetry, written)
            assert bucket.value == total


def changing(
    telemetry: Telemetry, clock: FakeClock, device: int
) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
    """Ways to change the hour of values 1."""
    return {
        "write": lambda: telemetry.write(device, [record(clock, LONG_AGO + 10, {"x": 10})]),
        "delete": lambda: telemetry.delete(device, Span(Millis(LONG_AGO + 1), Millis(LONG_AGO + 5))),
    }
