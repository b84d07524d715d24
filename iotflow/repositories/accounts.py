"""Interfaces of users and their access tokens."""

from typing import Protocol
from uuid import UUID

from iotflow.domain.accounts import User, UserChange, UserCredentials
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis


class AccountRepository(Protocol):
    """Users. Names and addresses are unique without regard to case.

    A user that is marked as deleted is visible to `delete` only, and so are its groups and devices in all repositories.
    """

    async def add(self, user: User, password_hash: str) -> None:
        """Store a new user. Raises Conflict, which states whether the name or the address is taken."""
        ...

    async def get(self, user_id: UUID) -> User | None:
        """Return the user, None for an unknown id."""
        ...

    async def lock(self, user_id: UUID) -> User | None:
        """Return the user and lock the row (SELECT … FOR UPDATE) until the transaction ends; None for an unknown id.

        Until then no other transaction changes or removes the user, or adds anything to the account.
        """
        ...

    async def find_credentials(self, login: str) -> UserCredentials | None:
        """Return the user of a name or address, in any case, with the password hash; None for an unknown one."""
        ...

    async def get_credentials(self, user_id: UUID) -> UserCredentials | None:
        """Return the user with the password hash, None for an unknown id."""
        ...

    async def update(self, user_id: UUID, change: UserChange, at: Millis) -> User:
        """Change the fields in `change`, and return the user.

        Raises:
        - NotFound: the id is unknown.
        - Conflict: the name or address is taken.

        """
        ...

    async def record_login(self, user_id: UUID, at: Millis) -> None:
        """Store the time of the latest login."""
        ...

    async def mark_deleted(self, user_id: UUID, at: Millis) -> None:
        """Hide the user with everything it owns, and free its name and address. Raises NotFound."""
        ...

    async def delete(self, user_id: UUID) -> None:
        """Remove the user with its tokens of both kinds, devices, keys, configs, groups and memberships."""
        ...

    async def lock_active_admins(self) -> int:
        """Lock all active administrators until the transaction ends, and return their number.

        Take this lock before all others: another order could deadlock.
        """
        ...

    async def page(self, limit: int, offset: int) -> tuple[list[User], int]:
        """Return a page of users in the order of registration, and the number of all."""
        ...

    async def count(self) -> tuple[int, int]:
        """Return the numbers of all users and of active ones."""
        ...


class TokenRepository(Protocol):
    """Access tokens, by the SHA-256 digest of each."""

    async def add(self, digest: bytes, user_id: UUID, created_at: Millis, expires_at: Millis) -> None:
        """Store a token."""
        ...

    async def find(self, digest: bytes, now: Millis) -> UserPrincipal | None:
        """Return the user of a token; None if it is unknown or expired, or the user is not active."""
        ...

    async def delete(self, digest: bytes) -> None:
        """Remove the token, if it exists."""
        ...

    async def delete_of_user(self, user_id: UUID) -> None:
        """Remove all tokens of a user."""
        ...

    async def delete_oldest(self, user_id: UUID, keep: int) -> list[bytes]:
        """Remove a user's tokens except the `keep` newest, and return the digests of the removed ones."""
        ...

    async def digests_of_user(self, user_id: UUID) -> list[bytes]:
        """Return the digests of a user's tokens."""
        ...

    async def delete_expired(self, now: Millis, limit: int) -> int:
        """Remove up to `limit` expired tokens, and return the number removed."""
        ...
