"""Interface of personal access tokens."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from iotflow.domain.personal_tokens import NewPersonalToken, PersonalToken
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis


class PersonalTokenRepository(Protocol):
    """Personal access tokens, each with the SHA-256 digest of its secret. Ids are positive and never used again.

    An expired token stays until it is deleted; only `find` ignores it.
    """

    async def add(
        self, user_id: UUID, new: NewPersonalToken, digest: bytes, prefix: str, created_at: Millis
    ) -> PersonalToken:
        """Store a token and return it.

        Raises:
        - NotFound: the id of the user is unknown.
        - Conflict: a token of the user has this name.

        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Return whether the account has more than this number of tokens."""
        ...

    async def find(self, digest: bytes, now: Millis) -> UserPrincipal | None:
        """Return the user of a token with the token's grant, without the rights of an administrator.

        None if the token is unknown or expired, or the user is not active.
        """
        ...

    async def page(self, user_id: UUID, limit: int, offset: int) -> tuple[list[PersonalToken], int]:
        """Return a page of a user's tokens, ordered by id, and the number of all."""
        ...

    async def digests_of_user(self, user_id: UUID) -> list[bytes]:
        """Return the digests of a user's tokens."""
        ...

    async def delete(self, user_id: UUID, token_id: int) -> PersonalToken:
        """Remove a token of a user, and return it. Raises NotFound."""
        ...

    async def delete_of_user(self, user_id: UUID) -> list[PersonalToken]:
        """Remove all tokens of a user, and return them in the order of their ids."""
        ...

    async def record_used(self, used: Mapping[int, Millis]) -> None:
        """Store the times of the latest uses, by token id. An older time never replaces a newer one."""
        ...
