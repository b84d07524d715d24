"""Hours of a UTC day: which of them answer for windows, and how their statistics are kept in one cell."""

from collections.abc import Iterator, Mapping

import msgspec

from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.stores.cassandra.statistics import Statistics

HOUR_MS = 3_600_000
HOURS_PER_DAY = DAY_MS // HOUR_MS

Hours = int
"""Hours of a day as bits: the lowest is its first."""

NO_HOURS: Hours = 0


def whole_hours(day: int, span: Span, width_ms: int, offset_ms: int) -> Hours:
    """The hours of a day that lie whole within a span and within one of its windows; days count from the epoch.

    A window begins wherever `time + offset_ms` is a multiple of `width_ms`.
    """
    start = day * DAY_MS
    end = start + DAY_MS if span.end is None else min(start + DAY_MS, span.end)
    first = max(0, -((start - span.start) // HOUR_MS))
    last = (end - start) // HOUR_MS
    if first >= last:
        return NO_HOURS
    hours = (1 << last) - (1 << first)
    boundary = -(-(start + offset_ms) // width_ms) * width_ms - offset_ms
    while boundary < end:
        hour, into_it = divmod(boundary - start, HOUR_MS)
        if into_it:
            hours &= ~(1 << hour)
        boundary += width_ms
    return hours


def runs(hours: Hours) -> Iterator[range]:
    """The hours as ranges of neighbours, in order."""
    first = 0
    while hours >> first:
        first += ((hours >> first) & -(hours >> first)).bit_length() - 1
        rest = ~(hours >> first)
        length = (rest & -rest).bit_length() - 1
        yield range(first, first + length)
        first += length


def remainder(day: int, span: Span, hours: Hours) -> Iterator[Span]:
    """What of the day lies within the span and in none of the hours, in order."""
    start = day * DAY_MS
    reached = max(start, span.start)
    end = start + DAY_MS if span.end is None else min(start + DAY_MS, span.end)
    for run in runs(hours):
        run_start = start + run.start * HOUR_MS
        if reached < run_start:
            yield Span(Millis(reached), Millis(run_start))
        reached = start + run.stop * HOUR_MS
    if reached < end:
        yield Span(Millis(reached), Millis(end))


class DayOfHours(msgspec.Struct, frozen=True, array_like=True):
    """The roll-ups of one name's hours in one day. An hour that is covered and has no statistics has no values."""

    covered: Hours
    statistics: Mapping[int, Statistics]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DayOfHours)


def pack(day: DayOfHours) -> bytes:
    """As it is stored."""
    return _encoder.encode(day)


def unpack(cell: bytes) -> DayOfHours:
    """What `pack` was given."""
    return _decoder.decode(cell)
