"""Recording of the statements that an implementation sends to its database."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from iotflow.stores.sql import sqlite_inserts
from iotflow.stores.sql.database import RowValues

Statement = tuple[str, Sequence[Any]]
"""SQL and its parameters. Any: what the driver takes."""


@dataclass
class Statements:
    """The statements that were sent, and the number of rows that each DELETE removed."""

    sent: list[Statement] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    def beginning_with(self, *words: str) -> list[Statement]:
        """Return the statements that begin with one of these words."""
        return [statement for statement in self.sent if statement[0].startswith(words)]


@contextmanager
def record_statements() -> Iterator[Statements]:
    """Record the statements of all databases of this process during the block.

    SQLite's `insert_rows` sends its statements past SQLAlchemy, in one call of the driver.
    """
    statements = Statements()
    insert_rows = sqlite_inserts.insert_rows

    def send_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[RowValues]) -> None:
        statements.sent += [("BEGIN IMMEDIATE", ()), (statement, rows), ("COMMIT", ())]
        insert_rows(connection, statement, rows)

    # Any: the signatures are SQLAlchemy's.
    def send(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        statements.sent.append((sql, parameters))

    def done(_connection: Any, cursor: Any, sql: str, *_: Any) -> None:
        if sql.startswith("DELETE"):
            statements.removed.append(cursor.rowcount)

    sqlite_inserts.insert_rows = send_rows
    event.listen(Engine, "before_cursor_execute", send)
    event.listen(Engine, "after_cursor_execute", done)
    try:
        yield statements
    finally:
        sqlite_inserts.insert_rows = insert_rows
        event.remove(Engine, "before_cursor_execute", send)
        event.remove(Engine, "after_cursor_execute", done)
