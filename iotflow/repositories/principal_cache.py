"""Whom credentials prove, and which device has an id, remembered for a while."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from iotflow.domain.principals import Principal


@dataclass(frozen=True, slots=True)
class PrincipalMiss:
    """Nothing was remembered; `version` is what `fill` compares."""

    version: int


class PrincipalCache(Protocol):
    """Principals by the digest of their token or key, each for at most the cache's lifetime.

    Devices are there by `credentials.device_reference` as well, for those who read them by id.
    """

    async def get(self, digest: bytes) -> Principal | PrincipalMiss:
        """What is remembered of this credential."""
        ...

    async def fill(self, digest: bytes, principal: Principal, miss: PrincipalMiss) -> None:
        """Remember what was read since the miss, unless the credential was invalidated meanwhile."""
        ...

    async def invalidate(self, digests: Collection[bytes]) -> None:
        """Forget these credentials, and let no read that began before now fill them.

        Raises StoreUnavailable when other processes cannot be told; this one has forgotten them all the same.
        """
        ...

    async def invalidate_account(self, user_id: UUID) -> None:
        """Forget all credentials and devices of an account, and let no read that began before now fill them.

        Costs the same however many they are. Raises StoreUnavailable as `invalidate` does.
        """
        ...
