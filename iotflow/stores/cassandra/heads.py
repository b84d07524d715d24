"""The newest times of many devices, many to a statement: it costs the driver more than a partition costs the store."""

from collections.abc import Mapping, Sequence
from functools import partial

from iotflow.domain.times import DAY_MS, Millis, Span
from iotflow.parallel import in_parallel
from iotflow.stores.cassandra.catalogue import FEW_DAYS
from iotflow.stores.cassandra.connection import SCAN_TIMEOUT_S, Cassandra
from iotflow.stores.cassandra.days import bounds, days_within, timestamp

DEVICES_PER_STATEMENT = 100

POINTERS = """
    SELECT device_id, collection_max(map_values(newest)) FROM devices WHERE device_id IN ? PER PARTITION LIMIT 1"""
NEWEST = """
    SELECT device_id, to_unix_timestamp(time) FROM records
    WHERE device_id IN ? AND day IN ? AND time >= ? AND time < ? PER PARTITION LIMIT 1"""


async def newest_times(cassandra: Cassandra, device_ids: Sequence[int], span: Span) -> dict[int, Millis]:
    """A time for each device that none of its records within the span is later than; none where there are none."""
    if not days_within(span):
        return {}
    answers = await in_parallel(
        partial(_newest_times, cassandra, device_ids[first : first + DEVICES_PER_STATEMENT], span)
        for first in range(0, len(device_ids), DEVICES_PER_STATEMENT)
    )
    return {device_id: time for answer in answers for device_id, time in answer.items()}


async def _newest_times(cassandra: Cassandra, device_ids: Sequence[int], span: Span) -> dict[int, Millis]:
    start, end = bounds(span)
    pointers = await cassandra.execute(POINTERS, [device_ids], timeout_s=SCAN_TIMEOUT_S)
    newest = {device_id: time for device_id, time in pointers if time is not None and time < end}
    if later := [device_id for device_id, _ in pointers if device_id not in newest]:
        newest |= await _newest_before_the_end(cassandra, later, span)
    return {device_id: time for device_id, time in newest.items() if time >= start}


async def _newest_before_the_end(cassandra: Cassandra, device_ids: Sequence[int], span: Span) -> Mapping[int, Millis]:
    """Where the pointer lies after the span: the last row of its last days, or the time before these days."""
    start, end = bounds(span)
    days = days_within(span)[-FEW_DAYS:]
    between = (timestamp(max(start, days[0] * DAY_MS)), timestamp(end))
    newest = dict.fromkeys(device_ids, Millis(days[0] * DAY_MS - 1))
    rows = await cassandra.execute(NEWEST, (device_ids, list(days), *between), timeout_s=SCAN_TIMEOUT_S)
    for device_id, time in rows:
        newest[device_id] = max(time, newest[device_id])
    return newest
