"""Stores that do not expire data by themselves."""

from typing import Protocol


class Sweeper(Protocol):
    """Removes what has outlived its retention."""

    async def sweep_chunk(self) -> bool:
        """Examine one small chunk; whether there is more to examine in this round."""
        ...
