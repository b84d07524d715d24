"""The interface of retention, for stores without a TTL."""

from typing import Protocol


class RetentionSweeper(Protocol):
    """A sweeper that removes data past its retention."""

    async def delete_expired_chunk(self) -> bool:
        """Scan one small chunk and remove its expired data. Return whether this round has more chunks."""
        ...
