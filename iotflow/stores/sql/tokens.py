"""Access tokens in the `tokens` table."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis
from iotflow.stores.sql.tables import tokens, users

TOKENS_PER_CHUNK = 1_000


class SqlTokens:
    """Plays `TokenRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, digest: bytes, user_id: UUID, created_at: Millis, expires_at: Millis) -> None:
        statement = tokens.insert().values(digest=digest, user_id=user_id, created_at=created_at, expires_at=expires_at)
        await self._connection.execute(statement)

    async def find(self, digest: bytes, now: Millis) -> UserPrincipal | None:
        statement = (
            select(tokens.c.digest, tokens.c.expires_at, users.c.user_id, users.c.username, users.c.is_admin)
            .join_from(tokens, users)
            .where(tokens.c.digest == digest, tokens.c.expires_at > now, users.c.is_active)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return UserPrincipal(
            user_id=row.user_id,
            username=row.username,
            is_admin=row.is_admin,
            credential=row.digest,
            expires_at=row.expires_at,
        )

    async def delete(self, digest: bytes) -> None:
        await self._connection.execute(delete(tokens).where(tokens.c.digest == digest))

    async def delete_of_user(self, user_id: UUID) -> None:
        await self._connection.execute(delete(tokens).where(tokens.c.user_id == user_id))

    async def end_oldest(self, user_id: UUID, keep: int) -> list[bytes]:
        newest_first = select(tokens.c.digest).where(tokens.c.user_id == user_id).order_by(tokens.c.created_at.desc())
        # SQLite takes OFFSET after LIMIT alone.
        oldest = newest_first.limit(TOKENS_PER_CHUNK).offset(keep)
        ended = delete(tokens).where(tokens.c.digest.in_(oldest)).returning(tokens.c.digest)
        return list((await self._connection.execute(ended)).scalars())

    async def digests_of_user(self, user_id: UUID) -> list[bytes]:
        statement = select(tokens.c.digest).where(tokens.c.user_id == user_id)
        return list((await self._connection.execute(statement)).scalars())

    async def delete_expired(self, now: Millis, limit: int) -> int:
        expired = (
            select(tokens.c.digest).where(tokens.c.expires_at <= now).limit(limit).with_for_update(skip_locked=True)
        )
        return (await self._connection.execute(delete(tokens).where(tokens.c.digest.in_(expired)))).rowcount
