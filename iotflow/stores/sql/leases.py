"""Leases in the `leases` table."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, literal_column, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.stores.sql.database import insert
from iotflow.stores.sql.watch_tables import leases

_SERVER_TIME: Final[dict[str, ColumnElement[int]]] = {
    "sqlite": literal_column("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"),
    "postgresql": literal_column("CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"),
}
"""The current time in epoch milliseconds, by the clock of the database's server."""
CLOCK_TOLERANCE_MS = 1_000
"""A lease that ends later than its duration and this from now is from before the clock was set back: it is free."""


class SqlLeases:
    """SQL implementation of `LeaseRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def acquire(self, name: str, holder: UUID, duration_ms: int) -> bool:
        dialect = self._connection.dialect.name
        now = _SERVER_TIME[dialect]
        added = insert(dialect, leases).values(name=name, holder=holder, expires_at=now + duration_ms)
        taken = added.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": added.excluded.holder, "expires_at": added.excluded.expires_at},
            where=or_(
                leases.c.holder == added.excluded.holder,
                leases.c.expires_at <= now,
                leases.c.expires_at > now + duration_ms + CLOCK_TOLERANCE_MS,
            ),
        )
        return (await self._connection.execute(taken.returning(leases.c.name))).first() is not None

    async def release(self, name: str, holder: UUID) -> None:
        await self._connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
