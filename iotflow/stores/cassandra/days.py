"""How times lie in partitions: one a device and day of UTC."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from iotflow.domain.times import DAY_MS, LATEST_MS, Millis, Span

DAYS_PER_STATEMENT = 32
"""Partitions that one statement reads: more would occupy its coordinator for long."""


def day_of(time: Millis) -> int:
    """The day that a time lies in, counted from the epoch."""
    return time // DAY_MS


def day_span(day: int) -> Span:
    """The times of a day."""
    return Span(Millis(day * DAY_MS), Millis((day + 1) * DAY_MS))


def bounds(span: Span) -> tuple[Millis, Millis]:
    """A span's start and end, the latter after the last time there is where it is open."""
    return span.start, Millis(LATEST_MS + 1) if span.end is None else span.end


def days_within(span: Span) -> range:
    """The days that a span touches."""
    start, end = bounds(span)
    return range(day_of(start), day_of(Millis(end - 1)) + 1) if start < end else range(0)


def grouped(days: Sequence[int], size: int = DAYS_PER_STATEMENT) -> Iterator[Sequence[int]]:
    """The days in groups that one statement reads."""
    for first in range(0, len(days), size):
        yield days[first : first + size]


def timestamp(time: int) -> Decimal:
    """Milliseconds as the driver takes them for a timestamp: seconds, and exact ones."""
    return Decimal(time) / 1_000
