"""Newest values of a device's names, and the newest times of many devices.

The newest record of each schema is in the last day that the catalogue has for it, unless it was deleted or has expired:
then in an earlier one.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from iotflow.clock import Clock
from iotflow.concurrency.tasks import gather_bounded
from iotflow.domain.telemetry import LatestValue, LatestValues
from iotflow.domain.times import DAY_MS, Micros, Millis, TimeRange
from iotflow.stores.cassandra.driver import Row
from iotflow.stores.cassandra.encoding import (
    MAX_DAYS_PER_STATEMENT,
    bounds,
    chunked,
    day_of,
    days_within,
    expiry_of,
)
from iotflow.stores.cassandra.rows import (
    COLUMNS_WITH_TTL,
    LARGE_RECEIVED,
    MEASUREMENTS,
    RECEIVED,
    SCHEMA_ID,
    TIME,
    rows_with_measurements,
    ttl_of,
)
from iotflow.stores.cassandra.schema_catalogue import MAX_DAYS_WITHOUT_CATALOGUE, SchemaCatalogue
from iotflow.stores.cassandra.session import SCAN_TIMEOUT_S, Cassandra
from iotflow.stores.record_encoding import RecordSchema, decode_measurements

ROWS_PER_DAY = 16
"""The last rows of a day in which a schema's newest record is looked for first."""
MAX_DEVICES_PER_STATEMENT = 100
"""Devices share statements: a statement costs the driver more than a partition costs the store."""
MAX_EXACT_DAYS = 8
"""Last days of devices in one statement each; of other devices the end of their last day is returned."""

_Key = tuple[Millis, int]
"""The time and the schema's id of a row."""

_ROW = f"SELECT {COLUMNS_WITH_TTL}"
_FROM_DAYS = "FROM telemetry_records WHERE device_id = ? AND day IN ?"
SELECT_LAST_ROWS = f"{_ROW} {_FROM_DAYS} PER PARTITION LIMIT ?"
SELECT_ROWS = f"{_ROW} {_FROM_DAYS} AND (time, schema_id) IN ?"
LOCATE_ROWS = "SELECT time, schema_id FROM telemetry_records WHERE device_id = ? AND day = ?"

SELECT_LAST_DAYS = "SELECT device_id, collection_max(days) FROM telemetry_schemas WHERE device_id IN ?"
SELECT_NEWEST_TIMES = """
    SELECT device_id, time FROM telemetry_records
    WHERE device_id IN ? AND day IN ? AND time >= ? AND time < ? PER PARTITION LIMIT 1"""


async def read_latest(cassandra: Cassandra, catalogue: SchemaCatalogue, device_id: int, clock: Clock) -> LatestValues:
    """Return the newest value of each name.

    Takes two statements, unless newest records are gone, lie in many different days, or in one with many records of
    other schemas after them.
    """
    stored = await catalogue.read(device_id, TimeRange(Millis(0), None))
    days = {schema_id: sorted(of_schema) for schema_id, of_schema in stored.days.items()}
    rows: dict[int, Row] = {}
    size = 1
    while days:
        wanted = {schema_id: of_schema[-size:] for schema_id, of_schema in days.items()}
        rows |= await _read_newest(cassandra, device_id, wanted)
        days = {
            schema_id: rest
            for schema_id, of_schema in days.items()
            if schema_id not in rows and (rest := of_schema[:-size])
        }
        size = min(2 * size, MAX_DAYS_PER_STATEMENT)
    return await _latest_values(cassandra, device_id, list(rows.values()), stored.schemas, clock.now())


async def _latest_values(
    cassandra: Cassandra, device_id: int, rows: Sequence[Row], schemas: Mapping[int, RecordSchema], now: Millis
) -> LatestValues:
    latest: dict[str, LatestValue] = {}
    async for chunk in rows_with_measurements(cassandra, device_id, rows, schemas):
        for row in chunk:
            time, schema_id, measurements, received = row[: RECEIVED + 1]
            expires = expiry_of(Micros(received), ttl_of(row), now)
            for name, value in zip(schemas[schema_id].names, decode_measurements(measurements), strict=True):
                found = latest.get(name)
                if found is None or (found.timestamp, found.received_us) < (time, received):
                    latest[name] = LatestValue(value, Millis(time), Micros(received), expires)
    return latest


async def _read_newest(cassandra: Cassandra, device_id: int, wanted: Mapping[int, Sequence[int]]) -> dict[int, Row]:
    """Return the newest row of each schema within its days, if it has one."""
    days = sorted({day for of_schema in wanted.values() for day in of_schema})
    found = await gather_bounded(
        partial(cassandra.execute, SELECT_LAST_ROWS, (device_id, some, ROWS_PER_DAY), timeout_s=SCAN_TIMEOUT_S)
        for some in chunked(days)
    )
    by_day: dict[int, list[Row]] = {day: [] for day in days}
    for row in (row for rows in found for row in rows):
        by_day[day_of(row[TIME])].append(row)
    newest: dict[int, Row] = {}
    for day in reversed(days):
        for row in by_day[day]:
            if row[SCHEMA_ID] in wanted and _has_measurements(row):
                newest.setdefault(row[SCHEMA_ID], row)
    # A schema may have a row after the last ones of a day, later than the one that was found.
    unclear = {
        schema_id: searched
        for schema_id, of_schema in wanted.items()
        if (searched := _unclear_days(of_schema, by_day, newest.get(schema_id)))
    }
    return newest | await _search(cassandra, device_id, unclear) if unclear else newest


def _unclear_days(days: Sequence[int], by_day: Mapping[int, Sequence[Row]], found: Row | None) -> list[int]:
    """Return the days, after that of the row found, in which a schema may have rows that were not read."""
    first = -1 if found is None else day_of(found[TIME])
    return [day for day in days if day > first and len(by_day[day]) == ROWS_PER_DAY]


async def _search(cassandra: Cassandra, device_id: int, wanted: Mapping[int, Sequence[int]]) -> dict[int, Row]:
    """Return the newest row of each schema within its days, found by the keys of all rows of these days."""
    newest: dict[int, Row] = {}
    for day in sorted({day for of_schema in wanted.values() for day in of_schema}, reverse=True):
        missing = {schema_id for schema_id, of_schema in wanted.items() if day in of_schema} - newest.keys()
        if missing:
            newest |= await _search_day(cassandra, device_id, day, missing)
    return newest


async def _search_day(cassandra: Cassandra, device_id: int, day: int, wanted: Collection[int]) -> dict[int, Row]:
    missing, found = set(wanted), dict[int, Row]()
    async for page in cassandra.pages(LOCATE_ROWS, (device_id, day)):
        keys: dict[int, _Key] = {}
        for time, schema_id in page:
            if schema_id in missing and schema_id not in keys:
                keys[schema_id] = (time, schema_id)
        if keys:
            rows = await cassandra.execute(
                SELECT_ROWS, (device_id, [day], list(keys.values())), timeout_s=SCAN_TIMEOUT_S
            )
            found |= {row[SCHEMA_ID]: row for row in rows if _has_measurements(row)}
            missing -= found.keys()
        if not missing:
            break
    return found


def _has_measurements(row: Row) -> bool:
    return row[MEASUREMENTS] is not None or row[LARGE_RECEIVED] is not None


async def read_newest_times(
    cassandra: Cassandra, device_ids: Sequence[int], time_range: TimeRange
) -> dict[int, Millis]:
    """Return for each device a time that none of its records within the range is later than.

    A device without records in the range may be missing.
    """
    if not days_within(time_range):
        return {}
    answers = await gather_bounded(
        partial(_read_newest_times, cassandra, device_ids[first : first + MAX_DEVICES_PER_STATEMENT], time_range)
        for first in range(0, len(device_ids), MAX_DEVICES_PER_STATEMENT)
    )
    return {device_id: time for answer in answers for device_id, time in answer.items()}


async def _read_newest_times(
    cassandra: Cassandra, device_ids: Sequence[int], time_range: TimeRange
) -> dict[int, Millis]:
    start, end = bounds(time_range)
    last_days: dict[int, int] = {}
    for device_id, day in await cassandra.execute(SELECT_LAST_DAYS, [device_ids], timeout_s=SCAN_TIMEOUT_S):
        if day is not None:
            last_days[device_id] = max(day, last_days.get(device_id, day))
    by_days: dict[tuple[int, ...], list[int]] = {}
    last = day_of(Millis(end - 1))
    for device_id, day in last_days.items():
        # A device with records after the range may have its last one within it in any day.
        days = (day,) if day < last else tuple(range(max(0, last - MAX_DAYS_WITHOUT_CATALOGUE + 1), last + 1))
        by_days.setdefault(days, []).append(device_id)
    groups = sorted(by_days.items(), reverse=True)
    newest = {
        device_id: Millis((days[-1] + 1) * DAY_MS - 1) for days, ids in groups[MAX_EXACT_DAYS:] for device_id in ids
    }
    found = await gather_bounded(
        partial(
            cassandra.execute,
            SELECT_NEWEST_TIMES,
            (ids, list(days), max(start, days[0] * DAY_MS), end),
            timeout_s=SCAN_TIMEOUT_S,
        )
        for days, ids in groups[:MAX_EXACT_DAYS]
    )
    for (days, ids), rows in zip(groups, found, strict=False):
        newest |= dict.fromkeys(ids, Millis(days[0] * DAY_MS - 1))
        for device_id, time in rows:
            newest[device_id] = max(time, newest[device_id])
    return {device_id: time for device_id, time in newest.items() if time >= start}
