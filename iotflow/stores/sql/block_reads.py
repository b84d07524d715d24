"""Reads of sealed blocks in order of time, and the merge of their records with those that are rows."""

from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Row, Select, bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.times import DAY_MS, Millis
from iotflow.stores.sql.block_tables import record_blocks
from iotflow.stores.sql.record_schemas import SchemaChoice

FIRST_BLOCKS = 2
"""Blocks of the first statement of a read: a page needs one or two."""
BLOCKS_PER_STATEMENT = 32
"""Blocks of some 128 KiB each: 4 MiB."""
STATISTICS_PER_STATEMENT = 1_000
BYTES_OF_STATISTICS = 4 * 2**20
"""Bytes of the statistics of one statement at most."""
BYTES_PER_NAME = 600
"""Bytes of the statistics of one name at most, whose first and last value are long texts."""

BlockRow = Row[*tuple[Any, ...]]  # Any: each column's own type


class Timed(Protocol):
    """A record or value of a time."""

    @property
    def time(self) -> Millis: ...


TimedT = TypeVar("TimedT", bound=Timed)


def span_of(wanted: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters of a read of records with those that bound the times of blocks."""
    first, end = wanted["first"], wanted["end"]
    assert isinstance(first, int)
    assert isinstance(end, int)
    # A block is within one day: one that holds a time of the range begins and ends on a day of the range.
    last_day_end = min(-(-end // DAY_MS) * DAY_MS, 2**63 - 1)
    return {**wanted, "first_day": first // DAY_MS * DAY_MS, "last_day_end": last_day_end}


async def read_blocks(
    connection: AsyncConnection,
    wanted: Mapping[str, object],
    choice: SchemaChoice,
    *,
    contents: ColumnElement[bytes],
    names: int = 1,
    descending: bool = False,
) -> AsyncGenerator[tuple[BlockRow, BlockRow | None]]:
    """Yield the range's blocks that have not all expired, each with the next one.

    They are in order of their first time; descending, of their last one. `contents`: `data` or `statistics`, of
    at most `names` names.
    """
    held: BlockRow | None = None
    parameters, limit = span_of(wanted), FIRST_BLOCKS
    following_limit = BLOCKS_PER_STATEMENT if contents.name == "data" else _statistics_per_statement(names)
    resumed = False
    while True:
        statement = _blocks_query(choice, contents.name, descending=descending, resumed=resumed)
        found = (await connection.execute(statement, {**parameters, "number_of_blocks": limit})).all()
        for block in found:
            if held is not None:
                yield held, block
            held = block
        if len(found) < limit or held is None:
            break
        last = held.last_time if descending else held.first_time
        parameters |= {"resumed_time": last, "resumed_schema": held.schema_id}
        resumed, limit = True, following_limit
    if held is not None:
        yield held, None


def _statistics_per_statement(names: int) -> int:
    return max(1, min(STATISTICS_PER_STATEMENT, BYTES_OF_STATISTICS // (names * BYTES_PER_NAME)))


def are_apart(one: BlockRow, other: BlockRow | None) -> bool:
    """Return whether two blocks have no time in common."""
    return other is None or one.last_time < other.first_time or other.last_time < one.first_time


class Overlaps(Generic[TimedT]):
    """Records of blocks that overlap, in order of time."""

    def __init__(self, *, descending: bool = False) -> None:
        self._descending = descending
        self._held: list[TimedT] = []

    def __bool__(self) -> bool:
        return bool(self._held)

    def add(self, found: Sequence[TimedT], following: BlockRow | None) -> list[TimedT]:
        """Add records of a block, and return those that come before the following one."""
        self._held = sorted([*self._held, *found], key=_time, reverse=self._descending)
        if following is None:
            number = len(self._held)
        elif self._descending:
            number = bisect_left(self._held, -following.last_time, key=_minus_time)
        else:
            number = bisect_left(self._held, following.first_time, key=_time)
        whole, self._held = self._held[:number], self._held[number:]
        return whole


class OpenRows(Generic[TimedT]):
    """Records that are rows, in order of time, to merge with sealed ones."""

    def __init__(self, slices: AsyncIterator[Sequence[TimedT]], *, descending: bool = False) -> None:
        self._slices = slices
        self._descending = descending
        self._rest: Sequence[TimedT] = ()

    async def before(self, time: Millis) -> AsyncGenerator[Sequence[TimedT]]:
        """Yield the records that come before a time."""
        while await self._fill():
            number = self._count(self._rest, time, inclusive=False)
            whole, self._rest = self._rest[:number], self._rest[number:]
            if whole:
                yield whole
            if self._rest:
                return

    async def has_any_until(self, time: Millis) -> bool:
        """Return whether the next record does not come after a time."""
        return await self._fill() and self._count(self._rest[:1], time, inclusive=True) == 1

    async def merge(self, sealed: Sequence[TimedT]) -> AsyncGenerator[Sequence[TimedT]]:
        """Yield sealed records with the rows before and among them. A row comes after a sealed record of its time."""
        while sealed:
            if not await self._fill():
                yield sealed
                return
            lasts = (self._rest[-1].time, sealed[-1].time)
            edge = max(lasts) if self._descending else min(lasts)
            rows, records = (self._count(found, edge, inclusive=True) for found in (self._rest, sealed))
            merged = [*sealed[:records], *self._rest[:rows]]
            sealed, self._rest = sealed[records:], self._rest[rows:]
            yield sorted(merged, key=_time, reverse=self._descending)

    async def rest(self) -> AsyncGenerator[Sequence[TimedT]]:
        """Yield all other records."""
        while await self._fill():
            whole, self._rest = self._rest, ()
            yield whole

    async def _fill(self) -> bool:
        while not self._rest:
            found = await anext(self._slices, None)
            if found is None:
                return False
            self._rest = found
        return True

    def _count(self, found: Sequence[TimedT], time: Millis, *, inclusive: bool) -> int:
        search = bisect_right if inclusive else bisect_left
        return search(found, -time, key=_minus_time) if self._descending else search(found, time, key=_time)


def _time(record: Timed) -> Millis:
    return record.time


def _minus_time(record: Timed) -> int:
    return -record.time


@cache
def _blocks_query(choice: SchemaChoice, contents: str, *, descending: bool, resumed: bool) -> Select[*tuple[Any, ...]]:
    blocks = record_blocks.c
    order = (blocks.last_time if descending else blocks.first_time, blocks.schema_id)
    statement = select(
        blocks.schema_id,
        blocks.first_time,
        blocks.last_time,
        blocks.number,
        blocks.first_expires_us,
        blocks[contents],
    ).where(*within_span(descending=descending), blocks.expires_us > bindparam("alive_at"))
    match choice:
        case SchemaChoice.ONE:
            statement = statement.where(blocks.schema_id == bindparam("ids", type_=BigInteger))
        case SchemaChoice.SEVERAL:
            statement = statement.where(blocks.schema_id.in_(bindparam("ids", expanding=True)))
    if resumed:
        last = tuple_(bindparam("resumed_time", type_=BigInteger), bindparam("resumed_schema", type_=BigInteger))
        statement = statement.where(tuple_(*order) < last if descending else tuple_(*order) > last)
    ordered = statement.order_by(*(column.desc() if descending else column.asc() for column in order))
    return ordered.limit(bindparam("number_of_blocks", type_=BigInteger))


def within_span(*, descending: bool) -> list[ColumnElement[bool]]:
    """Return the conditions of a device's blocks within a range, in the form of the index of first or last times."""
    blocks = record_blocks.c
    first, end = bindparam("first", type_=BigInteger), bindparam("end", type_=BigInteger)
    first_day, last_day_end = bindparam("first_day", type_=BigInteger), bindparam("last_day_end", type_=BigInteger)
    indexed, other = (
        ((blocks.last_time, first, last_day_end), (blocks.first_time, end))
        if descending
        else ((blocks.first_time, first_day, end), (blocks.last_time, first))
    )
    column, low, high = indexed
    return [
        blocks.device_id == bindparam("device_id"),
        column >= low,
        column < high,
        other[0] < other[1] if descending else other[0] >= other[1],
    ]


def first_sealed_time(*, descending: bool) -> Select[Millis | None]:
    """Select a time before which the range has no sealed record in the order of a read."""
    column = record_blocks.c.last_time if descending else record_blocks.c.first_time
    # The conditions of `within_span` that the index alone answers.
    conditions = within_span(descending=descending)[:3]
    return select(func.max(column) if descending else func.min(column)).where(*conditions)
