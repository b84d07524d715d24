"""Accounts in the `users` table, access tokens in `tokens`, and the owner of devices and groups."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, delete, func, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.accounts import User, UserChange, UserCredentials
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis
from iotflow.stores.sql.database import broken_constraint, evaluated_once
from iotflow.stores.sql.tables import tokens, users

MAX_TOKENS_ENDED = 1_000
"""Tokens that one call of `delete_oldest` deletes."""

_USER = (
    users.c.user_id,
    users.c.username,
    users.c.email,
    users.c.is_active,
    users.c.is_admin,
    users.c.created_at,
    users.c.updated_at,
    users.c.last_login,
)
_NOT_DELETED = users.c.deleted_at.is_(None)


class SqlAccounts:
    """SQL implementation of `AccountRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user: User, password_hash: str) -> None:
        await self._require_free(user.username, user.email, other_than=None)
        values = {
            "user_id": user.user_id,
            "username": user.username,
            "username_key": user.username.casefold(),
            "email": user.email,
            "email_key": user.email.casefold(),
            "password_hash": password_hash,
            "is_active": user.is_active,
            "is_admin": user.is_admin,
            "created_at": user.created_at,
            "updated_at": user.updated_at,
            "last_login": user.last_login,
        }
        try:
            await self._connection.execute(users.insert().values(values))
        except IntegrityError as error:
            raise _conflict(error, user.username, user.email) from error

    async def get(self, user_id: UUID) -> User | None:
        row = (
            await self._connection.execute(select(*_USER).where(users.c.user_id == user_id, _NOT_DELETED))
        ).one_or_none()
        return None if row is None else _user_from_row(row)

    async def lock(self, user_id: UUID) -> User | None:
        locked = select(*_USER).where(users.c.user_id == user_id, _NOT_DELETED).with_for_update()
        row = (await self._connection.execute(locked)).one_or_none()
        return None if row is None else _user_from_row(row)

    async def find_credentials(self, login: str) -> UserCredentials | None:
        key = login.casefold()
        return await self._credentials(or_(users.c.username_key == key, users.c.email_key == key))

    async def get_credentials(self, user_id: UUID) -> UserCredentials | None:
        return await self._credentials(users.c.user_id == user_id)

    async def update(self, user_id: UUID, change: UserChange, at: Millis) -> User:
        username, email = change.get("username"), change.get("email")
        await self._require_free(username, email, other_than=user_id)
        values: dict[str, object] = {**change, "updated_at": at}
        for field in ("username", "email"):
            if field in values:
                values[f"{field}_key"] = str(values[field]).casefold()
        statement = update(users).where(users.c.user_id == user_id, _NOT_DELETED).values(values).returning(*_USER)
        try:
            row = (await self._connection.execute(statement)).one_or_none()
        except IntegrityError as error:
            raise _conflict(error, username, email) from error
        if row is None:
            raise NotFound(f"there is no user {user_id}")
        return _user_from_row(row)

    async def record_login(self, user_id: UUID, at: Millis) -> None:
        await self._connection.execute(update(users).where(users.c.user_id == user_id).values(last_login=at))

    async def mark_deleted(self, user_id: UUID, at: Millis) -> None:
        # No registered name contains `:`, and no address lacks `@`, so this key is never taken.
        free_key = f"deleted:{user_id}"
        values = {
            "username": "",
            "username_key": free_key,
            "email": "",
            "email_key": free_key,
            "password_hash": "",
            "is_active": False,
            "is_admin": False,
            "last_login": None,
            "deleted_at": at,
        }
        statement = update(users).where(users.c.user_id == user_id, _NOT_DELETED).values(values)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(f"there is no user {user_id}")

    async def delete(self, user_id: UUID) -> None:
        # The foreign keys cascade to tokens, devices, keys, configs, groups and memberships.
        await self._connection.execute(delete(users).where(users.c.user_id == user_id))

    async def lock_active_admins(self) -> int:
        admins = select(users.c.user_id).where(users.c.is_admin, users.c.is_active)
        # Two transactions that locked the rows in different orders would deadlock.
        locked = admins.order_by(users.c.user_id).with_for_update()
        return len((await self._connection.execute(locked)).all())

    async def page(self, limit: int, offset: int) -> tuple[list[User], int]:
        kept = select(*_USER).where(_NOT_DELETED)
        statement = kept.order_by(users.c.created_at, users.c.user_id).limit(limit).offset(offset)
        rows = (await self._connection.execute(statement)).all()
        return [_user_from_row(row) for row in rows], (await self.count())[0]

    async def count(self) -> tuple[int, int]:
        active = func.count().filter(users.c.is_active)
        row = (await self._connection.execute(select(func.count(), active).where(_NOT_DELETED))).one()
        return row[0], row[1]

    async def _credentials(self, where: ColumnElement[bool]) -> UserCredentials | None:
        stored = select(*_USER, users.c.password_hash).where(where, _NOT_DELETED)
        row = (await self._connection.execute(stored)).one_or_none()
        return None if row is None else UserCredentials(_user_from_row(row), row.password_hash)

    async def _require_free(self, username: str | None, email: str | None, other_than: UUID | None) -> None:
        for column, value, what in ((users.c.username_key, username, "username"), (users.c.email_key, email, "email")):
            if value is None:
                continue
            statement = select(users.c.user_id).where(column == value.casefold())
            holder = (await self._connection.execute(statement)).scalar_one_or_none()
            if holder is not None and holder != other_than:
                raise Conflict(f"the {what} {value!r} is taken")


class SqlTokens:
    """SQL implementation of `TokenRepository`."""

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
            digest=row.digest,
            expires_at=row.expires_at,
        )

    async def delete(self, digest: bytes) -> None:
        await self._connection.execute(delete(tokens).where(tokens.c.digest == digest))

    async def delete_of_user(self, user_id: UUID) -> None:
        await self._connection.execute(delete(tokens).where(tokens.c.user_id == user_id))

    async def delete_oldest(self, user_id: UUID, keep: int) -> list[bytes]:
        newest_first = select(tokens.c.digest).where(tokens.c.user_id == user_id).order_by(tokens.c.created_at.desc())
        # SQLite accepts OFFSET only after LIMIT.
        oldest = newest_first.limit(MAX_TOKENS_ENDED).offset(keep)
        ended = delete(tokens).where(tokens.c.digest.in_(oldest)).returning(tokens.c.digest)
        return list((await self._connection.execute(ended)).scalars())

    async def digests_of_user(self, user_id: UUID) -> list[bytes]:
        statement = select(tokens.c.digest).where(tokens.c.user_id == user_id)
        return list((await self._connection.execute(statement)).scalars())

    async def delete_expired(self, now: Millis, limit: int) -> int:
        expired = (
            select(tokens.c.digest).where(tokens.c.expires_at <= now).limit(limit).with_for_update(skip_locked=True)
        )
        statement = delete(tokens).where(tokens.c.digest.in_(evaluated_once(expired))).returning(tokens.c.digest)
        return len((await self._connection.execute(statement)).all())


def owner_not_deleted(owned: Table) -> ColumnElement[bool]:
    """Return the condition that a row's owner is not marked as deleted.

    The few owners that are have a partial index, so a list of devices or groups pays one read of that index.
    """
    return owned.c.user_id.not_in(select(users.c.user_id).where(users.c.deleted_at.is_not(None)))


async def lock_owner(connection: AsyncConnection, user_id: UUID) -> None:
    """Lock an account: no other transaction deletes it, or adds devices or groups to it, until this one ends.

    Raises NotFound.
    """
    owner = select(users.c.user_id).where(users.c.user_id == user_id, users.c.deleted_at.is_(None))
    if (await connection.execute(owner.with_for_update(key_share=True))).one_or_none() is None:
        raise NotFound(f"there is no user {user_id}")


async def has_more_than(connection: AsyncConnection, owned: Table, number: int, user_id: UUID) -> bool:
    """Return whether the account owns more than `number` rows; read at most one row more of the index by owner."""
    next_one = select(literal(1)).where(owned.c.user_id == user_id).offset(number).limit(1)
    return (await connection.execute(next_one)).first() is not None


def _conflict(error: IntegrityError, username: str | None, email: str | None) -> Conflict:
    """Return the Conflict for a name or address that another transaction took after the check."""
    if users.c.email_key.name in broken_constraint(error):
        return Conflict(f"the email {email!r} is taken")
    return Conflict(f"the username {username!r} is taken")


def _user_from_row(row: Row[*tuple[Any, ...]]) -> User:  # Any: the columns' types are those of _USER
    return User(
        user_id=row.user_id,
        username=row.username,
        email=row.email,
        is_active=row.is_active,
        is_admin=row.is_admin,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_login=row.last_login,
    )
