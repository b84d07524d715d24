"""What users are signed in with."""

from typing import Protocol
from uuid import UUID

from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis


class TokenRepository(Protocol):
    """Access tokens, by the SHA-256 digest of each."""

    async def add(self, digest: bytes, user_id: UUID, created_at: Millis, expires_at: Millis) -> None:
        """Store a token."""
        ...

    async def find(self, digest: bytes, now: Millis) -> UserPrincipal | None:
        """Whom the token proves: an active user's, not expired."""
        ...

    async def delete(self, digest: bytes) -> None:
        """Forget the token, if it is there."""
        ...

    async def delete_of_user(self, user_id: UUID) -> None:
        """Forget all tokens of this user."""
        ...

    async def end_oldest(self, user_id: UUID, keep: int) -> list[bytes]:
        """Forget this user's tokens but the `keep` newest; the digests of those that were forgotten."""
        ...

    async def digests_of_user(self, user_id: UUID) -> list[bytes]:
        """The digests of this user's tokens."""
        ...

    async def delete_expired(self, now: Millis, limit: int) -> int:
        """Forget up to `limit` expired tokens; how many there were."""
        ...
