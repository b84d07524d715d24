"""How SQLite is opened, and what its errors mean."""

import asyncio
import sqlite3
import threading
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from iotflow.completion import to_completion
from iotflow.stores.sql.sqlite_files import SqliteFiles

STEPS_BETWEEN_CHECKS = 100_000
"""How often a statement looks whether it was abandoned, in steps of SQLite's virtual machine: every few ms."""


def sqlite_engine(
    url: str, files: SqliteFiles, connections: int, *, pool_timeout_s: float, writes: bool
) -> AsyncEngine:
    """An engine of so many connections, which connect when first used. `files` are told what each has opened."""
    # Waiting for the one writer is the pool's business: its queue is fair, while SQLite's own busy handler polls and
    # can starve. `timeout` is that handler's, for writers in other processes.
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        # Each connection has a thread, and each thread a heap that keeps the size of the largest page it has read.
        pool_use_lifo=True,
        connect_args={"timeout": 5.0, "async_creator_fn": _opened},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, record: Any) -> None:  # Any: SQLAlchemy's adapter around aiosqlite is untyped
        # The driver must not begin transactions by itself: it would begin them deferred.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL" if writes else "PRAGMA query_only = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
        # Opens the write-ahead log.
        cursor.execute("SELECT 1 FROM sqlite_master")
        cursor.close()
        abandoned = threading.Event()
        record.info["abandoned"] = abandoned
        files.opened(record.info)
        connection.run_async(lambda driver: driver.set_progress_handler(abandoned.is_set, STEPS_BETWEEN_CHECKS))

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # Any: the event's signature is untyped
        # A transaction that begins by reading and then writes fails at once with "database is locked", however long
        # the timeout, when another has written meanwhile. Writers say so from the start.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine.sync_engine, "invalidate")
    def abandon(connection: Any, record: Any, _error: object) -> None:  # Any: as above
        # A statement was cancelled, which does not stop its thread. And a connection that is closed within a
        # transaction keeps its locks until the last of its cursors is garbage, which takes as long as it takes.
        record.info["abandoned"].set()
        connection.rollback()

    return engine


def sqlite_failure(error: DBAPIError) -> str | None:
    """Why the store cannot be used; None for an error that is the statement's own."""
    # DatabaseError itself, not one of its kinds, is what sqlite3 raises for a file that is damaged or no database.
    if isinstance(error, InterfaceError) or type(error) in (DatabaseError, OperationalError):
        return str(error.orig)
    return str(error.orig) if error.connection_invalidated else None


async def _opened(*arguments: Any, **options: Any) -> aiosqlite.Connection:  # Any: whatever sqlite3.connect takes
    """A connection to SQLite, as SQLAlchemy would open it."""
    connection = aiosqlite.connect(*arguments, **options)
    thread = connection._thread
    thread.daemon = True

    async def connect() -> aiosqlite.Connection:
        return await connection

    try:
        return await to_completion(connect())
    except (sqlite3.Error, asyncio.CancelledError):
        await to_completion(connection.close())
        # The thread ends by itself, and says so to the event loop, which the caller may be about to close.
        await to_completion(asyncio.to_thread(thread.join))
        raise
