"""Rows fetched in slices: neither all of them in memory at once, nor put together in one go on the event loop."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection

ROWS_PER_SLICE = 1_000
"""Of rows with a text of 4 KiB these are 4 MiB."""

Rows = Sequence[Row[*tuple[Any, ...]]]  # Any: each column's own type


def in_slices(
    connection: AsyncConnection,
    statement: Select[*tuple[Any, ...]],
    parameters: Mapping[str, object] | None = None,
    *,
    rows: int = ROWS_PER_SLICE,
) -> AbstractAsyncContextManager[AsyncGenerator[Rows]]:
    """Give a statement's rows, some at a time. It ends with the block: what was not fetched by then is not read."""
    return aclosing(_slices(connection, statement, parameters or {}, rows))


async def _slices(
    connection: AsyncConnection, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, object], rows: int
) -> AsyncGenerator[Rows]:
    async with connection.stream(statement, parameters) as result:
        while found := await result.fetchmany(rows):
            yield found
