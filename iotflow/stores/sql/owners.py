"""What devices and groups have in common: an owner, who may be marked as deleted, and bounds their number."""

from uuid import UUID

from sqlalchemy import ColumnElement, Table, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import NotFound
from iotflow.stores.sql.tables import users


def is_kept(owned: Table) -> ColumnElement[bool]:
    """Whether a row's owner is not marked as deleted; those who are, a few, are read off an index of their own."""
    return owned.c.user_id.not_in(select(users.c.user_id).where(users.c.deleted_at.is_not(None)))


async def lock_owner(connection: AsyncConnection, user_id: UUID) -> None:
    """Let nobody delete the account or add to what it owns until the transaction ends. Raises NotFound."""
    owner = select(users.c.user_id).where(users.c.user_id == user_id, users.c.deleted_at.is_(None))
    if (await connection.execute(owner.with_for_update(key_share=True))).one_or_none() is None:
        raise NotFound(f"there is no user {user_id}")


async def has_more_than(connection: AsyncConnection, owned: Table, number: int, user_id: UUID) -> bool:
    """Whether the account owns more rows than this; reads no more of the index by owner."""
    next_one = select(literal(1)).where(owned.c.user_id == user_id).offset(number).limit(1)
    return (await connection.execute(next_one)).first() is not None
