"""People and what they sign in with."""

from dataclasses import dataclass
from uuid import UUID

from iotflow.domain.times import Millis


@dataclass(frozen=True, slots=True)
class User:
    """An account. Names and addresses are unique without regard to case (`str.casefold`)."""

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
    """A user with the Argon2 hash of the password, for the check at login; it never leaves the service."""

    user: User
    password_hash: str


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change of a user; None leaves a field as it is."""

    username: str | None = None
    email: str | None = None
    password_hash: str | None = None
    is_active: bool | None = None
    is_admin: bool | None = None
