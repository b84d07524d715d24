"""Which hours answer for windows, and how a day of them is kept."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.stores.cassandra.hours import HOUR_MS, DayOfHours, pack, remainder, runs, unpack, whole_hours
from tests.contracts.telemetry.aggregates import VALUES
from tests.unit.test_statistics import statistics

DAYS = st.integers(0, 40_000)
HOURS = st.integers(0, 2**24 - 1)
WIDTHS = st.sampled_from([60, 61, 90, 3 * 60, 7 * 60, 24 * 60, 7 * 24 * 60, 30 * 24 * 60]).map(lambda m: m * 60_000)
OFFSETS = st.one_of(
    st.integers(-56, 56).map(lambda quarters: quarters * 900_000),
    st.sampled_from([-2_670_000, 1_172_000]),  # seconds, as before there were zones
)


@st.composite
def spans(draw: st.DrawFn, day: int) -> Span:
    near = st.integers(-HOUR_MS, DAY_MS + HOUR_MS) | st.integers(-1, 25).map(lambda hour: hour * HOUR_MS)
    start, end = draw(near), draw(st.none() | near)
    return Span(Millis(max(0, day * DAY_MS + start)), None if end is None else Millis(max(0, day * DAY_MS + end)))


def bits(hours: int) -> list[int]:
    return [hour for hour in range(24) if hours >> hour & 1]


@given(data=st.data(), day=DAYS, width_ms=WIDTHS, offset_ms=OFFSETS)
def test_an_hour_is_used_exactly_where_all_of_it_is_in_the_span_and_in_one_window(
    data: st.DataObject, day: int, width_ms: int, offset_ms: int
) -> None:
    span = data.draw(spans(day))
    used = bits(whole_hours(day, span, width_ms, offset_ms))
    for hour in range(24):
        first = Millis(day * DAY_MS + hour * HOUR_MS)
        last = Millis(first + HOUR_MS - 1)
        within = first in span and last in span
        assert (hour in used) == (within and (first + offset_ms) // width_ms == (last + offset_ms) // width_ms)


@given(hours=HOURS)
def test_runs_are_the_hours_without_a_gap(hours: int) -> None:
    found = list(runs(hours))
    assert [hour for run in found for hour in run] == bits(hours)
    assert all(run.stop < following.start for run, following in pairwise(found))


@given(data=st.data(), day=DAYS, hours=HOURS)
def test_hours_and_remainder_are_the_span_s_part_of_the_day(data: st.DataObject, day: int, hours: int) -> None:
    span = data.draw(spans(day))
    hours &= whole_hours(day, span, HOUR_MS, 0)
    start = day * DAY_MS
    low, high = max(start, span.start), min(start + DAY_MS, start + DAY_MS if span.end is None else span.end)
    parts: list[tuple[int, int | None]] = [(part.start, part.end) for part in remainder(day, span, hours)]
    parts += [(start + hour * HOUR_MS, start + (hour + 1) * HOUR_MS) for hour in bits(hours)]
    reached = low
    for part_start, part_end in sorted(parts):
        assert part_start == reached
        assert part_end is not None
        assert part_end > part_start
        reached = part_end
    assert reached == max(low, high)


@given(held=st.dictionaries(st.integers(0, 23), st.lists(VALUES, min_size=1, max_size=3)), covered=HOURS)
def test_a_day_is_read_as_it_was_kept(held: dict[int, list[bool | int | float | str]], covered: int) -> None:
    day = DayOfHours(covered, {hour: statistics(values) for hour, values in held.items()})
    assert repr(unpack(pack(day))) == repr(day)
