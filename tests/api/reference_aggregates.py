"""A simple reference implementation of aggregates, to compare answers with."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

Value = bool | int | float | str
Window = tuple[str, Value, int]
"""The start, the value, and the number of values used."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def text(moment: datetime) -> str:
    """Format a time as the API does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def width(window: str) -> timedelta:
    return int(window[:-1]) * UNITS[window[-1]]


def calculated(points: Sequence[tuple[datetime, Value]], aggregation: str, window: str, zone: ZoneInfo) -> list[Window]:
    size = width(window)
    windows: dict[str, list[Value]] = {}
    for moment, value in points:
        if aggregation in ("mean", "sum", "min", "max") and isinstance(value, bool | str):
            continue
        windows.setdefault(text(window_start(moment, size, zone)), []).append(value)
    return [(begin, statistic(aggregation, values), len(values)) for begin, values in sorted(windows.items())]


def window_start(moment: datetime, size: timedelta, zone: ZoneInfo) -> datetime:
    if size % timedelta(days=1):
        return EPOCH + (moment - EPOCH) // size * size
    days = (moment.astimezone(zone).date() - EPOCH.date()).days // size.days * size.days
    first = EPOCH.date() + timedelta(days=days)
    # The first minute of the local day: midnight, unless a clock change skips it.
    start = datetime.combine(first, time(), zone).astimezone(UTC) - timedelta(hours=3)
    while start.astimezone(zone).date() < first:
        start += timedelta(minutes=1)
    return max(start, EPOCH)


def statistic(aggregation: str, values: Sequence[Value]) -> Value:
    if aggregation == "count":
        return len(values)
    if aggregation in ("first", "last"):
        return values[0 if aggregation == "first" else -1]
    numbers = [value for value in values if not isinstance(value, str)]
    if aggregation in ("min", "max"):
        return min(numbers) if aggregation == "min" else max(numbers)
    total = math.fsum(numbers)
    return total if aggregation == "sum" else total / len(numbers)


def agrees(found: list[Window], expected: list[Window], aggregation: str, largest: float) -> bool:
    """Return whether an answer is right; sums and means may have the error that the contract allows."""
    if aggregation not in ("mean", "sum"):
        return [(*window, type(window[1])) for window in found] == [(*window, type(window[1])) for window in expected]
    if [window[::2] for window in found] != [window[::2] for window in expected]:
        return False
    return all(
        isinstance(value, float)
        and abs(value - float(right)) <= 1e-12 * largest * (count if aggregation == "sum" else 1)
        for (_, value, count), (_, right, _) in zip(found, expected, strict=True)
    )
