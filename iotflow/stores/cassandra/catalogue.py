"""The catalogue of a device: its names, its days with data, and the newest time of each name."""

from collections.abc import Mapping
from dataclasses import dataclass

from iotflow.domain.times import Millis, TimeRange
from iotflow.stores.cassandra.encoding import days_within
from iotflow.stores.cassandra.session import Cassandra

MAX_DAYS_WITHOUT_CATALOGUE = 3
"""Ranges of at most this number of days are read without looking up which of them hold data."""

SELECT_NAMES = "SELECT names FROM devices WHERE device_id = ?"
SELECT_DAYS = "SELECT days[?..?] FROM devices WHERE device_id = ?"
SELECT_DAYS_AND_NAME = "SELECT days[?..?], names[?] FROM devices WHERE device_id = ?"
SELECT_POINTERS = "SELECT newest, names FROM devices WHERE device_id = ?"


@dataclass(frozen=True, slots=True)
class NewestPointers:
    """The names that may have values, and the newest time of most of them. The point at that time may be gone."""

    names: frozenset[str]
    times: Mapping[str, Millis]


async def read_names(cassandra: Cassandra, device_id: int) -> frozenset[str]:
    """Return every name of which the device has values."""
    return frozenset().union(*[names or () for (names,) in await cassandra.execute(SELECT_NAMES, [device_id])])


async def read_days(cassandra: Cassandra, device_id: int, time_range: TimeRange) -> list[int]:
    """Return the days within the range that may hold data, in order."""
    days = days_within(time_range)
    if len(days) <= MAX_DAYS_WITHOUT_CATALOGUE:
        return list(days)
    rows = await cassandra.execute(SELECT_DAYS, [days[0], days[-1], device_id])
    return sorted(frozenset().union(*[found or () for (found,) in rows]))


async def read_days_of_name(cassandra: Cassandra, device_id: int, name: str, time_range: TimeRange) -> list[int]:
    """Return the days within the range that may hold data, in order; none if the device has no such name."""
    days = days_within(time_range)
    if not days:
        return []
    rows = await cassandra.execute(SELECT_DAYS_AND_NAME, [days[0], days[-1], name, device_id])
    if all(of_name is None for _, of_name in rows):
        return []
    return sorted(frozenset().union(*[found or () for found, _ in rows]))


async def read_newest_pointers(cassandra: Cassandra, device_id: int) -> NewestPointers:
    """Return the device's names and the newest time of each, by event time."""
    rows = await cassandra.execute(SELECT_POINTERS, [device_id])
    names = frozenset().union(*[names or () for _, names in rows])
    times = rows[0][0] or {} if rows else {}
    return NewestPointers(names, {name: times[name] for name in names & times.keys()})
