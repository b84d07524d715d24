"""Rows of records as statements return them, and the measurements of large records, which are read by their keys.

Cassandra cannot return a row's size before the row, and a record may have 1 MiB. So measurements of more than
`MAX_INLINE_BYTES` have a separate column, of which a scan reads only the write timestamp.
"""

import math
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from iotflow.domain.telemetry import MAX_STRING_BYTES
from iotflow.stores.cassandra.driver import Row
from iotflow.stores.cassandra.encoding import day_of
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, Cassandra
from iotflow.stores.record_encoding import RecordSchema

MAX_INLINE_BYTES = 4_096
MAX_CHUNK_BYTES = 4 * 2**20
"""Bytes of measurements that one statement reads by keys, even if all their values have the maximum length."""
MAX_VALUE_BYTES = MAX_STRING_BYTES + 5

LEAST_ID, GREATEST_ID = -(2**63), 2**63 - 1
"""Bounds of the ids of schemas."""

TIME, SCHEMA_ID, MEASUREMENTS, RECEIVED, LARGE_RECEIVED = range(5)
"""The indexes of `COLUMNS` in a row."""
COLUMNS = "time, schema_id, measurements, writetime(measurements), writetime(large_measurements)"
_TTL, _LARGE_TTL = LARGE_RECEIVED + 1, LARGE_RECEIVED + 2
COLUMNS_WITH_TTL = f"{COLUMNS}, ttl(measurements), ttl(large_measurements)"

SELECT_LARGE = """
    SELECT time, schema_id, large_measurements
    FROM telemetry_records WHERE device_id = ? AND day IN ? AND (time, schema_id) IN ?"""


def is_large(row: Row) -> bool:
    """Return whether the large measurements of a row are those written last."""
    large = row[LARGE_RECEIVED]
    return large is not None and (row[RECEIVED] is None or large > row[RECEIVED])


def ttl_of(row: Row) -> float:
    """Return the TTL of the measurements of a row of a chunk, which was read with its `COLUMNS_WITH_TTL`."""
    ttl: int | None = row[_LARGE_TTL if row[RECEIVED] == row[LARGE_RECEIVED] else _TTL]
    return math.inf if ttl is None else ttl


async def rows_with_measurements(
    cassandra: Cassandra, device_id: int, rows: Sequence[Row], schemas: Mapping[int, RecordSchema]
) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows in chunks, each with the measurements and the receipt that count; read large ones by their keys.

    Left out are rows without measurements, and those of other schemas.
    """
    for chunk in _split(rows, schemas):
        keys = [(row[TIME], row[SCHEMA_ID]) for row in chunk if is_large(row)]
        if not keys:
            yield chunk
            continue
        days = sorted({day_of(time) for time, _ in keys})
        found = await cassandra.execute(SELECT_LARGE, (device_id, days, keys), timeout_s=SCAN_TIMEOUT_S)
        large = {(time, schema_id): measurements for time, schema_id, measurements in found}
        yield [
            (*row[:MEASUREMENTS], large[row[:MEASUREMENTS]], row[LARGE_RECEIVED], *row[LARGE_RECEIVED:])
            if is_large(row)
            else row
            for row in chunk
            # Without those that were deleted in the meantime.
            if not is_large(row) or large.get(row[:MEASUREMENTS]) is not None
        ]


def _split(rows: Sequence[Row], schemas: Mapping[int, RecordSchema]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    size = 0
    for row in rows:
        if row[SCHEMA_ID] not in schemas:
            continue
        if is_large(row):
            weight = len(schemas[row[SCHEMA_ID]].names) * MAX_VALUE_BYTES
            if chunk and size + weight > MAX_CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
            size += weight
        elif row[MEASUREMENTS] is None:  # only metadata
            continue
        chunk.append(row)
    if chunk:
        yield chunk
