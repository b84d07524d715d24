"""Sealed days: each read answers as from rows, whatever is written, deleted, expired or sealed in whatever order."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iotflow.domain.aggregates import Aggregation, finalize
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, PageLimit, Record, Value
from iotflow.domain.time_windows import Window
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.stores.sql import block_reads, block_writes, open_database, record_pages, sealing
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.sealed_blocks import DecodedRecord, UnpackedBlock, pack_records
from iotflow.stores.sql.sealing import DaySealer
from iotflow.stores.sql.tables import NO_EXPIRY_US
from iotflow.stores.sql.telemetry import SqlTelemetry
from tests.clock import START, FakeClock
from tests.contracts.sweeper import sweep
from tests.contracts.telemetry.base import ALL_TIME, RETENTION_DAYS
from tests.stores.sealed import seal_round

DEVICE = 7
HOUR_MS = DAY_MS // 24
FIRST_DAY = Millis((START // DAY_MS - 3) * DAY_MS)

_values = st.one_of(
    st.booleans(),
    st.integers(INTEGER_MIN, INTEGER_MAX),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**9), 10**9).map(lambda number: number / 1_000),
    st.sampled_from([0.0, -0.0, 0, 1.0, 1, True]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
)
_columns = st.one_of(
    *(
        st.lists(of_type, min_size=20, max_size=20)
        for of_type in (
            _values,
            st.integers(INTEGER_MIN, INTEGER_MAX),
            st.integers(-1_000, 1_000).map(lambda number: number / 10),
            st.floats(allow_nan=False, allow_infinity=False),
        )
    )
)


@given(
    st.lists(_columns, min_size=1, max_size=3),
    st.lists(st.integers(0, DAY_MS - 1), min_size=20, max_size=20, unique=True),
    st.lists(st.sampled_from([Micros(10**15), Micros(10**15 + 1), NO_EXPIRY_US]), min_size=20, max_size=20),
)
@example([[0.0, -0.0] * 10], list(range(20)), [NO_EXPIRY_US] * 20)
@example([[INTEGER_MIN, INTEGER_MAX] * 10], list(range(20)), [NO_EXPIRY_US] * 20)
def test_a_block_returns_every_bit_and_type(
    columns: list[list[Value]], times: list[int], expiries: list[Micros]
) -> None:
    fields = zip(sorted(times), reversed(times), expiries, zip(*columns, strict=True), strict=True)
    sealed = [
        DecodedRecord(Millis(time), Micros(received), expires, list(values))
        for time, received, expires, values in fields
    ]
    unpacked = UnpackedBlock(pack_records(sealed), len(sealed))
    assert list(map(_exactly, unpacked.records())) == list(map(_exactly, sealed))
    assert list(map(_exactly, unpacked.records(3, 7))) == list(map(_exactly, sealed[3:7]))
    assert list(map(repr, unpacked.column(0))) == list(map(repr, columns[0]))


def _exactly(sealed: DecodedRecord) -> tuple[object, ...]:
    return (*sealed[:3], *map(repr, sealed.measurements))


@dataclass(frozen=True)
class Write:
    """A write of records: the index of a quarter of an hour, the values, and the lag of the receipt in microseconds."""

    records: Sequence[tuple[int, Mapping[str, Value], int]]


@dataclass(frozen=True)
class Delete:
    start: int
    end: int | None


@dataclass(frozen=True)
class Advance:
    days: int


SEAL, SWEEP = "seal", "sweep"
Step = Write | Delete | Advance | str

_quarters = st.integers(0, 4 * 24 * 2 - 1)
_numbers = st.one_of(
    st.integers(-50, 50).map(lambda number: number / 10), st.integers(-5, 5), st.booleans(), st.text("ab", max_size=2)
)
_sent = st.tuples(
    _quarters, st.dictionaries(st.sampled_from("abc"), _numbers, min_size=1), st.integers(0, 25 * 86_400 * 10**6)
)
_writes = st.lists(_sent, min_size=10, max_size=30).map(Write)
_others = st.one_of(
    _writes,
    st.builds(Delete, _quarters, st.one_of(st.none(), _quarters)),
    st.integers(1, 15).map(Advance),
    st.just(SEAL),
    st.just(SWEEP),
)
_steps = st.tuples(_writes, st.just(SEAL), _writes, st.lists(_others, max_size=7)).map(
    lambda drawn: [*drawn[:3], *drawn[3]]
)


def _at(quarter: int) -> Millis:
    return Millis(FIRST_DAY + quarter * HOUR_MS // 4)


class _Twins:
    """The store under test, and one that never seals."""

    def __init__(self, sealed: Database, rows: Database) -> None:
        self.clock = FakeClock()
        self.sealed, self.rows = (SqlTelemetry(database, self.clock, RETENTION_DAYS) for database in (sealed, rows))
        self._sealer = DaySealer(sealed, self.clock, closed_after_ms=0, min_records=2)

    async def take(self, step: Step) -> None:
        match step:
            case Write(sent):
                records = [
                    Record(_at(quarter), values, {"n": lag} if lag % 2 else None, Micros(self.clock.unique_now() - lag))
                    for quarter, values, lag in sent
                ]
                for twin in (self.sealed, self.rows):
                    await twin.write(DEVICE, records)
            case Delete(start, end):
                time_range = TimeRange(_at(start), None if end is None else _at(end))
                for twin in (self.sealed, self.rows):
                    await twin.delete(DEVICE, time_range)
            case Advance(days):
                self.clock.advance(days * 86_400)
            case "seal":
                await seal_round(self._sealer)
            case _:
                for twin in (self.sealed, self.rows):
                    await sweep(twin)

    async def compare(self, time_range: TimeRange) -> None:
        assert await _answers(self.sealed, time_range) == await _answers(self.rows, time_range)
        for aggregation in Aggregation:
            for window, offset in ((DAY_MS, 0), (DAY_MS, HOUR_MS), (HOUR_MS, 0), (7 * DAY_MS, 0)):
                expected, found = [
                    await _statistics(twin, time_range, aggregation, Window(window), offset)
                    for twin in (self.rows, self.sealed)
                ]
                assert found == expected, (aggregation, window, offset)


async def _answers(telemetry: TelemetryRepository, time_range: TimeRange) -> list[object]:
    found: list[object] = []
    for descending in (False, True):
        for names in (None, ["a"], ["b", "c"]):
            after: Millis | None = None
            more = True
            while more:
                page = await telemetry.records(
                    DEVICE, time_range, descending=descending, limit=PageLimit(7), after=after, names=names
                )
                found += [(one.timestamp, repr(dict(one.values)), one.metadata) for one in page.records]
                more = page.more
                after = page.records[-1].timestamp if more else None
    found.append({name: repr(latest) for name, latest in (await telemetry.latest(DEVICE)).items()})
    found.append(await telemetry.newest_times([DEVICE, DEVICE + 1], time_range))
    return found


async def _statistics(
    telemetry: TelemetryRepository, time_range: TimeRange, aggregation: Aggregation, window: Window, offset_ms: int
) -> list[object]:
    windows = await telemetry.aggregate(DEVICE, "a", time_range, aggregation, window=window, offset_ms=offset_ms)
    found: list[object] = []
    for one, before in zip(windows, [None, *windows], strict=False):
        value = finalize(aggregation, one, before)
        exact = aggregation not in (Aggregation.STDDEV, Aggregation.SUM, Aggregation.MEAN, Aggregation.INCREASE)
        found.append((one.index, one.count, repr(value) if exact else pytest.approx(value, rel=1e-9, abs=1e-9)))
    return found


@asynccontextmanager
async def _open_twins(directory: Path, migrated_file: Path) -> AsyncIterator[_Twins]:
    async with AsyncExitStack() as stack:
        databases: list[Database] = []
        for name in ("sealed", "rows"):
            file = shutil.copy(migrated_file, directory / f"{name}.db")
            databases.append(open_database(f"sqlite+aiosqlite:///{file}"))
            stack.push_async_callback(databases[-1].close)
        yield _Twins(*databases)


BESIDE_THE_RANGE = Write(
    [*((time, {"a": time}, 0) for time in (10, 20, 30)), *((time, {"b": 0}, 0) for time in (15, 28))]
)


@given(_steps, _quarters, st.one_of(st.none(), _quarters))
@example([BESIDE_THE_RANGE, SEAL], 18, 25)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_read_answers_as_from_rows(
    migrated_file: Path, tmp_path: Path, steps: list[Step], start: int, end: int | None
) -> None:
    """Of blocks of few records, so that a day has several and slices of pages end within them."""

    async def compare_twins() -> None:
        async with _open_twins(tmp_path, migrated_file) as twins:
            for step in steps:
                await twins.take(step)
            for time_range in (ALL_TIME, TimeRange(_at(start), None if end is None else _at(end))):
                await twins.compare(time_range)

    with (
        patch.object(block_writes, "RECORDS_PER_BLOCK", 6),
        patch.object(sealing, "RECORDS_PER_BLOCK", 6),
        patch.object(block_reads, "BLOCKS_PER_STATEMENT", 3),
        patch.object(block_reads, "STATISTICS_PER_STATEMENT", 3),
        patch.object(record_pages, "RECORDS_PER_SLICE", 3),
    ):
        asyncio.run(compare_twins())
