"""An abandoned SQLite statement: its caller is answered, its thread ends and its locks are released at once."""

import asyncio
import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql import open_database
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.sqlite import READ_CONNECTIONS

ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
MANY_ROWS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT i FROM n")
GIVEN_UP_AFTER_S = 0.2
PROMPT_S = 3.0
CANCELLATIONS = 200

Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'here.db'}")
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE numbers (number INTEGER)"))
    yield database
    await database.close()


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_deadline_ends_a_statement_and_frees_its_connection(
    database: Database, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction: Transaction = getattr(database, kind)
    with monkeypatch.context() as hurried:
        hurried.setattr("iotflow.stores.sql.database.SCAN_TIMEOUT_S", GIVEN_UP_AFTER_S)
        async with asyncio.timeout(PROMPT_S):
            for _ in range(READ_CONNECTIONS + 1):
                with pytest.raises(StoreUnavailable):
                    await _execute(transaction, ENDLESS)
    await _is_whole(database)


@pytest.mark.parametrize("statement", [ENDLESS, MANY_ROWS], ids=["endless", "many rows"])
@pytest.mark.parametrize("first", ["SELECT 1", "INSERT INTO numbers VALUES (1)"])
async def test_a_write_cancelled_within_a_statement_leaves_no_lock(
    database: Database, tmp_path: Path, first: str, statement: TextClause
) -> None:
    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text(first))
            while True:
                await connection.execute(statement)

    writing = asyncio.create_task(write())
    await asyncio.wait([writing], timeout=GIVEN_UP_AFTER_S)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(PROMPT_S):
            await writing
    # Another process can write at once, and so can the next writer here.
    with closing(sqlite3.connect(tmp_path / "here.db", isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM numbers").fetchone() == (0,)
        other.execute("ROLLBACK")
    await _is_whole(database)


@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize("iterations", range(10))
async def test_a_cancellation_while_a_connection_closes_leaves_no_task(
    database: Database, kind: str, iterations: int
) -> None:
    """A task that waits for the end of a thread that has ended would keep the service from ending."""
    statement = asyncio.create_task(_execute(getattr(database, kind), ENDLESS))
    await asyncio.wait([statement], timeout=GIVEN_UP_AFTER_S)
    statement.cancel()
    for _ in range(iterations):
        await asyncio.sleep(0)
    statement.cancel()
    await asyncio.wait([statement])
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        _, waiting = await asyncio.wait(left, timeout=PROMPT_S)
        assert waiting == set()
    await _is_whole(database)


async def test_cancellations_at_any_moment_leave_the_connections_whole(database: Database) -> None:
    moments = random.Random(3)
    committed = 0
    for number in range(CANCELLATIONS):
        task = asyncio.create_task(_insert(database, number))
        await _let_run(moments)
        readers = [asyncio.create_task(_execute(database.read, MANY_ROWS)) for _ in range(moments.randrange(8))]
        await _let_run(moments)
        for each in (task, *readers):
            for _ in range(moments.randrange(1, 3)):
                each.cancel()
        await asyncio.wait([task, *readers])
        committed += not task.cancelled()
    await _is_whole(database)
    async with database.read() as connection:
        stored = list((await connection.execute(text("SELECT number FROM numbers"))).scalars())
    assert len(stored) == len(set(stored))
    assert committed <= len(stored) < CANCELLATIONS


async def _let_run(moments: random.Random) -> None:
    """Let tasks run for some milliseconds or iterations of the event loop: a fast disk commits within a millisecond."""
    if moments.random() < 1 / 2:
        await asyncio.sleep(moments.uniform(0, 0.01))
    for _ in range(moments.randrange(20)):
        await asyncio.sleep(0)


async def _insert(database: Database, number: int) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})


async def _execute(transaction: Transaction, statement: TextClause) -> None:
    async with transaction() as connection:
        await connection.execute(statement)


async def _is_whole(database: Database) -> None:
    """Check that all connections can be used concurrently, and that only their threads are left."""
    async with asyncio.timeout(PROMPT_S):
        for _ in range(3):
            async with database.write() as connection:
                await connection.execute(text("DELETE FROM numbers WHERE number < 0"))
        async with database.read() as one, database.read() as two, database.read() as three, database.read() as four:
            for connection in (one, two, three, four):
                await connection.execute(text("SELECT count(*) FROM numbers"))
    abandoned = [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]
    for thread in abandoned[: -(READ_CONNECTIONS + 1)]:
        await asyncio.to_thread(thread.join, PROMPT_S)
        assert not thread.is_alive()
