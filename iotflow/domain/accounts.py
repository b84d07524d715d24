"""User accounts and their credentials."""

from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class User:
    """An account. Names and addresses are unique without regard to case (`str.casefold`).

    `last_login` is None before the first login.
    """

    user_id: UUID
    username: str
    email: str
    is_active: bool
    is_admin: bool
    created_at: Millis
    updated_at: Millis
    last_login: Millis | None


@dataclass(frozen=True, slots=True)
class UserCredentials:
    """A user with the Argon2 hash of the password. The hash never leaves the service."""

    user: User
    password_hash: str


class UserChange(TypedDict, total=False):
    """New values of a user's fields. An absent field keeps its value."""

    username: str
    email: str
    password_hash: str
    is_active: bool
    is_admin: bool
