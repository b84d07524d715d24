"""Who has an account."""

from typing import Protocol
from uuid import UUID

from iotflow.domain.accounts import User, UserChange, UserCredentials
from iotflow.domain.times import Millis


class AccountRepository(Protocol):
    """Users. A name or address differs from all others' without regard to case.

    One that is marked as deleted is there for `delete` alone; so are its groups and devices for all repositories.
    """

    async def add(self, user: User, password_hash: str) -> None:
        """Store a new user. Raises Conflict for a taken name or address, saying which."""
        ...

    async def get(self, user_id: UUID) -> User | None:
        """The user of this id."""
        ...

    async def lock(self, user_id: UUID) -> User | None:
        """The user of this id, which no other transaction changes, removes or gives anything until this one ends."""
        ...

    async def find_credentials(self, login: str) -> UserCredentials | None:
        """The user of this name or address, in any case, with the hash of the password."""
        ...

    async def get_credentials(self, user_id: UUID) -> UserCredentials | None:
        """The user of this id, with the hash of the password."""
        ...

    async def update(self, user_id: UUID, change: UserChange, at: Millis) -> User:
        """Change what `change` names. Raises NotFound, or Conflict for a taken name or address."""
        ...

    async def record_login(self, user_id: UUID, at: Millis) -> None:
        """Remember the latest login."""
        ...

    async def mark_deleted(self, user_id: UUID, at: Millis) -> None:
        """Hide the user and all that is theirs, and free their name and address. Raises NotFound."""
        ...

    async def delete(self, user_id: UUID) -> None:
        """Remove the user with their tokens, devices, keys, configs, groups and memberships."""
        ...

    async def lock_active_admins(self) -> int:
        """How many active administrators there are; none of them can leave until this transaction ends.

        Comes before all other locks.
        """
        ...

    async def page(self, limit: int, offset: int) -> tuple[list[User], int]:
        """Users in the order of registration, and how many there are in all."""
        ...

    async def count(self) -> tuple[int, int]:
        """How many users there are: all, active."""
        ...
