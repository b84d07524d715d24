"""The values of one name, read from the rows of a device's records."""

import math
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from iotflow.concurrency.time_slices import TimeSlice
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.cassandra.driver import Row
from iotflow.stores.cassandra.encoding import bounds, day_of
from iotflow.stores.cassandra.rows import (
    COLUMNS_WITH_TTL,
    MEASUREMENTS,
    RECEIVED,
    SCHEMA_ID,
    TIME,
    rows_with_measurements,
    ttl_of,
)
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.record_encoding import RecordSchema, decode_measurements

_FROM_RANGE = "FROM telemetry_records WHERE device_id = ? AND day IN ? AND time >= ? AND time < ?"
SELECT_VALUES = f"SELECT {COLUMNS_WITH_TTL} {_FROM_RANGE}"


class Point(NamedTuple):
    """A value, and the time in seconds until it, or one that it has replaced, expires; infinite for never."""

    time: Millis
    value: Value
    received: Micros
    ttl_s: float


async def read_points(
    cassandra: Cassandra,
    device_id: int,
    days: Sequence[int],
    time_range: TimeRange,
    schemas: Mapping[int, RecordSchema],
    name: str,
) -> AsyncIterator[Sequence[Point]]:
    """Yield the values of a name within these days and the range; of several at one time the one received last.

    Each sequence has values of one day in order of time; sequences come in any order and do not overlap.
    """
    positions = {schema_id: schema.positions[name] for schema_id, schema in schemas.items()}
    held: list[Point] = []
    time_slice = TimeSlice()
    async for page in cassandra.pages(SELECT_VALUES, (device_id, days, *bounds(time_range))):
        points = held
        async for chunk in rows_with_measurements(cassandra, device_id, page, schemas):
            points += [_point(row, positions[row[SCHEMA_ID]]) for row in chunk]
        points, held = (points, []) if len(schemas) == 1 else _split_off_last_time(points)
        for points_of_day in _by_day(points):
            yield points_of_day
        await time_slice.pause()
    for points_of_day in _by_day(held):
        yield points_of_day


def _point(row: Row, position: int) -> Point:
    value = decode_measurements(row[MEASUREMENTS])[position]
    return Point(row[TIME], value, row[RECEIVED], ttl_of(row))


def _split_off_last_time(points: list[Point]) -> tuple[list[Point], list[Point]]:
    """Split points into those before the last time, and those of it: the next page may have more of them."""
    first = len(points)
    while first and points[first - 1].time == points[-1].time:
        first -= 1
    return points[:first], points[first:]


def _by_day(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Yield the points of each day in order of time. Rows come newest first, those of one time together."""
    for _, of_day in groupby(points, key=lambda point: day_of(point.time)):
        newest_first: list[Point] = []
        for point in of_day:
            if newest_first and newest_first[-1].time == point.time:
                newest_first[-1] = _received_last(newest_first[-1], point)
            else:
                newest_first.append(point)
        newest_first.reverse()
        yield newest_first


def _received_last(one: Point, other: Point) -> Point:
    last = one if one.received > other.received else other
    return last._replace(ttl_s=min(one.ttl_s, other.ttl_s))


def least_ttl_s(points: Sequence[Point]) -> int | None:
    """Return the time in seconds until the first of these points expires; None if none does."""
    least = min((point.ttl_s for point in points), default=math.inf)
    return None if least == math.inf else int(least)
