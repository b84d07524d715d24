"""Statistics of points per window, computed by the SQL store.

Sums: values are added as doubles in runs of at most `RUN`, and the runs' sums by `math.fsum`. A run's error is at most
(RUN - 1) * 2**-53 of its sum of absolute values (Higham, "Accuracy and Stability of Numerical Algorithms", section
4.2): 2.3e-13. All but tiny values are scaled by a power of two meanwhile, which is exact, so that no run overflows.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, case, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.aggregates import Aggregation, Bucket, TextSize
from iotflow.stores.sql.slices import in_slices
from iotflow.stores.sql.tables import points
from iotflow.stores.sql.values import VALUE_COLUMNS, value_of

RUN = 2_048
SCALE_BITS = 64
TINY = 2.0**-900
"""Values smaller than this are added apart and unscaled: scaling would lose bits, and they cannot overflow."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How times fall into windows: `floor((time + offset_ms) / width_ms)`."""

    width_ms: int
    offset_ms: int

    @property
    def bias(self) -> int:
        """Windows to shift by, so that the division's operands are positive: SQL truncates toward zero."""
        return max(0, -self.offset_ms) // self.width_ms + 1

    def biased_index(self) -> ColumnElement[int]:
        """A point's window, plus `bias`."""
        return (points.c.time + literal(self.offset_ms + self.bias * self.width_ms)) // literal(self.width_ms)


async def aggregated(
    connection: AsyncConnection, chosen: ColumnElement[bool], windows: Windows, aggregation: Aggregation
) -> list[Bucket]:
    """The statistic of the chosen points (all of one device and name) per window, in order."""
    match aggregation:
        case Aggregation.MEAN | Aggregation.SUM:
            return await _sums(connection, chosen, windows)
        case Aggregation.MIN:
            return await _extremes(connection, chosen, windows, func.min, min)
        case Aggregation.MAX:
            return await _extremes(connection, chosen, windows, func.max, max)
        case Aggregation.COUNT:
            return await _counts(connection, chosen, windows)
        case Aggregation.FIRST:
            return await _ends(connection, chosen, windows, func.min)
        case Aggregation.LAST:
            return await _ends(connection, chosen, windows, func.max)


_NUMERIC = or_(points.c.int_value.is_not(None), points.c.float_value.is_not(None))
_AS_DOUBLE = func.coalesce(cast(points.c.int_value, Double), points.c.float_value, type_=Double)


async def _sums(connection: AsyncConnection, chosen: ColumnElement[bool], windows: Windows) -> list[Bucket]:
    numbered = (
        select(
            windows.biased_index().label("window"),
            ((func.row_number().over(order_by=points.c.time) - 1) // literal(RUN)).label("run"),
            _AS_DOUBLE.label("value"),
        )
        .where(chosen, _NUMERIC)
        .subquery()
    )
    value = numbered.c.value
    tiny = func.abs(value) < literal(TINY, Double)
    statement = (
        select(
            numbered.c.window,
            func.count().label("used"),
            func.sum(case((tiny, 0.0), else_=value * literal(2.0**-SCALE_BITS, Double))).label("scaled"),
            func.sum(case((tiny, value), else_=0.0)).label("tiny"),
        )
        .group_by(numbered.c.window, numbered.c.run)
        .order_by(numbered.c.window)
    )
    buckets: list[Bucket] = []
    runs: list[Any] = []  # Any: rows of the statement
    async with in_slices(connection, statement) as slices:
        async for rows in slices:
            for row in rows:
                if runs and runs[0].window != row.window:
                    buckets.append(_sum(runs, windows))
                    runs = []
                runs.append(row)
    return [*buckets, _sum(runs, windows)] if runs else buckets


def _sum(runs: Sequence[Any], windows: Windows) -> Bucket:  # Any: rows of the statement
    total = _unscaled(math.fsum(run.scaled for run in runs)) + math.fsum(run.tiny for run in runs)
    return Bucket(runs[0].window - windows.bias, total, sum(run.used for run in runs))


def _unscaled(total: float) -> float:
    try:
        return math.ldexp(total, SCALE_BITS)
    except OverflowError:
        return math.copysign(math.inf, total)


async def _extremes(
    connection: AsyncConnection,
    chosen: ColumnElement[bool],
    windows: Windows,
    extreme: Callable[[ColumnElement[float] | ColumnElement[int]], ColumnElement[float]],
    pick: Callable[[list[int | float]], int | float],
) -> list[Bucket]:
    # Integers and decimals apart: as doubles, integers past 2**53 would not be exact.
    window = windows.biased_index().label("window")
    statement = (
        select(
            window,
            func.count().label("used"),
            extreme(points.c.int_value).label("integer"),
            extreme(points.c.float_value).label("decimal"),
        )
        .where(chosen, _NUMERIC)
        .group_by(window)
        .order_by(window)
    )
    async with in_slices(connection, statement) as slices:
        return [
            Bucket(row.window - windows.bias, pick([v for v in (row.integer, row.decimal) if v is not None]), row.used)
            async for rows in slices
            for row in rows
        ]


async def _counts(connection: AsyncConnection, chosen: ColumnElement[bool], windows: Windows) -> list[Bucket]:
    window = windows.biased_index().label("window")
    statement = select(window, func.count().label("used")).where(chosen).group_by(window).order_by(window)
    async with in_slices(connection, statement) as slices:
        return [Bucket(row.window - windows.bias, row.used, row.used) async for rows in slices for row in rows]


async def _ends(
    connection: AsyncConnection,
    chosen: ColumnElement[bool],
    windows: Windows,
    end: Callable[[ColumnElement[int]], ColumnElement[int]],
) -> list[Bucket]:
    window = windows.biased_index().label("window")
    ends = (
        select(window, func.count().label("used"), end(points.c.time).label("time"))
        .where(chosen)
        .group_by(window)
        .subquery()
    )
    statement = (
        select(ends.c.window, ends.c.used, *VALUE_COLUMNS)
        .join_from(ends, points, points.c.time == ends.c.time)
        .where(chosen)
        .order_by(ends.c.window)
    )
    texts = TextSize()
    buckets: list[Bucket] = []
    async with in_slices(connection, statement) as slices:
        async for rows in slices:
            for window, used, *columns in rows:
                value = value_of(*columns)
                texts.add(value)
                buckets.append(Bucket(window - windows.bias, value, used))
    return buckets
