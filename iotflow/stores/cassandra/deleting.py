"""Deletion, stamped with its own time: it hides what was received before, and not what comes later."""

from collections.abc import Sequence
from functools import partial

from iotflow.domain.times import Micros, Millis, Span
from iotflow.stores.cassandra.catalogue import stored_days, stored_names
from iotflow.stores.cassandra.connection import Cassandra, Statement
from iotflow.stores.cassandra.days import bounds, day_span, timestamp
from iotflow.stores.cassandra.parallel import in_parallel

STATEMENTS_PER_BATCH = 500

DELETE_DAY_OF_RECORDS = "DELETE FROM records USING TIMESTAMP ? WHERE device_id = ? AND day = ?"
DELETE_DAY_OF_POINTS = "DELETE FROM points USING TIMESTAMP ? WHERE device_id = ? AND day = ?"
DELETE_RECORDS = "DELETE FROM records USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND time >= ? AND time < ?"
DELETE_POINTS = """
    DELETE FROM points USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND name = ? AND time >= ? AND time < ?"""
DELETE_DEVICE = "DELETE FROM devices USING TIMESTAMP ? WHERE device_id = ?"


async def delete_span(cassandra: Cassandra, device_id: int, span: Span, stamp: Micros) -> None:
    """Remove what was received before `stamp` and lies within the span. The catalogue keeps its entries."""
    names = sorted(await stored_names(cassandra, device_id))
    batches: list[list[Statement]] = []
    for day in await stored_days(cassandra, device_id, span):
        batches += _of_day(device_id, day, span, names, stamp)
    await in_parallel(partial(cassandra.execute_batch, batch) for batch in batches)


async def purge_device(cassandra: Cassandra, device_id: int, stamp: Micros) -> None:
    """Remove all that was received of the device before `stamp`; the catalogue last, by which it is found."""
    await delete_span(cassandra, device_id, Span(Millis(0), None), stamp)
    await cassandra.execute(DELETE_DEVICE, (stamp, device_id))


def _of_day(device_id: int, day: int, span: Span, names: Sequence[str], stamp: Micros) -> list[list[Statement]]:
    (start, end), (first, last) = bounds(span), bounds(day_span(day))
    key = (stamp, device_id, day)
    if start <= first and last <= end:
        return [[(DELETE_DAY_OF_RECORDS, key), (DELETE_DAY_OF_POINTS, key)]]
    between = (timestamp(max(start, first)), timestamp(min(end, last)))
    statements: list[Statement] = [
        (DELETE_RECORDS, (*key, *between)),
        *((DELETE_POINTS, (*key, name, *between)) for name in names),
    ]
    return [statements[at : at + STATEMENTS_PER_BATCH] for at in range(0, len(statements), STATEMENTS_PER_BATCH)]
