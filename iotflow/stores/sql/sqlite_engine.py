"""The engines of SQLite: how connections are opened, configured and abandoned."""

import asyncio
import sqlite3
import threading
from typing import Any

import aiosqlite
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from iotflow.concurrency.tasks import run_to_completion
from iotflow.stores.sql.sqlite_cursor import SqliteDriver
from iotflow.stores.sql.sqlite_files import SqliteFiles

BUSY_TIMEOUT_S = 5.0
"""Wait for a write transaction of another process."""
SYNCHRONOUS = "FULL"
"""A commit is on disk when it returns."""
STEPS_BETWEEN_CHECKS = 100_000
"""Steps of SQLite's virtual machine after which a statement checks whether it is to stop: every few ms."""


def sqlite_engine(
    url: str, files: SqliteFiles, connections: int, *, pool_timeout_s: float, writes: bool
) -> AsyncEngine:
    """Return an engine whose connections open when first used. `files` records which files each one has opened."""
    # Writers wait for the pool's one connection: its queue is FIFO, while SQLite's busy handler polls and can starve a
    # writer. `timeout` is the busy handler's, for writers in other processes.
    sqlite = create_async_engine(
        url,
        module=SqliteDriver(),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        # Each block ends its transaction: the pool's own rollback would be one more call of the thread.
        pool_reset_on_return=None,
        # Each connection has a thread, whose heap keeps the size of the largest page it has read: use few of them.
        pool_use_lifo=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "async_creator_fn": _connect},
    )
    _listen(sqlite.sync_engine, files, writes=writes)
    return sqlite


def _listen(sqlite: Engine, files: SqliteFiles, *, writes: bool) -> None:
    """Configure each new connection, begin its transactions, and stop what it does when it is abandoned."""

    @event.listens_for(sqlite, "connect")
    def configure(connection: Any, record: Any) -> None:  # Any: SQLAlchemy's adapter around aiosqlite is untyped
        # By itself the driver would begin deferred transactions.
        connection.isolation_level = None
        connection.only_reads = not writes
        _set_pragmas(connection, writes=writes)
        interrupt = threading.Event()
        record.info["interrupt"] = interrupt
        files.record_opened(record.info)
        connection.run_async(lambda driver: driver.set_progress_handler(interrupt.is_set, STEPS_BETWEEN_CHECKS))

    @event.listens_for(sqlite, "begin")
    def begin(connection: Any) -> None:  # Any: the event's signature is untyped
        if writes:
            # A deferred transaction that reads and then writes fails at once with "database is locked", whatever the
            # timeout, when another connection has written in between. IMMEDIATE takes the write lock at the beginning.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.connection.dbapi_connection.begins_with_next = True

    @event.listens_for(sqlite, "invalidate")
    def abandon(connection: Any, record: Any, _error: object) -> None:  # Any: as above
        # Cancelling a statement does not stop its thread. A connection that is closed within a transaction keeps its
        # locks until its last cursor is garbage-collected, so other writers would wait for an unknown time.
        record.info["interrupt"].set()
        connection.rollback()


def _set_pragmas(connection: Any, *, writes: bool) -> None:  # Any: SQLAlchemy's adapter around aiosqlite is untyped
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL" if writes else "PRAGMA query_only = ON")
    cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    # In memory, sorting the points of an aggregate takes 60 bytes for each: 120 MiB for 2 million.
    cursor.execute("PRAGMA temp_store = FILE")
    # Open the write-ahead log.
    cursor.execute("SELECT 1 FROM sqlite_master")
    cursor.close()


async def _connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:  # Any: whatever sqlite3.connect takes
    """Open a connection as SQLAlchemy would, and leave neither file nor thread behind when that fails."""
    connection = aiosqlite.connect(*arguments, **options)
    thread = connection._thread
    thread.daemon = True

    async def connect() -> aiosqlite.Connection:
        return await connection

    try:
        return await run_to_completion(connect())
    except (sqlite3.Error, asyncio.CancelledError):
        await run_to_completion(connection.close())
        # The thread calls the event loop when it ends, and the caller may be about to close the loop.
        await run_to_completion(asyncio.to_thread(thread.join))
        raise
