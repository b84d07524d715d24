"""A simple reference implementation of aggregates, to compare answers with."""

import math
import statistics
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

Value = bool | int | float | str
Window = tuple[str, Value, int]
"""The start, the value, and the number of values used."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
CALENDAR = ("1w", "1mo", "3mo", "1y")


def text(moment: datetime) -> str:
    """Format a time as the API does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def width(window: str) -> timedelta:
    return int(window[:-1]) * UNITS[window[-1]]


def calculated(points: Sequence[tuple[datetime, Value]], aggregation: str, window: str, zone: ZoneInfo) -> list[Window]:
    windows: dict[str, list[Value]] = {}
    for moment, value in points:
        if aggregation not in ("count", "first", "last") and isinstance(value, bool | str):
            continue
        windows.setdefault(text(window_start(moment, window, zone)), []).append(value)
    answer: list[Window] = []
    before: list[Value] = []
    for begin, values in sorted(windows.items()):
        value = increase(before, values) if aggregation == "increase" else statistic(aggregation, values)
        answer.append((begin, value, len(values)))
        before = values[-1:]
    return answer


def window_start(moment: datetime, window: str, zone: ZoneInfo) -> datetime:
    if window not in CALENDAR and width(window) % timedelta(days=1):
        return EPOCH + (moment - EPOCH) // width(window) * width(window)
    first = first_date(moment.astimezone(zone).date(), window)
    # The first minute of the local day: midnight, unless a clock change skips it.
    start = datetime.combine(first, time(), zone).astimezone(UTC) - timedelta(hours=3)
    while start.astimezone(zone).date() < first:
        start += timedelta(minutes=1)
    return max(start, EPOCH)


def first_date(day: date, window: str) -> date:
    """Return the first local date of the window that contains one."""
    match window:
        case "1w":
            return day - timedelta(days=day.weekday())
        case "1mo":
            return day.replace(day=1)
        case "3mo":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "1y":
            return day.replace(month=1, day=1)
    days = width(window).days
    return EPOCH.date() + timedelta(days=(day - EPOCH.date()).days // days * days)


def increase(before: Sequence[Value], values: Sequence[Value]) -> int | float:
    """Return the increase of a window's numbers, where `before` has the last number before it, if there is one."""
    numbers = [value for value in (*before, *values) if not isinstance(value, str)]
    if any(isinstance(number, float) for number in numbers):
        return math.fsum(risen(float(earlier), float(later)) for earlier, later in pairwise(numbers))
    total = sum(risen(earlier, later) for earlier, later in pairwise(numbers))
    return total if -(2**63) <= total < 2**63 else float(total)


def risen(earlier: float, later: float) -> float:
    return later - earlier if later >= earlier else later


def statistic(aggregation: str, values: Sequence[Value]) -> Value:
    if aggregation == "count":
        return len(values)
    if aggregation in ("first", "last"):
        return values[0 if aggregation == "first" else -1]
    numbers = [value for value in values if not isinstance(value, str)]
    if aggregation in ("min", "max"):
        return min(numbers) if aggregation == "min" else max(numbers)
    if aggregation == "stddev":
        return float(statistics.pstdev(map(Fraction, map(float, numbers))))
    total = math.fsum(numbers)
    return total if aggregation == "sum" else total / len(numbers)


def agrees(found: list[Window], expected: list[Window], aggregation: str, largest: float) -> bool:
    """Return whether an answer is right; sums and what is made of them may have the error that the contract allows."""
    if aggregation not in ("mean", "sum", "stddev", "increase"):
        return [(*window, type(window[1])) for window in found] == [(*window, type(window[1])) for window in expected]
    if [window[::2] for window in found] != [window[::2] for window in expected]:
        return False
    return all(
        type(value) is type(right)
        and not isinstance(value, str)
        and not isinstance(right, str)
        and abs(value - right) <= 1e-12 * largest * (1 if aggregation in ("mean", "stddev") else count)
        for (_, value, count), (_, right, _) in zip(found, expected, strict=True)
    )
