"""The interface of leases."""

from typing import Protocol
from uuid import UUID


class LeaseRepository(Protocol):
    """Leases by name, each held by one process at a time. The clock of the store's server decides when one ends."""

    async def acquire(self, name: str, holder: UUID, duration_ms: int) -> bool:
        """Take a lease that is free or has ended, or renew one's own, for this long. Return whether it is held.

        A holder that took another one's place is never replaced by its renewal.
        """
        ...

    async def release(self, name: str, holder: UUID) -> None:
        """End a lease, if this holder has it."""
        ...
