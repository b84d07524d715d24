"""Interfaces of the upkeep of stored data: retention for stores without a TTL, and the sealing of closed days."""

from typing import Protocol


class RetentionSweeper(Protocol):
    """A sweeper that removes data past its retention."""

    async def delete_expired_chunk(self) -> bool:
        """Scan one small chunk and remove its expired data. Return whether this round has more chunks."""
        ...


class RecordSealer(Protocol):
    """A sealer that stores the records of days that have ended in less room. Every read answers as before."""

    async def seal_chunk(self) -> bool:
        """Seal some records of a day in one short transaction. Return whether this round has more to look at."""
        ...
