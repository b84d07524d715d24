"""Activity of devices by the hour in the `activity` table."""

from collections.abc import Collection, Mapping

from sqlalchemy import BigInteger, ColumnElement, and_, delete, func, literal_column, select, true, tuple_

from iotflow.clock import Clock
from iotflow.domain.analytics import HOUR_MS, DayActivity
from iotflow.domain.times import DAY_MS, Millis, TimeRange
from iotflow.repositories.activity import RETENTION_DAYS, Activity, DeviceHour
from iotflow.stores.sql.database import Database, insert
from iotflow.stores.sql.tables import activity

ROWS_PER_CHUNK = 500
_SUMS = (func.sum(activity.c.messages).label("messages"), func.sum(activity.c.points).label("points"))


class SqlActivity:
    """SQL implementation of `ActivityRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, counts: Mapping[DeviceHour, Activity]) -> None:
        rows = [
            {"device_id": at.device_id, "hour": at.hour, "messages": count.submissions, "points": count.points}
            for at, count in sorted(counts.items(), key=lambda item: (item[0].device_id, item[0].hour))
        ]
        if not rows:
            return
        async with self._database.write(bulk=True) as connection:
            statement = insert(connection.dialect.name, activity)
            added = {c.name: c + statement.excluded[c.name] for c in (activity.c.messages, activity.c.points)}
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["device_id", "hour"], set_=added), rows
            )

    async def points_by_hour(self, since: Millis) -> dict[Millis, int]:
        statement = (
            select(activity.c.hour, func.sum(activity.c.points))
            .where(activity.c.hour >= since)
            .group_by(activity.c.hour)
        )
        async with self._database.read(bulk=True) as connection:
            return {hour: int(count) for hour, count in await connection.execute(statement)}

    async def by_day(self, device_ids: Collection[int], time_range: TimeRange) -> dict[Millis, DayActivity]:
        # No parameter: PostgreSQL would take those of SELECT and of GROUP BY for different ones.
        day = (activity.c.hour - activity.c.hour % literal_column(str(DAY_MS), BigInteger)).label("day")
        statement = (
            select(day, *_SUMS, func.count().label("hours"))
            .where(_within(device_ids, time_range))
            .group_by(day)
            .order_by(day)
        )
        async with self._database.read(bulk=True) as connection:
            found = await connection.execute(statement)
            return {Millis(row.day): DayActivity(int(row.messages), int(row.points), row.hours) for row in found}

    async def busiest(self, device_ids: Collection[int], time_range: TimeRange, limit: int) -> dict[int, Activity]:
        statement = (
            select(activity.c.device_id, *_SUMS)
            .where(_within(device_ids, time_range))
            .group_by(activity.c.device_id)
            .order_by(func.sum(activity.c.messages).desc(), activity.c.device_id)
            .limit(limit)
        )
        async with self._database.read(bulk=True) as connection:
            found = await connection.execute(statement)
            return {row.device_id: Activity(int(row.messages), int(row.points)) for row in found}

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        key = (activity.c.device_id, activity.c.hour)
        chunk = select(*key).where(activity.c.device_id.in_(device_ids)).order_by(*key).limit(ROWS_PER_CHUNK)
        async with self._database.read() as connection:
            found = [(row.device_id, row.hour) for row in await connection.execute(chunk)]
        if found:
            async with self._database.write() as connection:
                await connection.execute(delete(activity).where(tuple_(*key).in_(found)))
        return len(found) == ROWS_PER_CHUNK


class SqlActivityRetention:
    """SQL implementation of `RetentionSweeper` for activity counts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def delete_expired_chunk(self) -> bool:
        key = (activity.c.device_id, activity.c.hour)
        kept_from = self._clock.now() - RETENTION_DAYS * DAY_MS
        expired = select(*key).where(activity.c.hour < kept_from).order_by(activity.c.hour).limit(ROWS_PER_CHUNK)
        async with self._database.read() as connection:
            found = [(row.device_id, row.hour) for row in await connection.execute(expired)]
        if found:
            async with self._database.write() as connection:
                await connection.execute(delete(activity).where(tuple_(*key).in_(found)))
        return len(found) == ROWS_PER_CHUNK


def _within(device_ids: Collection[int], time_range: TimeRange) -> ColumnElement[bool]:
    first = time_range.start - time_range.start % HOUR_MS
    end = true() if time_range.end is None else activity.c.hour < time_range.end
    return and_(activity.c.device_id.in_(device_ids), activity.c.hour >= first, end)
