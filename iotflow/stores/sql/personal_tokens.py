"""Personal access tokens in the `personal_tokens` table."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.personal_tokens import NewPersonalToken, PersonalToken, TokenGrant, TokenScope
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis
from iotflow.stores.sql.accounts import has_more_than, lock_owner
from iotflow.stores.sql.database import evaluated_once
from iotflow.stores.sql.tables import personal_tokens, users


class SqlPersonalTokens:
    """SQL implementation of `PersonalTokenRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, user_id: UUID, new: NewPersonalToken, digest: bytes, prefix: str, created_at: Millis
    ) -> PersonalToken:
        await lock_owner(self._connection, user_id)
        values = {
            "user_id": user_id,
            "name": new.name,
            "scopes": " ".join(new.scopes),
            "digest": digest,
            "prefix": prefix,
            "created_at": created_at,
            "expires_at": new.expires_at,
        }
        statement = personal_tokens.insert().values(values).returning(*personal_tokens.c)
        try:
            row = (await self._connection.execute(statement)).one()
        except IntegrityError as error:
            raise Conflict(f"this account has a token named {new.name!r} already") from error
        return _token_from_row(row)

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        return await has_more_than(self._connection, personal_tokens, number, user_id)

    async def find(self, digest: bytes, now: Millis) -> UserPrincipal | None:
        expires_at = personal_tokens.c.expires_at
        statement = (
            select(personal_tokens, users.c.username)
            .join_from(personal_tokens, users)
            .where(personal_tokens.c.digest == digest, or_(expires_at.is_(None), expires_at > now), users.c.is_active)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return UserPrincipal(
            user_id=row.user_id,
            username=row.username,
            is_admin=False,
            digest=row.digest,
            expires_at=row.expires_at,
            grant=TokenGrant(row.id, frozenset(_scopes(row.scopes))),
        )

    async def page(self, user_id: UUID, limit: int, offset: int) -> tuple[list[PersonalToken], int]:
        of_user = personal_tokens.c.user_id == user_id
        page = select(personal_tokens).where(of_user).order_by(personal_tokens.c.id).limit(limit).offset(offset)
        rows = (await self._connection.execute(page)).all()
        number = select(func.count()).select_from(personal_tokens).where(of_user)
        total = (await self._connection.execute(number)).scalar_one()
        return [_token_from_row(row) for row in rows], total

    async def digests_of_user(self, user_id: UUID) -> list[bytes]:
        statement = select(personal_tokens.c.digest).where(personal_tokens.c.user_id == user_id)
        return list((await self._connection.execute(statement)).scalars())

    async def delete(self, user_id: UUID, token_id: int) -> PersonalToken:
        chosen = delete(personal_tokens).where(personal_tokens.c.id == token_id, personal_tokens.c.user_id == user_id)
        row = (await self._connection.execute(chosen.returning(*personal_tokens.c))).one_or_none()
        if row is None:
            raise NotFound(f"there is no token {token_id} among those of user {user_id}")
        return _token_from_row(row)

    async def delete_of_user(self, user_id: UUID) -> list[PersonalToken]:
        chosen = select(personal_tokens.c.id).where(personal_tokens.c.user_id == user_id)
        # In the order of ids, as `record_used`: another order could deadlock on PostgreSQL.
        locked = chosen.order_by(personal_tokens.c.id).with_for_update()
        ended = delete(personal_tokens).where(personal_tokens.c.id.in_(evaluated_once(locked)))
        rows = (await self._connection.execute(ended.returning(*personal_tokens.c))).all()
        return sorted((_token_from_row(row) for row in rows), key=lambda token: token.id)

    async def record_used(self, used: Mapping[int, Millis]) -> None:
        last_used_at = personal_tokens.c.last_used_at
        statement = (
            update(personal_tokens)
            .where(
                personal_tokens.c.id == bindparam("used_id"),
                or_(last_used_at.is_(None), last_used_at < bindparam("used_at")),
            )
            .values(last_used_at=bindparam("used_at"))
        )
        if used:
            # In the order of ids: two flushes in different orders would deadlock on PostgreSQL.
            await self._connection.execute(
                statement, [{"used_id": token_id, "used_at": at} for token_id, at in sorted(used.items())]
            )


def _scopes(stored: str) -> tuple[TokenScope, ...]:
    return tuple(TokenScope(scope) for scope in stored.split())


def _token_from_row(row: Row[*tuple[Any, ...]]) -> PersonalToken:  # Any: the columns' types are those of the table
    return PersonalToken(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        scopes=_scopes(row.scopes),
        digest=row.digest,
        prefix=row.prefix,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
