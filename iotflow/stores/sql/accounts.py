"""Accounts in the `users` table."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.accounts import User, UserChange, UserCredentials
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.times import Millis
from iotflow.stores.sql.dialect import broken_constraint
from iotflow.stores.sql.tables import users

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
_KEPT = users.c.deleted_at.is_(None)


class SqlAccounts:
    """Plays `AccountRepository`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user: User, password_hash: str) -> None:
        await self._refuse_taken(user.username, user.email, other_than=None)
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
            raise _taken(error, user.username, user.email) from error

    async def get(self, user_id: UUID) -> User | None:
        row = (await self._connection.execute(select(*_USER).where(users.c.user_id == user_id, _KEPT))).one_or_none()
        return None if row is None else _user(row)

    async def lock(self, user_id: UUID) -> User | None:
        locked = select(*_USER).where(users.c.user_id == user_id, _KEPT).with_for_update()
        row = (await self._connection.execute(locked)).one_or_none()
        return None if row is None else _user(row)

    async def find_credentials(self, login: str) -> UserCredentials | None:
        key = login.casefold()
        return await self._credentials(or_(users.c.username_key == key, users.c.email_key == key))

    async def get_credentials(self, user_id: UUID) -> UserCredentials | None:
        return await self._credentials(users.c.user_id == user_id)

    async def update(self, user_id: UUID, change: UserChange, at: Millis) -> User:
        await self._refuse_taken(change.username, change.email, other_than=user_id)
        values: dict[str, object] = {"updated_at": at}
        for field in ("username", "email", "password_hash", "is_active", "is_admin"):
            if (value := getattr(change, field)) is not None:
                values[field] = value
        for field in ("username", "email"):
            if field in values:
                values[f"{field}_key"] = str(values[field]).casefold()
        statement = update(users).where(users.c.user_id == user_id, _KEPT).values(values).returning(*_USER)
        try:
            row = (await self._connection.execute(statement)).one_or_none()
        except IntegrityError as error:
            raise _taken(error, change.username, change.email) from error
        if row is None:
            raise NotFound(f"there is no user {user_id}")
        return _user(row)

    async def record_login(self, user_id: UUID, at: Millis) -> None:
        await self._connection.execute(update(users).where(users.c.user_id == user_id).values(last_login=at))

    async def mark_deleted(self, user_id: UUID, at: Millis) -> None:
        # No account that can be registered has a `:` in its name, or an address without `@`.
        taken_by_nobody = f"deleted:{user_id}"
        values = {
            "username": "",
            "username_key": taken_by_nobody,
            "email": "",
            "email_key": taken_by_nobody,
            "password_hash": "",
            "is_active": False,
            "is_admin": False,
            "last_login": None,
            "deleted_at": at,
        }
        statement = update(users).where(users.c.user_id == user_id, _KEPT).values(values)
        if (await self._connection.execute(statement)).rowcount == 0:
            raise NotFound(f"there is no user {user_id}")

    async def delete(self, user_id: UUID) -> None:
        # The foreign keys take tokens, devices, keys, configs, groups and memberships along.
        await self._connection.execute(delete(users).where(users.c.user_id == user_id))

    async def lock_active_admins(self) -> int:
        admins = select(users.c.user_id).where(users.c.is_admin, users.c.is_active)
        # In one order, or two who lock them at once could wait for each other.
        locked = admins.order_by(users.c.user_id).with_for_update()
        return len((await self._connection.execute(locked)).all())

    async def page(self, limit: int, offset: int) -> tuple[list[User], int]:
        kept = select(*_USER).where(_KEPT)
        statement = kept.order_by(users.c.created_at, users.c.user_id).limit(limit).offset(offset)
        rows = (await self._connection.execute(statement)).all()
        return [_user(row) for row in rows], (await self.count())[0]

    async def count(self) -> tuple[int, int]:
        active = func.count().filter(users.c.is_active)
        row = (await self._connection.execute(select(func.count(), active).where(_KEPT))).one()
        return row[0], row[1]

    async def _credentials(self, where: ColumnElement[bool]) -> UserCredentials | None:
        stored = select(*_USER, users.c.password_hash).where(where, _KEPT)
        row = (await self._connection.execute(stored)).one_or_none()
        return None if row is None else UserCredentials(_user(row), row.password_hash)

    async def _refuse_taken(self, username: str | None, email: str | None, other_than: UUID | None) -> None:
        for column, value, what in ((users.c.username_key, username, "username"), (users.c.email_key, email, "email")):
            if value is None:
                continue
            statement = select(users.c.user_id).where(column == value.casefold())
            holder = (await self._connection.execute(statement)).scalar_one_or_none()
            if holder is not None and holder != other_than:
                raise Conflict(f"the {what} {value!r} is taken")


def _taken(error: IntegrityError, username: str | None, email: str | None) -> Conflict:
    """By somebody who came between the look and the change."""
    if users.c.email_key.name in broken_constraint(error):
        return Conflict(f"the email {email!r} is taken")
    return Conflict(f"the username {username!r} is taken")


def _user(row: Row[*tuple[Any, ...]]) -> User:  # Any: the columns' types are those of _USER
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
