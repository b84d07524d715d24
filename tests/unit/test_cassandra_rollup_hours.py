"""Choice of the hours that answer for windows, and the encoding of a day's roll-ups."""

from collections.abc import Set
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.time_windows import CalendarUnit, Window
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.stores.cassandra.rollups.cell import (
    HOUR_MS,
    RollupCell,
    consecutive_ranges,
    pack,
    uncovered_ranges,
    unpack,
    whole_hours,
)
from tests.contracts.telemetry.exact_statistics import VALUES
from tests.unit.test_cassandra_rollup_statistics import statistics

DAYS = st.integers(0, 40_000)
HOURS = st.frozensets(st.integers(0, 23))
WINDOWS = st.one_of(
    st.sampled_from([60, 61, 90, 3 * 60, 7 * 60, 24 * 60, 7 * 24 * 60, 30 * 24 * 60]).map(
        lambda minutes: Window(minutes * 60_000)
    ),
    st.sampled_from(CalendarUnit).map(lambda unit: Window(DAY_MS, unit)),
)
OFFSETS = st.one_of(
    st.integers(-56, 56).map(lambda quarters: quarters * 900_000),
    st.sampled_from([-2_670_000, 1_172_000]),  # with seconds, as before standard time
)


@st.composite
def spans(draw: st.DrawFn, day: int) -> TimeRange:
    near = st.integers(-HOUR_MS, DAY_MS + HOUR_MS) | st.integers(-1, 25).map(lambda hour: hour * HOUR_MS)
    start, end = draw(near), draw(st.none() | near)
    return TimeRange(Millis(max(0, day * DAY_MS + start)), None if end is None else Millis(max(0, day * DAY_MS + end)))


@given(data=st.data(), day=DAYS, window=WINDOWS, offset_ms=OFFSETS)
def test_an_hour_is_used_exactly_if_it_lies_in_the_range_and_in_one_window(
    data: st.DataObject, day: int, window: Window, offset_ms: int
) -> None:
    time_range = data.draw(spans(day))
    used = whole_hours(day, time_range, window, offset_ms)
    for hour in range(24):
        first = Millis(day * DAY_MS + hour * HOUR_MS)
        last = Millis(first + HOUR_MS - 1)
        within = first in time_range and last in time_range
        assert (hour in used) == (within and window.index_at(first + offset_ms) == window.index_at(last + offset_ms))
    assert used <= set(range(24))


@given(hours=HOURS)
def test_consecutive_ranges_are_the_hours_without_a_gap(hours: Set[int]) -> None:
    found = list(consecutive_ranges(hours))
    assert [hour for one in found for hour in one] == sorted(hours)
    assert all(one.stop < following.start for one, following in pairwise(found))


@given(data=st.data(), day=DAYS, hours=HOURS)
def test_hours_and_uncovered_ranges_are_the_range_s_part_of_the_day(
    data: st.DataObject, day: int, hours: Set[int]
) -> None:
    time_range = data.draw(spans(day))
    hours &= whole_hours(day, time_range, Window(HOUR_MS), 0)
    start = day * DAY_MS
    low, high = (
        max(start, time_range.start),
        min(start + DAY_MS, start + DAY_MS if time_range.end is None else time_range.end),
    )
    parts: list[tuple[int, int | None]] = [(part.start, part.end) for part in uncovered_ranges(day, time_range, hours)]
    parts += [(start + hour * HOUR_MS, start + (hour + 1) * HOUR_MS) for hour in hours]
    reached = low
    for part_start, part_end in sorted(parts):
        assert part_start == reached
        assert part_end is not None
        assert part_end > part_start
        reached = part_end
    assert reached == max(low, high)


@given(held=st.dictionaries(st.integers(0, 23), st.lists(VALUES, min_size=1, max_size=3)), covered=HOURS)
def test_a_cell_decodes_to_what_was_encoded(held: dict[int, list[bool | int | float | str]], covered: Set[int]) -> None:
    cell = RollupCell(covered, {hour: statistics(values) for hour, values in held.items()})
    decoded = unpack(pack(cell))
    assert decoded.covered == cell.covered
    assert repr(decoded.statistics) == repr(cell.statistics)  # repr distinguishes 1, 1.0 and True


def test_the_encoding_of_stored_cells() -> None:
    """Cells that earlier versions stored stay readable: covered hours as bits, then the statistics by hour."""
    cell = RollupCell(frozenset({0, 23}), {23: statistics([2, "a"])})
    stored = bytes.fromhex("92 ce 00800001 81 17 97 02 02 a1 61 01 cb 4000000000000000 02 02")
    assert pack(cell) == stored
    assert unpack(stored) == cell
