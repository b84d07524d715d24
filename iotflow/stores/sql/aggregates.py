"""Statistics of points per window, computed by the SQL store.

Sums: the store adds values as doubles in runs of at most `MAX_VALUES_PER_RUN`, and `math.fsum` adds the runs. A run's
error is at most (MAX_VALUES_PER_RUN - 1) * 2**-53 of its sum of absolute values (Higham, "Accuracy and Stability of
Numerical Algorithms", section 4.2): 2.3e-13. Values are scaled down by a power of two, which is exact, so that no run
overflows; values below `MIN_SCALED_VALUE` are added without scaling.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, case, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.aggregates import Aggregation, TextSize, WindowAggregate
from iotflow.stores.sql.database import in_slices
from iotflow.stores.sql.tables import VALUE_COLUMNS, decode_value, points

MAX_VALUES_PER_RUN = 2_048
SCALE_BITS = 64
MIN_SCALED_VALUE = 2.0**-900
"""Scaling smaller values would lose bits. They cannot overflow, so they are added separately and unscaled."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of an aggregate: a time is in window `floor((time + offset_ms) / width_ms)`."""

    width_ms: int
    offset_ms: int

    @property
    def bias(self) -> int:
        """Number of windows to shift by so that the dividend is positive: SQL division truncates toward zero."""
        return max(0, -self.offset_ms) // self.width_ms + 1

    def biased_index(self) -> ColumnElement[int]:
        """Return the expression of a point's window, plus `bias`."""
        return (points.c.time + literal(self.offset_ms + self.bias * self.width_ms)) // literal(self.width_ms)


async def aggregate(
    connection: AsyncConnection, chosen: ColumnElement[bool], windows: Windows, aggregation: Aggregation
) -> list[WindowAggregate]:
    """Return a statistic of the chosen points, all of one device and name, for each window in order."""
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


async def _sums(connection: AsyncConnection, chosen: ColumnElement[bool], windows: Windows) -> list[WindowAggregate]:
    numbered = (
        select(
            windows.biased_index().label("window"),
            ((func.row_number().over(order_by=points.c.time) - 1) // literal(MAX_VALUES_PER_RUN)).label("run"),
            _AS_DOUBLE.label("value"),
        )
        .where(chosen, _NUMERIC)
        .subquery()
    )
    value = numbered.c.value
    tiny = func.abs(value) < literal(MIN_SCALED_VALUE, Double)
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
    aggregates: list[WindowAggregate] = []
    runs: list[Any] = []  # Any: rows of the statement
    async with in_slices(connection, statement) as slices:
        async for rows in slices:
            for row in rows:
                if runs and runs[0].window != row.window:
                    aggregates.append(_sum(runs, windows))
                    runs = []
                runs.append(row)
    return [*aggregates, _sum(runs, windows)] if runs else aggregates


def _sum(runs: Sequence[Any], windows: Windows) -> WindowAggregate:  # Any: rows of the statement
    total = _unscaled(math.fsum(run.scaled for run in runs)) + math.fsum(run.tiny for run in runs)
    return WindowAggregate(runs[0].window - windows.bias, total, sum(run.used for run in runs))


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
) -> list[WindowAggregate]:
    # Integers and decimals separately: as doubles, integers beyond 2**53 would not be exact.
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
            WindowAggregate(
                row.window - windows.bias, pick([v for v in (row.integer, row.decimal) if v is not None]), row.used
            )
            async for rows in slices
            for row in rows
        ]


async def _counts(connection: AsyncConnection, chosen: ColumnElement[bool], windows: Windows) -> list[WindowAggregate]:
    window = windows.biased_index().label("window")
    statement = select(window, func.count().label("used")).where(chosen).group_by(window).order_by(window)
    async with in_slices(connection, statement) as slices:
        return [WindowAggregate(row.window - windows.bias, row.used, row.used) async for rows in slices for row in rows]


async def _ends(
    connection: AsyncConnection,
    chosen: ColumnElement[bool],
    windows: Windows,
    end: Callable[[ColumnElement[int]], ColumnElement[int]],
) -> list[WindowAggregate]:
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
    aggregates: list[WindowAggregate] = []
    async with in_slices(connection, statement) as slices:
        async for rows in slices:
            for window, used, *columns in rows:
                value = decode_value(*columns)
                texts.add(value)
                aggregates.append(WindowAggregate(window - windows.bias, value, used))
    return aggregates
