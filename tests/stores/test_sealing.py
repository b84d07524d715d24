"""The sealing of closed days: what is sealed, and that nothing is lost."""

import asyncio
import itertools
import math
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from iotflow.clock import Clock
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.telemetry import PageLimit, Record
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.sql import block_writes, sealing
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.sealed_blocks import DecodedRecord
from iotflow.stores.sql.sealing import CLOSED_AFTER_MS, MIN_RECORDS, DaySealer
from iotflow.stores.sql.telemetry import SqlTelemetry
from tests.clock import START, FakeClock
from tests.contracts.sweeper import sweep
from tests.contracts.telemetry.base import RETENTION_DAYS, record, values_of
from tests.stores.postgres import OnPostgres
from tests.stores.sealed import seal_round
from tests.stores.sql import SqlTables
from tests.stores.sqlite import OnSqlite, SqliteTables
from tests.stores.statements import record_statements
from tests.stores.test_sqlite_plans import plans

DEVICE = 7
FIRST_DAY = Millis((START // DAY_MS - 3) * DAY_MS)


class SealingSuite:
    """Sealing on either database."""

    @pytest.fixture
    def telemetry(self, database: Database, clock: Clock) -> SqlTelemetry:
        return SqlTelemetry(database, clock, RETENTION_DAYS)

    @pytest.fixture
    def sealer(self, database: Database, clock: Clock) -> DaySealer:
        return DaySealer(database, clock)

    async def test_late_records_leave_blocks_that_have_no_time_in_common(
        self, telemetry: SqlTelemetry, sealer: DaySealer, tables: SqlTables, clock: Clock
    ) -> None:
        shuffled = [(i * 7_919) % 6_007 for i in range(6_007)]
        for start in range(0, len(shuffled), 1_500):
            sent = [record(clock, FIRST_DAY + 10 * i, {"x": i}) for i in shuffled[start : start + 1_500]]
            await telemetry.write(DEVICE, sent)
            await seal_round(sealer)
        blocks = sorted(
            (row["first_time"], row["last_time"], row["number"]) for row in await tables.rows("telemetry_blocks")
        )
        assert sum(number for *_, number in blocks) == len(shuffled)
        assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(blocks))
        assert len(blocks) <= 2 * math.ceil(len(shuffled) / block_writes.RECORDS_PER_BLOCK)

    async def test_concurrent_sealers_writers_and_deletions_lose_and_restore_nothing(
        self, telemetry: SqlTelemetry, database: Database, tables: SqlTables, clock: Clock
    ) -> None:
        kept, deleted = range(0, 3_000), range(3_000, 4_000)
        await telemetry.write(DEVICE, [record(clock, FIRST_DAY + i, {"x": 0}) for i in (*kept, *deleted)])

        async def write_late() -> None:
            for start in range(0, 3_000, 300):
                late = [record(clock, FIRST_DAY + i, {"x": 1}) for i in range(start, start + 300, 7)]
                await telemetry.write(DEVICE, late)

        async def delete_some() -> None:
            span = TimeRange(Millis(FIRST_DAY + deleted.start), Millis(FIRST_DAY + deleted.stop))
            await telemetry.delete(DEVICE, span)

        rounds = (seal_round(DaySealer(database, clock)) for _ in range(3))
        await asyncio.gather(*rounds, write_late(), delete_some())
        await seal_round(DaySealer(database, clock))
        assert await tables.rows("telemetry_records") == []
        blocks = sorted((row["first_time"], row["last_time"]) for row in await tables.rows("telemetry_blocks"))
        assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(blocks))
        found = await values_of(telemetry, DEVICE)
        late_times = {i for start in range(0, 3_000, 300) for i in range(start, start + 300, 7)}
        assert found == {FIRST_DAY + i: {"x": int(i in late_times)} for i in kept}

    async def test_what_is_written_and_deleted_while_blocks_are_packed_stays_so(
        self, telemetry: SqlTelemetry, sealer: DaySealer, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, changed = threading.Event(), threading.Event()

        def pack_slowly(schema: tuple[int, int], sealed: Iterable[DecodedRecord]) -> list[block_writes.BlockRow]:
            begun.set()
            assert changed.wait(10)
            return block_writes.pack_blocks(schema, sealed)

        monkeypatch.setattr(sealing, "pack_blocks", pack_slowly)
        await telemetry.write(DEVICE, [record(clock, FIRST_DAY + i, {"x": i}) for i in range(50)])
        first_round = asyncio.create_task(seal_round(sealer))
        assert await asyncio.to_thread(begun.wait, 10)
        await telemetry.write(DEVICE, [record(clock, FIRST_DAY, {"x": "late"})])
        await telemetry.delete(DEVICE, TimeRange(Millis(FIRST_DAY + 1), Millis(FIRST_DAY + 2)))
        changed.set()
        await first_round
        for _ in range(2):
            expected: dict[int, dict[str, object]] = {FIRST_DAY: {"x": "late"}}
            assert await values_of(telemetry, DEVICE) == expected | {FIRST_DAY + i: {"x": i} for i in range(2, 50)}
            await seal_round(sealer)


class TestSealingOnPostgres(OnPostgres, SealingSuite): ...


class TestSealingOnSqlite(OnSqlite, SealingSuite):
    async def test_a_day_is_sealed_some_hours_after_its_end(
        self, telemetry: SqlTelemetry, sealer: DaySealer, tables: SqliteTables, clock: FakeClock
    ) -> None:
        yesterday = Millis(START // DAY_MS * DAY_MS - 1)
        clock.set(Millis(yesterday + CLOSED_AFTER_MS))
        times = [Millis(yesterday - second * 1_000) for second in range(MIN_RECORDS)]
        await telemetry.write(DEVICE, [record(clock, time, {"x": time}) for time in [*times, clock.now()]])
        await seal_round(sealer)
        assert await tables.count("telemetry_blocks") == 0
        clock.advance(1)
        await seal_round(sealer)
        assert [(row["number"], row["last_time"]) for row in await tables.rows("telemetry_blocks")] == [
            (MIN_RECORDS, yesterday)
        ]
        assert await tables.count("telemetry_records") == 1

    async def test_few_records_stay_rows_until_their_day_has_a_block(
        self, telemetry: SqlTelemetry, sealer: DaySealer, tables: SqliteTables, clock: Clock
    ) -> None:
        sent = [record(clock, FIRST_DAY + time, {"x": time}) for time in range(MIN_RECORDS)]
        await telemetry.write(DEVICE, sent[1:])
        await seal_round(sealer)
        assert await tables.count("telemetry_blocks") == 0
        for late in (sent[:1], [record(clock, FIRST_DAY + 9, {"x": "late"})], [record(clock, FIRST_DAY - 1, {"x": 1})]):
            await telemetry.write(DEVICE, late)
            await seal_round(sealer)
        assert [row["number"] for row in await tables.rows("telemetry_blocks")] == [MIN_RECORDS]
        assert [row["time"] for row in await tables.rows("telemetry_records")] == [FIRST_DAY - 1]

    async def test_a_round_looks_at_many_days_of_few_records_at_once(
        self, telemetry: SqlTelemetry, sealer: DaySealer, tables: SqliteTables, clock: Clock
    ) -> None:
        for day in range(-200, 0):
            await telemetry.write(DEVICE, [record(clock, FIRST_DAY + day * DAY_MS + i, {"x": i}) for i in range(7)])
        await telemetry.write(DEVICE, [record(clock, FIRST_DAY + i, {"x": i}) for i in range(MIN_RECORDS)])
        with record_statements() as statements:
            await seal_round(sealer)
        assert len(statements.sent) <= 25
        assert [row["number"] for row in await tables.rows("telemetry_blocks")] == [MIN_RECORDS]
        assert await tables.count("telemetry_records") == 1_400

    async def test_a_process_that_is_killed_while_it_seals_loses_nothing(
        self, telemetry: SqlTelemetry, sealer: DaySealer, tables: SqliteTables, clock: Clock, sqlite_file: Path
    ) -> None:
        await telemetry.write(DEVICE, [record(clock, FIRST_DAY + i, {"x": i}) for i in range(100)])
        rows = await tables.rows("telemetry_records")
        killed = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", KILLED_WHILE_SEALING, str(sqlite_file)], timeout=60, check=False
        )
        assert killed.returncode == -signal.SIGKILL
        assert await tables.rows("telemetry_records") == rows
        await seal_round(sealer)
        assert [row["number"] for row in await tables.rows("telemetry_blocks")] == [100]

    async def test_a_sweep_drops_expired_blocks_and_rewrites_others_once_a_day(
        self, telemetry: SqlTelemetry, sealer: DaySealer, tables: SqliteTables, clock: FakeClock
    ) -> None:
        def sent(day: int) -> list[Record]:
            return [record(clock, FIRST_DAY + day * DAY_MS + 2 * i, {"x": i}) for i in range(MIN_RECORDS)]

        async def numbers() -> list[int]:
            await sweep(telemetry)
            return [row["number"] for row in await tables.rows("telemetry_blocks")]

        await telemetry.write(DEVICE, [*sent(0), *sent(1)])
        clock.advance(2 * 86_400)
        await telemetry.write(DEVICE, [record(clock, FIRST_DAY + DAY_MS + 1, {"x": "late"})])
        await seal_round(sealer)
        clock.advance((RETENTION_DAYS - 2) * 86_400 + 1)
        assert await numbers() == [MIN_RECORDS + 1]
        clock.advance(86_400)
        assert await numbers() == [1]
        clock.advance(86_400)
        assert await numbers() == []

    async def test_reads_of_sealed_days_use_an_index_and_few_statements(
        self, telemetry: SqlTelemetry, sealer: DaySealer, tables: SqliteTables, clock: Clock
    ) -> None:
        for day in range(3):
            times = range(FIRST_DAY + day * DAY_MS, FIRST_DAY + day * DAY_MS + 1_000)
            await telemetry.write(DEVICE, [record(clock, time, {"x": 1.5}) for time in times])
        await seal_round(sealer)
        whole = TimeRange(FIRST_DAY, Millis(FIRST_DAY + 3 * DAY_MS))
        days = Window(DAY_MS)
        reads: dict[str, tuple[int, Callable[[], Awaitable[object]]]] = {
            "page: schemas, first, blocks, metadata": (
                4,
                lambda: telemetry.records(DEVICE, whole, descending=True, limit=PageLimit(100)),
            ),
            "latest: ids, newest": (2, lambda: telemetry.latest(DEVICE)),
            "newest times": (1, lambda: telemetry.newest_times([DEVICE], whole)),
            "means: ids, blocks, more blocks, rows": (
                4,
                lambda: telemetry.aggregate(DEVICE, "x", whole, Aggregation.MEAN, window=days, offset_ms=0),
            ),
        }
        await telemetry.latest(DEVICE)
        for name, (most, read) in reads.items():
            with record_statements() as statements:
                await read()
            found = plans(tables, statements)
            assert len(found) <= most, name
            steps = [step for steps in found for step in steps if "telemetry_blocks" in step]
            assert steps, name
            assert all(step.startswith("SEARCH telemetry_blocks USING") for step in steps), steps
            assert all("TEMP B-TREE" not in step for steps in found for step in steps), found


KILLED_WHILE_SEALING = """
import asyncio, os, signal, sys
from iotflow.clock import SystemClock
from iotflow.stores.sql import open_database, sealing

async def kill_process(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

sealing.insert_blocks = kill_process
sealer = sealing.DaySealer(open_database(f"sqlite+aiosqlite:///{sys.argv[1]}"), SystemClock())
asyncio.run(sealer.seal_chunk())
"""
