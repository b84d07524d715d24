"""Direct access to SQL tables, without the implementation."""

from collections.abc import Mapping
from typing import Any, Protocol

RawRow = Mapping[str, Any]
"""Values by column name. Any: drivers choose the types."""


class RawTables(Protocol):
    """The committed rows of a SQL store, read on a separate connection."""

    async def rows(self, table: str) -> list[RawRow]:
        """Return all rows of a table."""
        ...
