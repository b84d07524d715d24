"""Storage of hourly roll-ups in `hourly_rollups`: they are computed when they are first needed, then stored.

The hours of a name's day are one cell, in a partition with the key of the day's records. A write or a deletion removes
the cell in the same mutation that changes the records.

Invariant: no stored roll-up is visible after a change of its hour that its read may have missed.

Why:
- A change that a read misses arrived after the read began. It was stamped no earlier than the read began, less the
  deadline of changes and the tolerance between clocks: `STAMP_MARGIN_US`.
- The roll-up is stamped with exactly that time. At equal stamps Cassandra lets the deletion win, so the change's
  invalidation hides the roll-up, in whatever order the two arrive.
- An hour is rolled up only once it is closed, `STAMP_MARGIN_US` after its end: all that was stamped before its end has
  arrived by then, and all that is stamped later invalidates.
- A cell's TTL is shorter than that of each of its records, so it never outlives them.

Broken by:
- stamping a roll-up with the time at which it is written,
- a change that is sent outside of its invalidation's mutation, or later than its deadline after it was stamped,
- clocks that differ by more than `CLOCK_TOLERANCE_S`,
- a write that was never acknowledged and is delivered later by a hint (docs/adr/0009-hourly-roll-ups.md).
"""

import asyncio
import contextlib
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import cast

from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.partial_statistics import Number
from iotflow.domain.telemetry import Record
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra.driver import STORE_NAME, Statement
from iotflow.stores.cassandra.encoding import chunked
from iotflow.stores.cassandra.points import Point, least_ttl_s, read_points
from iotflow.stores.cassandra.rollups.cell import (
    HOUR_MS,
    HOURS_PER_DAY,
    NO_HOURS,
    Hours,
    RollupCell,
    RollupStatistics,
    pack,
    unpack,
)
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, SHORT_TIMEOUT_S, Cassandra
from iotflow.stores.record_encoding import RecordSchema
from iotflow.stores.window_statistics import used_values

CLOCK_TOLERANCE_S = 10.0
"""Tolerated difference between the clocks of the service's machines and of Cassandra's nodes."""
STAMP_MARGIN_US = round((SHORT_TIMEOUT_S + CLOCK_TOLERANCE_S) * 1_000_000)
"""The most by which the stamp of a change that a read missed may precede the begin of the read."""
TTL_MARGIN_S = round(SCAN_TIMEOUT_S + CLOCK_TOLERANCE_S + 1)
"""The most by which a TTL may fall between its read and the write of the roll-up, by another node's clock."""

MAX_CELLS_PER_STATEMENT = 122
"""A statement reads one row in each of this number of partitions."""
MAX_DAYS_PER_COMPUTATION = 4
"""Days that one statement rolls up. With a record a second these are a third of a million records."""

SELECT_CELLS = "SELECT day, hours, ttl(hours) FROM hourly_rollups WHERE device_id = ? AND day IN ? AND name = ?"
STORE_CELL = """
    UPDATE hourly_rollups USING TIMESTAMP ? AND TTL ? SET hours = ? WHERE device_id = ? AND day = ? AND name = ?"""
INVALIDATE_NAMES = "DELETE FROM hourly_rollups USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND name IN ?"
INVALIDATE_DAY = "DELETE FROM hourly_rollups USING TIMESTAMP ? WHERE device_id = ? AND day = ?"

_HourRollup = tuple[RollupStatistics, int | None]
"""Statistics of an hour and the least TTL of its records; None if none of them expires."""


def closed_until(now: Micros) -> Millis:
    """Return the end of the last closed hour."""
    return Millis((now - STAMP_MARGIN_US) // 1_000 // HOUR_MS * HOUR_MS)


def rollup_invalidation_for_write(device_id: int, day: int, records: Iterable[Record], now: Micros) -> list[Statement]:
    """Return the statements to send in one batch with records of a day; `now` is the time of sending."""
    late = {name for record in records if _hour_has_ended(record.timestamp, now) for name in record.values}
    return [(INVALIDATE_NAMES, (now, device_id, day, sorted(late)))] if late else []


def rollup_invalidation_for_delete(device_id: int, day: int, now: Micros) -> Statement:
    """Return the statement to send in one batch with a deletion in a day; `now` is the time of sending."""
    return INVALIDATE_DAY, (now, device_id, day)


def _hour_has_ended(time: Millis, now: Micros) -> bool:
    return (time // HOUR_MS + 1) * HOUR_MS * 1_000 <= now


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _StoredCell:
    """A cell and the least TTL of its parts; None if it never expires."""

    cell: RollupCell
    ttl_s: int | None


_EMPTY = _StoredCell(RollupCell(NO_HOURS, {}), None)


class Rollups:
    """The roll-ups of one name of a device, for a read that began at `began`."""

    def __init__(
        self,
        cassandra: Cassandra,
        device_id: int,
        name: str,
        schemas: Mapping[int, RecordSchema],
        retention_days: int,
        began: Micros,
    ) -> None:
        """Create roll-ups of a name that all of these schemas have, and no others of the device."""
        self._cassandra = cassandra
        self._device_id = device_id
        self._name = name
        self._schemas = schemas
        self._retention_days = retention_days
        self._stamp = began - STAMP_MARGIN_US

    async def read(self, wanted: Mapping[int, Hours]) -> dict[int, Mapping[int, RollupStatistics]]:
        """Return, by day and hour in order, the statistics of the wanted hours that have values; maybe of others too.

        All wanted hours must be closed. Missing ones are computed and stored. Raises StoreUnavailable if that exceeds
        the deadline; the hours computed by then stay stored.
        """
        try:
            async with asyncio.timeout(SCAN_TIMEOUT_S):
                return await self._read(wanted)
        except TimeoutError as error:
            raise StoreUnavailable(STORE_NAME, f"not all hours were rolled up within {SCAN_TIMEOUT_S} s") from error

    async def _read(self, wanted: Mapping[int, Hours]) -> dict[int, Mapping[int, RollupStatistics]]:
        stored = await self._read_cells(list(wanted))
        missing = {
            day: lacking for day, hours in wanted.items() if (lacking := hours - stored.get(day, _EMPTY).cell.covered)
        }
        computed = await gather_bounded(
            partial(self._compute_and_store, {day: missing[day] for day in days}, stored)
            for days in chunked(list(missing), MAX_DAYS_PER_COMPUTATION)
        )
        cells = {day: found.cell for day, found in stored.items()}
        for days in computed:
            cells |= days
        return {day: cell.statistics for day, cell in cells.items()}

    async def _read_cells(self, days: Sequence[int]) -> dict[int, _StoredCell]:
        found = await gather_bounded(
            partial(
                self._cassandra.execute, SELECT_CELLS, (self._device_id, some, self._name), timeout_s=SCAN_TIMEOUT_S
            )
            for some in chunked(days, MAX_CELLS_PER_STATEMENT)
        )
        return {day: _StoredCell(unpack(hours), ttl) for rows in found for day, hours, ttl in rows}

    async def _compute_and_store(
        self, missing: Mapping[int, Hours], stored: Mapping[int, _StoredCell]
    ) -> dict[int, RollupCell]:
        """Complete the cells of a few days by their missing hours."""
        rows = await self._compute(missing)
        completed: dict[int, _StoredCell] = {}
        for day, hours in missing.items():
            earlier = stored.get(day, _EMPTY)
            statistics, ttls = dict(earlier.cell.statistics), [earlier.ttl_s]
            for hour, (of_hour, ttl) in rows.get(day, {}).items():
                if hour in hours:
                    statistics[hour] = of_hour
                    ttls.append(ttl)
            in_order = {hour: statistics[hour] for hour in sorted(statistics)}
            cell = RollupCell(earlier.cell.covered | hours, in_order)
            completed[day] = _StoredCell(cell, min((ttl for ttl in ttls if ttl is not None), default=None))
        await gather_bounded(partial(self._store, day, cell) for day, cell in completed.items())
        logger.debug("roll-ups: computed and stored; days=%d", len(completed))
        return {day: found.cell for day, found in completed.items()}

    async def _compute(self, missing: Mapping[int, Hours]) -> dict[int, dict[int, _HourRollup]]:
        """Return roll-ups by day and hour, computed from the records; of more hours than are missing."""
        days = list(missing)
        start = days[0] * DAY_MS + min(missing[days[0]]) * HOUR_MS
        end = days[-1] * DAY_MS + (max(missing[days[-1]]) + 1) * HOUR_MS
        time_range = TimeRange(Millis(start), Millis(end))
        hours: defaultdict[int, list[Point]] = defaultdict(list)
        read = read_points(self._cassandra, self._device_id, days, time_range, self._schemas, self._name)
        async for points in read:
            for hour, of_hour in groupby(points, key=lambda point: point.time // HOUR_MS):
                hours[hour] += of_hour
        rollups: dict[int, dict[int, _HourRollup]] = {}
        for hour, found in hours.items():
            found.sort(key=lambda point: point.time)
            day, of_day = divmod(hour, HOURS_PER_DAY)
            rollups.setdefault(day, {})[of_day] = _statistics(found), least_ttl_s(found)
        return rollups

    async def _store(self, day: int, stored: _StoredCell) -> None:
        """Store a day's cell, with a shorter TTL than its values have, or the retention's if none of them expires."""
        ttl_s = self._retention_days * 86_400 if stored.ttl_s is None else stored.ttl_s - TTL_MARGIN_S
        if stored.ttl_s is not None and ttl_s <= 0:
            return
        values = (self._stamp, ttl_s, pack(stored.cell), self._device_id, day, self._name)
        with contextlib.suppress(StoreUnavailable):  # the answer does not depend on it
            await self._cassandra.execute(STORE_CELL, values)


def _statistics(points: Sequence[Point]) -> RollupStatistics:
    numbers = cast(Sequence[Number], used_values(Aggregation.SUM, [point.value for point in points]))
    try:
        total = math.fsum(numbers)
    except OverflowError:
        total = math.nan
    return RollupStatistics(
        count=len(points),
        first=points[0].value,
        last=points[-1].value,
        numbers=len(numbers),
        total=total,
        least=min(numbers, default=None),
        greatest=max(numbers, default=None),
    )
