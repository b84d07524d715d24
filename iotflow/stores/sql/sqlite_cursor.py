"""A cursor of SQLite that calls the connection's thread once a statement: a call takes longer than most statements.

SQLAlchemy's own cursor calls it four times: to open the cursor, for the statement, for the rows, and to close.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import await_

# Any: SQLAlchemy's classes leave statements, parameters and rows untyped.


class SqliteDriver(AsyncAdapt_aiosqlite_dbapi):
    """SQLAlchemy's adapter of aiosqlite, with these cursors."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arguments: Any, **options: Any) -> AsyncAdapt_aiosqlite_connection:
        open_connection = options.pop("async_creator_fn")
        return SqliteConnection(self, await_(open_connection(*arguments, **options)))


class _Outcome:
    """The outcome of a statement whose rows have been read, as the attributes of a cursor."""

    def __init__(self, cursor: sqlite3.Cursor | None = None) -> None:
        self.description = None if cursor is None else cursor.description
        self.rowcount = -1 if cursor is None else cursor.rowcount
        self.lastrowid = None if cursor is None else cursor.lastrowid
        self.arraysize = 1

    async def close(self) -> None:
        """Do nothing: the cursor is closed."""


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()

    def _make_new_cursor(self, connection: Any) -> Any:
        return _Outcome()

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._run(sqlite3.Cursor.execute, operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._run(sqlite3.Cursor.executemany, operation, seq_of_parameters)

    async def _run(self, execute: Callable[..., object], operation: str, parameters: Any) -> None:
        driver, connection = (
            cast(aiosqlite.Connection, self._connection),
            cast(SqliteConnection, self._adapt_connection),
        )
        async with connection._execute_mutex:
            begin, connection.begins_with_next = connection.begins_with_next, False
            outcome, rows = await driver._execute(_run, driver._conn, begin, execute, operation, parameters)  # type: ignore[no-untyped-call]
        self._cursor = outcome
        self._rows = deque(rows)


class SqliteConnection(AsyncAdapt_aiosqlite_connection):
    """A connection with these cursors.

    - `begins_with_next`: the next statement begins a deferred transaction.
    - `only_reads`: a rollback is not waited for, since the thread runs its calls in order and nothing was changed.
    - `is_closing`: its close is under way, and goes on if its caller is cancelled.
    """

    __slots__ = ("begins_with_next", "is_closing", "only_reads")
    _cursor_cls = _Cursor

    def __init__(self, driver: SqliteDriver, connection: Any) -> None:
        super().__init__(driver, connection)
        self.begins_with_next = self.is_closing = self.only_reads = False

    def rollback(self) -> None:
        driver = cast(aiosqlite.Connection, self._connection)
        if self.only_reads and driver._connection is not None:
            driver._tx.put_nowait((None, driver._connection.rollback))
        else:
            super().rollback()

    async def _terminate_graceful_close(self) -> None:
        self.is_closing = True
        await super()._terminate_graceful_close()

    def _terminate_force_close(self) -> None:
        # Beside a close, aiosqlite's `stop` ends the thread first: the close would wait for the thread forever.
        if not self.is_closing:
            super()._terminate_force_close()


def _run(
    connection: sqlite3.Connection, begin: bool, execute: Callable[..., object], operation: str, parameters: Any
) -> tuple[_Outcome, Sequence[Any]]:
    """Run a statement in the connection's thread, and return its outcome and rows."""
    cursor = connection.cursor()
    try:
        if begin and not connection.in_transaction:
            cursor.execute("BEGIN")
        execute(cursor, operation, parameters)
        rows = cursor.fetchall() if cursor.description else ()
        return _Outcome(cursor), rows
    finally:
        cursor.close()
