"""Newest values of a device's names, and the newest times of many devices.

The device's pointers give the newest time of each name. If the point at that time is gone, its name is searched
backwards by day.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra.catalogue import MAX_DAYS_WITHOUT_CATALOGUE, read_days, read_newest_pointers
from iotflow.stores.cassandra.driver import Row
from iotflow.stores.cassandra.encoding import (
    MAX_DAYS_PER_STATEMENT,
    bounds,
    day_of,
    days_within,
    decode_measured,
    expiry_of,
    timestamp,
)
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, Cassandra

MAX_LOOKUPS_PER_STATEMENT = 2_000
"""Days times points of one statement: Cassandra seeks each of the points in each of the days."""
MAX_DEVICES_PER_STATEMENT = 100
"""Devices share statements: a statement costs the driver more than a partition costs the store."""

_COLUMNS = "name, to_unix_timestamp(time), value, writetime(value), ttl(value)"
_FROM_DAYS = "FROM points WHERE device_id = ? AND day IN ?"

SELECT_AT_TIMES = f"SELECT {_COLUMNS} {_FROM_DAYS} AND (name, time) IN ?"
SELECT_NEWEST_OF_NAME = f"SELECT {_COLUMNS} {_FROM_DAYS} AND name = ? PER PARTITION LIMIT 1"
SELECT_DEVICE_POINTERS = """
    SELECT device_id, collection_max(map_values(newest)) FROM devices WHERE device_id IN ? PER PARTITION LIMIT 1"""
SELECT_NEWEST_RECORDS = """
    SELECT device_id, to_unix_timestamp(time) FROM records
    WHERE device_id IN ? AND day IN ? AND time >= ? AND time < ? PER PARTITION LIMIT 1"""


async def read_latest(cassandra: Cassandra, device_id: int, clock: Clock) -> LatestValues:
    """Return the newest value of each name.

    Takes two statements, unless newest points are gone or lie in many different days.
    """
    newest = await read_newest_pointers(cassandra, device_id)
    found = await gather_bounded(
        partial(
            cassandra.execute,
            SELECT_AT_TIMES,
            (device_id, sorted(set(map(day_of, some.values()))), [(name, timestamp(at)) for name, at in some.items()]),
        )
        for some in _split_by_statement(newest.times)
    )
    rows = {row[0]: row for rows in found for row in rows}
    if missing := newest.names - rows.keys():
        rows |= await _search_backwards(cassandra, device_id, missing)
    now = clock.now()
    return {name: _latest_value(row, now) for name, row in rows.items()}


async def read_newest_times(
    cassandra: Cassandra, device_ids: Sequence[int], time_range: TimeRange
) -> dict[int, Millis]:
    """Return for each device a time that none of its records within the range is later than.

    A device without records in the range may be missing.
    """
    if not days_within(time_range):
        return {}
    answers = await gather_bounded(
        partial(_read_newest_times, cassandra, device_ids[first : first + MAX_DEVICES_PER_STATEMENT], time_range)
        for first in range(0, len(device_ids), MAX_DEVICES_PER_STATEMENT)
    )
    return {device_id: time for answer in answers for device_id, time in answer.items()}


def _split_by_statement(times: Mapping[str, Millis]) -> Iterator[dict[str, Millis]]:
    """Yield the names in groups of one statement, names of the same day together."""
    some: dict[str, Millis] = {}
    days: set[int] = set()
    for name in sorted(times, key=lambda name: times[name]):
        day = day_of(times[name])
        if some and (len(some) + 1) * len(days | {day}) > MAX_LOOKUPS_PER_STATEMENT:
            yield some
            some, days = {}, set()
        some[name] = times[name]
        days.add(day)
    if some:
        yield some


async def _search_backwards(cassandra: Cassandra, device_id: int, names: Collection[str]) -> dict[str, Row]:
    """Return the newest points of names, searched from the last day with data, each round in twice as many days."""
    days = await read_days(cassandra, device_id, TimeRange(Millis(0), None))
    days.reverse()
    rows: dict[str, Row] = {}
    missing, size = set(names), 1
    while days and missing:
        some, days = days[:size], days[size:]
        found = await gather_bounded(
            partial(cassandra.execute, SELECT_NEWEST_OF_NAME, (device_id, some, name)) for name in sorted(missing)
        )
        rows |= {of_name[0][0]: max(of_name, key=lambda row: row[1]) for of_name in found if of_name}
        missing -= rows.keys()
        size = min(2 * size, MAX_DAYS_PER_STATEMENT)
    return rows


def _latest_value(row: Row, now: Millis) -> LatestValue:
    _, time, value, stamp, ttl = row
    received = Micros(stamp)
    return LatestValue(decode_measured(value), Millis(time), received, expiry_of(received, ttl, now))


async def _read_newest_times(
    cassandra: Cassandra, device_ids: Sequence[int], time_range: TimeRange
) -> dict[int, Millis]:
    start, end = bounds(time_range)
    pointers = await cassandra.execute(SELECT_DEVICE_POINTERS, [device_ids], timeout_s=SCAN_TIMEOUT_S)
    newest = {device_id: time for device_id, time in pointers if time is not None and time < end}
    if later := [device_id for device_id, _ in pointers if device_id not in newest]:
        newest |= await _read_newest_before_end(cassandra, later, time_range)
    return {device_id: time for device_id, time in newest.items() if time >= start}


async def _read_newest_before_end(
    cassandra: Cassandra, device_ids: Sequence[int], time_range: TimeRange
) -> Mapping[int, Millis]:
    """Return newest times of devices whose pointer lies after the range.

    That is the last row of the range's last days, or the time just before these days.
    """
    start, end = bounds(time_range)
    days = days_within(time_range)[-MAX_DAYS_WITHOUT_CATALOGUE:]
    between = (timestamp(max(start, days[0] * DAY_MS)), timestamp(end))
    newest = dict.fromkeys(device_ids, Millis(days[0] * DAY_MS - 1))
    rows = await cassandra.execute(SELECT_NEWEST_RECORDS, (device_ids, list(days), *between), timeout_s=SCAN_TIMEOUT_S)
    for device_id, time in rows:
        newest[device_id] = max(time, newest[device_id])
    return newest
