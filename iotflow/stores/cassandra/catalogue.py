"""What a device has: names, days with data, and the newest time of each name."""

from collections.abc import Mapping
from dataclasses import dataclass

from iotflow.domain.times import Millis, Span
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.days import days_within

FEW_DAYS = 3
"""Days that are read without asking the catalogue which of them hold data."""

NAMES = "SELECT names FROM devices WHERE device_id = ?"
DAYS = "SELECT days[?..?] FROM devices WHERE device_id = ?"
DAYS_OF_NAME = "SELECT days[?..?], names[?] FROM devices WHERE device_id = ?"
NEWEST = "SELECT newest, names FROM devices WHERE device_id = ?"


@dataclass(frozen=True, slots=True)
class Newest:
    """The names that may have values; and for most of them the newest time, whose point may be gone."""

    names: frozenset[str]
    times: Mapping[str, Millis]


async def stored_names(cassandra: Cassandra, device_id: int) -> frozenset[str]:
    """Every name of which the device has values."""
    return frozenset().union(*[names or () for (names,) in await cassandra.execute(NAMES, [device_id])])


async def stored_days(cassandra: Cassandra, device_id: int, span: Span) -> list[int]:
    """The days within the span that may hold data, in order."""
    days = days_within(span)
    if len(days) <= FEW_DAYS:
        return list(days)
    rows = await cassandra.execute(DAYS, [days[0], days[-1], device_id])
    return sorted(frozenset().union(*[found or () for (found,) in rows]))


async def stored_days_of_name(cassandra: Cassandra, device_id: int, name: str, span: Span) -> list[int]:
    """The days within the span that may hold data, in order; none where the device has no such name."""
    days = days_within(span)
    if not days:
        return []
    rows = await cassandra.execute(DAYS_OF_NAME, [days[0], days[-1], name, device_id])
    if all(of_name is None for _, of_name in rows):
        return []
    return sorted(frozenset().union(*[found or () for found, _ in rows]))


async def newest_times(cassandra: Cassandra, device_id: int) -> Newest:
    """The names, with the newest time of each by event time."""
    rows = await cassandra.execute(NEWEST, [device_id])
    names = frozenset().union(*[names or () for _, names in rows])
    times = rows[0][0] or {} if rows else {}
    return Newest(names, {name: times[name] for name in names & times.keys()})
