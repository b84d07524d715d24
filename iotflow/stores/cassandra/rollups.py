"""Hourly roll-ups: statistics of closed hours, made when they are first asked for and kept in `hourly_rollups`.

The hours of a name's day are one cell, in a partition with the key of the day's points: a write or a deletion removes
it in the mutation that changes the points.

No roll-up outlasts a change of its hour that its read may have missed. Such a change arrived after the read began, so
it was stamped no earlier than then, less the deadline of changes and what clocks may differ by. The roll-up is stamped
with exactly that time, and at equal stamps a deletion wins: it is hidden, whichever of the two comes first. Nor does it
outlast its first point. An hour is rolled up once it is closed: by then all that was stamped before its end has
arrived, and what is stamped later removes roll-ups.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.telemetry import Record
from iotflow.domain.times import DAY_MS, Micros, Millis
from iotflow.stores.cassandra.connection import POINT_TIMEOUT_S, SCAN_TIMEOUT_S, STORE, Cassandra, Statement
from iotflow.stores.cassandra.days import grouped, timestamp
from iotflow.stores.cassandra.hours import HOUR_MS, NO_HOURS, DayOfHours, Hours, pack, unpack
from iotflow.stores.cassandra.parallel import in_parallel
from iotflow.stores.cassandra.statistics import Statistics
from iotflow.stores.cassandra.values import value_of

CLOCK_TOLERANCE_S = 10.0
"""What the clocks of the service's machines may differ by, and those of Cassandra's nodes."""
UNSEEN_US = round((POINT_TIMEOUT_S + CLOCK_TOLERANCE_S) * 1_000_000)
"""A change that a read may have missed was stamped no longer than this before the read began."""
TTL_MARGIN_S = round(SCAN_TIMEOUT_S + CLOCK_TOLERANCE_S + 1)
"""By how much a TTL may have fallen between its read and the write of a roll-up, as another node's clock has it."""

DAYS_PER_STATEMENT = 122
"""Cells that one statement reads, one row of each partition."""
DAYS_ROLLED_UP_AT_ONCE = 4
"""By one statement. Of values that come every second these are a third of a million."""

READ = "SELECT day, hours, ttl(hours) FROM hourly_rollups WHERE device_id = ? AND day IN ? AND name = ?"
KEEP = """
    UPDATE hourly_rollups USING TIMESTAMP ? AND TTL ? SET hours = ? WHERE device_id = ? AND day = ? AND name = ?"""
INVALIDATE_NAMES = "DELETE FROM hourly_rollups USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND name IN ?"
INVALIDATE_DAY = "DELETE FROM hourly_rollups USING TIMESTAMP ? WHERE device_id = ? AND day = ?"

# The value by itself is that of a group's first row, and rows come newest first.
ROLL_UP = """
    SELECT day, to_unix_timestamp(floor(time, 1h)), to_unix_timestamp(min(time)), min(ttl(value)), count(value), value,
    count(value.i), count(value.f), sum(cast(value.i AS double)), sum(value.f),
    min(value.i), min(value.f), max(value.i), max(value.f)
    FROM points WHERE device_id = ? AND day IN ? AND name = ? AND time >= ? AND time < ?
    GROUP BY device_id, day, name, floor(time, 1h)"""
FIRST_VALUES = """
    SELECT to_unix_timestamp(time), value FROM points WHERE device_id = ? AND day IN ? AND name = ? AND time IN ?"""


def closed_until(now: Micros) -> Millis:
    """The end of the last hour that is closed."""
    return Millis((now - UNSEEN_US) // 1_000 // HOUR_MS * HOUR_MS)


def invalidation_by_write(device_id: int, day: int, records: Iterable[Record], now: Micros) -> list[Statement]:
    """What goes out in one batch with records of a day; `now` is when it does."""
    late = {name for record in records if _hour_has_ended(record.timestamp, now) for name in record.values}
    return [(INVALIDATE_NAMES, (now, device_id, day, sorted(late)))] if late else []


def invalidation_by_deletion(device_id: int, day: int, now: Micros) -> Statement:
    """What goes out in one batch with a deletion in a day; `now` is when it does."""
    return INVALIDATE_DAY, (now, device_id, day)


def _hour_has_ended(time: Millis, now: Micros) -> bool:
    return (time // HOUR_MS + 1) * HOUR_MS * 1_000 <= now


@dataclass(frozen=True, slots=True)
class _Kept:
    """A day's hours; `ttl_s` None is for ever."""

    hours: DayOfHours
    ttl_s: int | None


_NOTHING = _Kept(DayOfHours(NO_HOURS, {}), None)


class Rollups:
    """The hours of one name of a device, for a read that began at a given time."""

    def __init__(self, cassandra: Cassandra, device_id: int, name: str, retention_days: int, began: Micros) -> None:
        self._cassandra = cassandra
        self._device_id = device_id
        self._name = name
        self._retention_days = retention_days
        self._stamp = began - UNSEEN_US

    async def read(self, wanted: Mapping[int, Hours]) -> dict[int, Mapping[int, Statistics]]:
        """By day and hour, in order, the statistics of the wanted hours that have values; perhaps of others too.

        All of them must be closed. What is not kept is made and kept. Raises StoreUnavailable when that takes too long:
        what was made by then is kept.
        """
        try:
            async with asyncio.timeout(SCAN_TIMEOUT_S):
                return await self._read(wanted)
        except TimeoutError as error:
            raise StoreUnavailable(STORE, f"not all hours were rolled up within {SCAN_TIMEOUT_S} s") from error

    async def _read(self, wanted: Mapping[int, Hours]) -> dict[int, Mapping[int, Statistics]]:
        kept = await self._kept(list(wanted))
        missing = {
            day: lacking
            for day, hours in wanted.items()
            if (lacking := hours & ~kept.get(day, _NOTHING).hours.covered) != NO_HOURS
        }
        made = await in_parallel(
            partial(self._made, {day: missing[day] for day in days}, kept)
            for days in grouped(list(missing), DAYS_ROLLED_UP_AT_ONCE)
        )
        found = {day: cell.hours for day, cell in kept.items()}
        for days in made:
            found |= days
        return {day: hours.statistics for day, hours in found.items()}

    async def _kept(self, days: Sequence[int]) -> dict[int, _Kept]:
        found = await in_parallel(
            partial(self._cassandra.execute, READ, (self._device_id, some, self._name), timeout_s=SCAN_TIMEOUT_S)
            for some in grouped(days, DAYS_PER_STATEMENT)
        )
        return {day: _Kept(unpack(hours), ttl) for rows in found for day, hours, ttl in rows}

    async def _made(self, missing: Mapping[int, Hours], kept: Mapping[int, _Kept]) -> dict[int, DayOfHours]:
        """A few days with hours that were missing, kept from now on."""
        rows = await self._rolled_up(missing)
        made: dict[int, DayOfHours] = {}
        for day, hours in missing.items():
            earlier = kept.get(day, _NOTHING)
            statistics, ttls = dict(earlier.hours.statistics), [earlier.ttl_s]
            for hour, (of_hour, ttl) in rows.get(day, {}).items():
                if hours >> hour & 1:
                    statistics[hour] = of_hour
                    ttls.append(ttl)
            in_order = {hour: statistics[hour] for hour in sorted(statistics)}
            made[day] = DayOfHours(earlier.hours.covered | hours, in_order)
            await self._keep(day, _Kept(made[day], min((ttl for ttl in ttls if ttl is not None), default=None)))
        return made

    async def _rolled_up(self, missing: Mapping[int, Hours]) -> dict[int, dict[int, tuple[Statistics, int | None]]]:
        """By day and hour, statistics of the points and their least TTL; of more hours than are missing."""
        days = list(missing)
        first, last = missing[days[0]], missing[days[-1]]
        start = days[0] * DAY_MS + ((first & -first).bit_length() - 1) * HOUR_MS
        end = days[-1] * DAY_MS + last.bit_length() * HOUR_MS
        key = (self._device_id, days, self._name)
        values = (*key, timestamp(start), timestamp(end))
        rows = [row async for page in self._cassandra.pages(ROLL_UP, values) for row in page]
        firsts: dict[int, Mapping[str, object]] = {}
        if rows:
            times = [timestamp(row[2]) for row in rows]
            firsts |= await self._cassandra.execute(FIRST_VALUES, (*key, times), timeout_s=SCAN_TIMEOUT_S)
        found: dict[int, dict[int, tuple[Statistics, int | None]]] = {}
        for day, time, first, ttl, *of_hour in rows:
            hour = (time - day * DAY_MS) // HOUR_MS
            found.setdefault(day, {})[hour] = _statistics(firsts.get(first), of_hour), ttl
        return found

    async def _keep(self, day: int, kept: _Kept) -> None:
        """Keep a day's hours for as long as all their values, or where there are none, as long as values are kept."""
        ttl_s = self._retention_days * 86_400 if kept.ttl_s is None else kept.ttl_s - TTL_MARGIN_S
        if kept.ttl_s is not None and ttl_s <= 0:
            return
        values = (self._stamp, ttl_s, pack(kept.hours), self._device_id, day, self._name)
        with contextlib.suppress(StoreUnavailable):  # the answer does not depend on it
            await self._cassandra.execute(KEEP, values)


def _statistics(first: Mapping[str, object] | None, of_hour: Sequence[Any]) -> Statistics:  # Any: a row's columns
    count, last, integers, decimals, of_integers, of_decimals, *extremes = of_hour
    least_integer, least_decimal, greatest_integer, greatest_decimal = extremes
    return Statistics(
        count=count,
        # Where the hour's first value went between two statements, so will this.
        first=value_of(last if first is None else first),
        last=value_of(last),
        numbers=integers + decimals,
        total=of_integers + of_decimals,
        least=min((value for value in (least_integer, least_decimal) if value is not None), default=None),
        greatest=max((value for value in (greatest_integer, greatest_decimal) if value is not None), default=None),
    )
