"""PostgreSQL that hangs, dies, refuses or is slow: errors within the deadlines, and recovery afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql import open_database, postgres
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.pool import PoolExhausted
from iotflow.stores.sql.telemetry import SqlTelemetry
from iotflow.stores.sql.transactions import SqlTransactions
from tests.contracts.telemetry.base import RETENTION_DAYS, record
from tests.contracts.transactional import add_user
from tests.proxy import Proxy, proxied
from tests.stores.postgres import PATIENCE_S, OnPostgres, PostgresTables, connected

GIVEN_UP_AFTER_S = 0.5
PROMPT_S = 5.0
ENDLESS = text("SELECT pg_sleep(3600)")


async def wait_until_available(database: Database) -> None:
    """Read until the database answers."""
    async with asyncio.timeout(20):
        while not await _read(database):  # noqa: ASYNC110  # a server has no event to wait for
            await asyncio.sleep(0.05)


async def _read(database: Database) -> bool:
    try:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
    except StoreUnavailable:
        return False
    return True


async def _sleep(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(ENDLESS)


async def _wait_for_running(beside: Any, number: int) -> None:
    """Wait until `number` endless statements run on the server."""
    active = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND state = 'active'"
    async with asyncio.timeout(PROMPT_S):
        while await beside.fetchval(active, str(ENDLESS)) != number:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.02)


class TestPostgresFaults(OnPostgres):
    @pytest.fixture
    async def proxy(self, url: str) -> AsyncIterator[Proxy]:
        place = make_url(url)
        async with proxied(place.host or "127.0.0.1", place.port or 5432) as proxy:
            yield proxy

    @pytest.fixture
    async def database(self, url: str, proxy: Proxy) -> AsyncIterator[Database]:
        through = make_url(url).set(host="127.0.0.1", port=proxy.port)
        database = open_database(through.render_as_string(hide_password=False))
        yield database
        proxy.thaw()
        await database.close()

    @pytest.fixture
    async def _hurried(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        async with database.read() as one, database.write() as other:
            for connection in (one, other):
                await connection.execute(text("SELECT 1"))
        monkeypatch.setattr("iotflow.stores.sql.database.SHORT_TIMEOUT_S", GIVEN_UP_AFTER_S)

    @pytest.mark.usefixtures("_hurried")
    @pytest.mark.parametrize("kind", ["read", "write"])
    async def test_a_hanging_server_costs_its_deadline_until_the_circuit_opens(
        self, database: Database, proxy: Proxy, kind: str
    ) -> None:
        proxy.freeze()
        transaction = getattr(database, kind)

        async def ask() -> None:
            async with transaction() as connection:
                await connection.execute(text("SELECT 1"))

        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                async with asyncio.timeout(PROMPT_S):
                    await ask()
        before = time.perf_counter()
        for _ in range(100):
            with pytest.raises(StoreUnavailable, match="circuit open after 3 failures"):
                await ask()
        assert time.perf_counter() - before < GIVEN_UP_AFTER_S
        with pytest.raises(StoreUnavailable):
            await database.ping()
        proxy.thaw()
        await wait_until_available(database)
        await ask()

    @pytest.mark.usefixtures("_hurried")
    async def test_a_commit_without_an_answer_fails_within_its_deadline(self, database: Database, proxy: Proxy) -> None:
        async def write() -> None:
            async with database.write() as connection:
                await connection.execute(text("INSERT INTO activity VALUES (1, 1, 1, 1)"))
                proxy.freeze()

        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(PROMPT_S):
                await write()
        proxy.thaw()
        await wait_until_available(database)

    async def test_a_restarted_server_is_used_again_at_once(self, database: Database, proxy: Proxy) -> None:
        async with database.read() as one, database.read() as other:
            for connection in (one, other):
                await connection.execute(text("SELECT 1"))
        await proxy.stop()
        await proxy.start()
        for _ in range(4):
            async with database.read() as connection:
                await connection.execute(text("SELECT 1"))

    async def test_an_outage_loses_no_acknowledged_record(
        self, database: Database, proxy: Proxy, clock: Clock, tables: PostgresTables
    ) -> None:
        telemetry = SqlTelemetry(database, clock, RETENTION_DAYS)
        acknowledged, refused = [], 0
        for number in range(200):
            if number == 50:
                await proxy.stop()
            if number == 100:
                await proxy.start()
                await wait_until_available(database)
            try:
                await telemetry.write(1, [record(clock, number, {"x": number})])
            except StoreUnavailable:
                refused += 1
            else:
                acknowledged.append(number)
        assert refused >= 50
        assert {row["time"] for row in await tables.rows("telemetry_records")} >= set(acknowledged)
        await telemetry.close()

    async def test_a_cancelled_statement_ends_on_the_server_and_its_connection_is_replaced(
        self, database: Database, url: str
    ) -> None:
        async with connected(url) as beside:
            asking = asyncio.create_task(_sleep(database))
            await _wait_for_running(beside, 1)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await _wait_for_running(beside, 0)
        await database.ping()

    @pytest.mark.usefixtures("_hurried")
    async def test_more_timeouts_than_connections_leave_the_pool_usable(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with asyncio.timeout(30):
            outcomes = await asyncio.gather(
                *(_sleep(database) for _ in range(2 * postgres.WRITE_CONNECTIONS)), return_exceptions=True
            )
        assert {type(outcome) for outcome in outcomes} <= {StoreUnavailable, PoolExhausted}
        monkeypatch.setattr("iotflow.stores.sql.database.SHORT_TIMEOUT_S", PATIENCE_S)
        await wait_until_available(database)
        async with asyncio.timeout(20), asyncio.TaskGroup() as users:
            for _ in range(3 * postgres.WRITE_CONNECTIONS):
                users.create_task(add_user(SqlTransactions(database)))

    async def test_the_server_ends_sessions_of_a_client_that_hangs(self, database: Database) -> None:
        shown = {}
        async with database.write() as connection:
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_isolation"):
                shown[name] = await connection.scalar(text(f"SHOW {name}"))
        assert shown == {
            "statement_timeout": "10500ms",
            "idle_in_transaction_session_timeout": "15s",
            "transaction_isolation": "read committed",
        }
        async with database.read() as connection:
            assert await connection.scalar(text("SHOW transaction_isolation")) == "repeatable read"
            assert await connection.scalar(text("SHOW transaction_read_only")) == "on"

    async def test_bulk_reads_leave_connections_to_short_reads_and_do_not_open_the_circuit(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await wait_until_available(database)
        monkeypatch.setattr("iotflow.stores.sql.database.SCAN_TIMEOUT_S", 4.0)
        pause = text("SELECT pg_sleep(1)")

        async def read_long() -> None:
            async with database.read(bulk=True) as connection:
                await connection.execute(pause)

        long = [asyncio.create_task(read_long()) for _ in range(4 * postgres.READ_CONNECTIONS)]
        await asyncio.wait(long, timeout=0.2)
        assert await _read(database)
        async with asyncio.timeout(10):
            outcomes = await asyncio.gather(*long, return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, StoreUnavailable)]
        assert {str(outcome) for outcome in refused} == {"all connections are in use"}
        assert 0 < len(refused) < len(outcomes)
        assert await _read(database)
