"""The store, seen around the player."""

from collections.abc import Mapping
from typing import Any, Protocol

RawRow = Mapping[str, Any]
"""A row by the names of its columns. Any: what the driver makes of a column."""


class RawTables(Protocol):
    """What is committed in a SQL store, on a connection beside the player's."""

    async def rows(self, table: str) -> list[RawRow]:
        """All rows of a table."""
        ...
