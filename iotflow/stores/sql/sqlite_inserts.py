"""Inserts of many rows into SQLite by few steps.

sqlite3 releases the interpreter's lock (GIL) for each step, and `executemany` takes a step for each row. A thread that
takes the lock back waits for the event loop's: beside a busy loop 200 rows took 21 ms, and take 3 as four statements.
"""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from iotflow.stores.sql.database import RowValues

ROWS_PER_INSERT = 64
"""Rows of one statement. The connection caches a statement for each number of rows, of some 15 KiB at most."""


def insert_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[RowValues]) -> None:
    """Insert rows in one transaction, in the connection's thread. `statement` inserts one row."""
    if len(rows) <= ROWS_PER_INSERT:
        # A single statement is a transaction.
        _insert(connection, statement, rows)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for first in range(0, len(rows), ROWS_PER_INSERT):
            _insert(connection, statement, rows[first : first + ROWS_PER_INSERT])
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _insert(connection: sqlite3.Connection, statement: str, rows: Sequence[RowValues]) -> None:
    connection.execute(_repeat_values(statement, len(rows[0]), len(rows)), tuple(chain.from_iterable(rows)))


@lru_cache(maxsize=4 * ROWS_PER_INSERT)
def _repeat_values(statement: str, columns: int, rows: int) -> str:
    """Return the INSERT of this number of rows."""
    values = f"({', '.join('?' * columns)})"
    before, after = statement.split(f"VALUES {values}")
    return f"{before}VALUES {', '.join([values] * rows)}{after}"
