"""Pages of a device's records."""

from bisect import bisect_left
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from itertools import repeat

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.telemetry import PageLimit, PageRoom, RecordPage, StoredRecord, Value, size_of
from iotflow.domain.times import Micros, Millis, TimeRange
from iotflow.stores.record_encoding import Measurements, RecordSchema
from iotflow.stores.sql.block_reads import (
    BlockRow,
    OpenRows,
    Overlaps,
    are_apart,
    read_blocks,
    span_of,
)
from iotflow.stores.sql.block_tables import record_blocks
from iotflow.stores.sql.database import ROWS_PER_SLICE, stream_slices
from iotflow.stores.sql.page_statements import (
    BYTES_PER_SLICE,
    Begin,
    Form,
    begin_query,
    metadata_query,
    packed_query,
    size_query,
    unpack_rows,
)
from iotflow.stores.sql.record_schemas import SchemaChoice, SchemaRegistry, decode_measurements
from iotflow.stores.sql.sealed_blocks import UnpackedBlock
from iotflow.stores.sql.telemetry_queries import END_OF_TIME

RECORDS_PER_SLICE = 128
"""Records of a block that are decoded at once."""
METADATA_ROWS_PER_SLICE = 250
"""Rows of 16 KiB each: 4 MiB."""


class _Row(msgspec.Struct, frozen=True):
    """A row of `records`, or a record of a block."""

    time: Millis
    schema_id: int
    received_us: Micros
    measurements: Measurements


async def read_records(
    connection: AsyncConnection,
    schemas: SchemaRegistry,
    device_id: int,
    time_range: TimeRange,
    *,
    alive_at: Micros,
    descending: bool,
    limit: PageLimit,
    after: Millis | None,
    names: Collection[str] | None,
) -> RecordPage:
    """Return a page of the range's records, in order of time, from those beyond `after` that expire after `alive_at`.

    With `names`, records have only those values, and records without any of them are left out.
    """
    first, end = time_range.start, END_OF_TIME if time_range.end is None else time_range.end
    if after is not None:
        first, end = (first, min(end, after)) if descending else (Millis(max(first, after + 1)), end)
    wanted: dict[str, object] = {"device_id": device_id, "alive_at": alive_at, "first": first, "end": end}
    choice = SchemaChoice.ALL
    if names is not None:
        _, choice, chosen_ids = await schemas.with_names(connection, device_id, names)
        wanted |= chosen_ids
    form = Form(choice, descending)
    parameters = {**span_of(wanted), "number": min(limit.records + 1, ROWS_PER_SLICE)}
    begin = Begin(*(await connection.execute(begin_query(form, connection.dialect.name), parameters)).one())
    chosen, more = await _read_page(connection, schemas, wanted, form, limit, names, begin)
    if not chosen or begin.metadata_from is None:
        return RecordPage(chosen, more)
    times = (chosen[0].timestamp, chosen[-1].timestamp)
    metadata = await _read_metadata(
        connection, {**wanted, "first": min(times), "end": max(times) + 1}, limit.bytes, descending=descending
    )
    return _add_metadata(chosen, metadata, limit, more=more)


async def _read_page(
    connection: AsyncConnection,
    schemas: SchemaRegistry,
    wanted: Mapping[str, object],
    form: Form,
    limit: PageLimit,
    names: Collection[str] | None,
    begin: Begin,
) -> tuple[list[StoredRecord], bool]:
    """Return the page's records without their metadata, and whether others follow."""
    room = PageRoom(limit)
    found: list[StoredRecord] = []
    known: dict[int, RecordSchema] = {}
    same_time: list[_Row] = []
    async for rows in _fetch_all(connection, wanted, form, room, begin):
        if unknown := {row.schema_id for row in rows} - known.keys():
            known |= await schemas.by_id(connection, unknown)
        for row in rows:
            if same_time and row.time != same_time[0].time:
                record = _merge(same_time, known, names)
                if not room.take(len(record.values), size_of(record.values)):
                    return found, True
                found.append(record)
                if not room.records:
                    return found, True
                same_time = []
            if row.schema_id in known:
                same_time.append(row)
    if not same_time:
        return found, False
    record = _merge(same_time, known, names)
    if not room.take(len(record.values), size_of(record.values)):
        return found, True
    return [*found, record], False


def _merge(rows: Sequence[_Row], schemas: Mapping[int, RecordSchema], names: Collection[str] | None) -> StoredRecord:
    """Return the record of the rows of one time: of each name the value received last, in the order of the names."""
    if len(rows) == 1:
        merged = dict(zip(schemas[rows[0].schema_id].names, rows[0].measurements, strict=True))
    else:
        unordered: dict[str, Value] = {}
        for row in sorted(rows, key=lambda row: row.received_us):
            unordered.update(zip(schemas[row.schema_id].names, row.measurements, strict=True))
        merged = {name: unordered[name] for name in sorted(unordered)}
    if names is not None:
        merged = {name: value for name, value in merged.items() if name in names}
    return StoredRecord(rows[0].time, merged, None)


def _add_metadata(
    chosen: Sequence[StoredRecord], metadata: Mapping[Millis, str], limit: PageLimit, *, more: bool
) -> RecordPage:
    """Return the page of these records with their metadata, as many as fit."""
    room = PageRoom(limit)
    found: list[StoredRecord] = []
    for record in chosen:
        of_record = metadata.get(record.timestamp)
        if not room.take(len(record.values), size_of(record.values) + len(of_record or "")):
            return RecordPage(found, more=True)
        found.append(StoredRecord(record.timestamp, record.values, of_record))
    return RecordPage(found, more)


async def _fetch_all(
    connection: AsyncConnection, wanted: Mapping[str, object], form: Form, room: PageRoom, begin: Begin
) -> AsyncIterator[Sequence[_Row]]:
    """Yield the range's records in order, sealed or not, in slices. Blocks are read when their time has come."""
    rows = _fetch_rows(connection, wanted, form, room, begin.packed)
    if begin.sealed_from is None:
        async for unsealed in rows:
            yield unsealed
        return
    open_rows = OpenRows(rows, descending=form.descending)
    async for found in open_rows.before(begin.sealed_from):
        yield found
    async for sealed in _fetch_sealed(connection, wanted, form):
        async for found in open_rows.merge(sealed):
            yield found
    async for found in open_rows.rest():
        yield found


async def _fetch_sealed(
    connection: AsyncConnection, wanted: Mapping[str, object], form: Form
) -> AsyncIterator[Sequence[_Row]]:
    """Yield the range's sealed records in order, in slices."""
    blocks = read_blocks(connection, wanted, form.schemas, contents=record_blocks.c.data, descending=form.descending)
    overlaps = Overlaps[_Row](descending=form.descending)
    first, end, alive_at = (int(str(wanted[name])) for name in ("first", "end", "alive_at"))
    async for block, following in blocks:
        unpacked = UnpackedBlock(block.data, block.number)
        low, high = bisect_left(unpacked.times, first), bisect_left(unpacked.times, end)
        # A page needs some of the records of a block, unless blocks overlap.
        step = RECORDS_PER_SLICE if not overlaps and are_apart(block, following) else max(1, high - low)
        # At least one: a block without records of the range may be the last to overlap with others.
        starts = range(low, max(high, low + 1), step)
        for start in (low + high - step - begin for begin in starts) if form.descending else starts:
            stop = start + step
            yield overlaps.add(_sealed_rows(block, unpacked, max(low, start), min(stop, high), alive_at), following)


def _sealed_rows(block: BlockRow, unpacked: UnpackedBlock, low: int, high: int, alive_at: int) -> list[_Row]:
    times, received = unpacked.times[low:high], unpacked.received(low, high)
    found = list(map(_Row, times, repeat(block.schema_id), received, unpacked.measurements(low, high)))
    if block.first_expires_us > alive_at:
        return found
    alive = zip(found, unpacked.expiries(low, high), strict=True)
    return [row for row, expires_us in alive if expires_us > alive_at]


async def _fetch_rows(
    connection: AsyncConnection, wanted: Mapping[str, object], form: Form, room: PageRoom, packed: str | None
) -> AsyncIterator[Sequence[_Row]]:
    """Yield the range's rows in order, in slices of about the size that the rest of the page needs.

    `packed`: the rows of the first slice, None if they are large. Without a LIMIT on each statement PostgreSQL would
    sort the whole range instead of reading in the index's order.
    """
    dialect = connection.dialect.name
    parameters = dict(wanted)
    while True:
        number = min(room.records + 1, ROWS_PER_SLICE)
        if packed is None:
            largest = await connection.scalar(size_query(form), {**parameters, "number": number})
            if largest is None:
                return
            number = max(1, min(number, BYTES_PER_SLICE // largest))
            next_rows = await connection.execute(packed_query(form, dialect), {**parameters, "number": number})
            packed = next_rows.scalar_one()
        found = unpack_rows(packed, descending=form.descending)
        yield [_Row(time, schema, at, decode_measurements(measurements)) for time, schema, at, measurements in found]
        if len(found) < number:
            return
        time, schema_id, *_ = found[-1]
        parameters |= {"last_time": time, "last_schema": schema_id}
        parameters |= {"end": time + 1} if form.descending else {"first": time}
        form, packed = form._replace(resumed=True), None


async def _read_metadata(
    connection: AsyncConnection, page: Mapping[str, object], max_bytes: int, *, descending: bool
) -> dict[Millis, str]:
    """Return the metadata of the page's first records; stop after the slice that exceeds `max_bytes`."""
    found: dict[Millis, str] = {}
    async with stream_slices(
        connection, metadata_query(descending=descending), page, rows=METADATA_ROWS_PER_SLICE
    ) as slices:
        async for rows in slices:
            for time, of_record in rows:
                found[time] = of_record
                max_bytes -= len(of_record)
            if max_bytes < 0:
                break
    return found
