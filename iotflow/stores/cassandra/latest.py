"""The newest value of each name: by the device's pointers, and where their points are gone by searching back."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from iotflow.clock import Clock
from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import Micros, Millis, Span
from iotflow.parallel import in_parallel
from iotflow.stores.cassandra.catalogue import newest_times, stored_days
from iotflow.stores.cassandra.connection import Cassandra, Row
from iotflow.stores.cassandra.days import DAYS_PER_STATEMENT, day_of, timestamp
from iotflow.stores.cassandra.retention import expiry_of
from iotflow.stores.cassandra.values import value_of

PLACES_PER_STATEMENT = 2_000
"""Days times points that one statement looks for: each of the points is sought in each of the days."""

_COLUMNS = "name, to_unix_timestamp(time), value, writetime(value), ttl(value)"

_OF_DAYS = "FROM points WHERE device_id = ? AND day IN ?"

AT_TIMES = f"SELECT {_COLUMNS} {_OF_DAYS} AND (name, time) IN ?"
NEWEST_OF_DAYS = f"SELECT {_COLUMNS} {_OF_DAYS} AND name = ? PER PARTITION LIMIT 1"


async def read_latest(cassandra: Cassandra, device_id: int, clock: Clock) -> LatestValues:
    """The newest value of each name: two statements, unless newest points are gone or lie in very many days."""
    newest = await newest_times(cassandra, device_id)
    found = await in_parallel(
        partial(
            cassandra.execute,
            AT_TIMES,
            (device_id, sorted(set(map(day_of, some.values()))), [(name, timestamp(at)) for name, at in some.items()]),
        )
        for some in _in_statements(newest.times)
    )
    rows = {row[0]: row for rows in found for row in rows}
    if missing := newest.names - rows.keys():
        rows |= await _search(cassandra, device_id, missing)
    now = clock.now()
    return {name: _latest(row, now) for name, row in rows.items()}


def _in_statements(times: Mapping[str, Millis]) -> Iterator[dict[str, Millis]]:
    """The names in groups that one statement looks for; those of one day together."""
    some: dict[str, Millis] = {}
    days: set[int] = set()
    for name in sorted(times, key=lambda name: times[name]):
        day = day_of(times[name])
        if some and (len(some) + 1) * len(days | {day}) > PLACES_PER_STATEMENT:
            yield some
            some, days = {}, set()
        some[name] = times[name]
        days.add(day)
    if some:
        yield some


async def _search(cassandra: Cassandra, device_id: int, names: Collection[str]) -> dict[str, Row]:
    """The newest points of names, from the last day that may hold data backwards, at first in few days at a time."""
    days = await stored_days(cassandra, device_id, Span(Millis(0), None))
    days.reverse()
    rows: dict[str, Row] = {}
    missing, size = set(names), 1
    while days and missing:
        some, days = days[:size], days[size:]
        found = await in_parallel(
            partial(cassandra.execute, NEWEST_OF_DAYS, (device_id, some, name)) for name in sorted(missing)
        )
        rows |= {of_name[0][0]: max(of_name, key=lambda row: row[1]) for of_name in found if of_name}
        missing -= rows.keys()
        size = min(2 * size, DAYS_PER_STATEMENT)
    return rows


def _latest(row: Row, now: Millis) -> LatestValue:
    _, time, value, stamp, ttl = row
    received = Micros(stamp)
    return LatestValue(value_of(value), Millis(time), received, expiry_of(received, ttl, now))
