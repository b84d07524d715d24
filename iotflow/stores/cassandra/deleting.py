"""Deletion, stamped with its own time: it hides what was received before, and not what comes later."""

from collections.abc import Sequence
from functools import partial

from iotflow.clock import Clock
from iotflow.domain.times import Micros, Millis, Span
from iotflow.parallel import in_parallel
from iotflow.stores.cassandra.catalogue import stored_days, stored_names
from iotflow.stores.cassandra.connection import Cassandra, Statement
from iotflow.stores.cassandra.days import bounds, day_span, timestamp
from iotflow.stores.cassandra.rollups import invalidation_by_deletion

STATEMENTS_PER_BATCH = 500
DAYS_PER_PURGE = 200

DELETE_DAY_OF_RECORDS = "DELETE FROM records USING TIMESTAMP ? WHERE device_id = ? AND day = ?"
DELETE_DAY_OF_POINTS = "DELETE FROM points USING TIMESTAMP ? WHERE device_id = ? AND day = ?"
DELETE_RECORDS = "DELETE FROM records USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND time >= ? AND time < ?"
DELETE_POINTS = """
    DELETE FROM points USING TIMESTAMP ? WHERE device_id = ? AND day = ? AND name = ? AND time >= ? AND time < ?"""
STORED_DAYS = "SELECT retention_days, days FROM devices WHERE device_id = ?"
FORGET_DAYS = "UPDATE devices USING TIMESTAMP ? SET days = days - ? WHERE device_id = ? AND retention_days = ?"
DELETE_DEVICE = "DELETE FROM devices USING TIMESTAMP ? WHERE device_id = ?"


async def delete_span(cassandra: Cassandra, device_id: int, span: Span, clock: Clock) -> None:
    """Remove what was received before now and lies within the span. The catalogue keeps its entries."""
    stamp = clock.receipt()
    names = sorted(await stored_names(cassandra, device_id))
    days = await stored_days(cassandra, device_id, span)
    await in_parallel(
        partial(cassandra.execute_batch, [*batch, invalidation_by_deletion(device_id, day, clock.receipt())])
        for day in days
        for batch in _of_day(device_id, day, span, names, stamp)
    )


async def purge_device(cassandra: Cassandra, device_id: int, clock: Clock) -> bool:
    """Remove the next days of all that was received of the device before now; whether there are more.

    The catalogue's entries go after the days that are found by them, so that a purge goes on where it was left.
    """
    stamp = clock.receipt()
    stored = await cassandra.execute(STORED_DAYS, (device_id,))
    days = sorted(frozenset().union(*[found or () for _, found in stored]))
    purged = days[:DAYS_PER_PURGE]
    await in_parallel(
        partial(cassandra.execute_batch, [*batch, invalidation_by_deletion(device_id, day, clock.receipt())])
        for day in purged
        for batch in _of_day(device_id, day, Span(Millis(0), None), [], stamp)
    )
    if len(days) == len(purged):
        await cassandra.execute(DELETE_DEVICE, (stamp, device_id))
        return False
    await cassandra.execute_batch(
        [(FORGET_DAYS, (stamp, set(purged), device_id, retention_days)) for retention_days, _ in stored]
    )
    return True


def _of_day(device_id: int, day: int, span: Span, names: Sequence[str], stamp: Micros) -> list[list[Statement]]:
    """Batches, each of one day's partition."""
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
