"""Admission to connection pools, and asyncpg connections whose caller was cancelled."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from iotflow.domain.errors import StoreUnavailable
from iotflow.metrics import definitions

CLOSE_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


class PoolExhausted(StoreUnavailable):
    """All connections stayed in use for the time that a caller may wait. The store itself may be available."""


class ConnectionLimiter:
    """A FIFO limit on open transactions (a bulkhead): transactions over many rows never use all connections.

    Waiting here is caused by this process, so it is no failure of the store.
    """

    def __init__(self, pool: str, connections: int, *, bulk: int) -> None:
        """`pool` is the pool's name in metrics."""
        self._pool = pool
        self._any = asyncio.Semaphore(connections)
        self._bulk = asyncio.Semaphore(bulk)
        self._in_use = 0
        definitions.POOL_SIZE.add_source(self, lambda limiter: {(limiter._pool,): connections})
        definitions.POOL_IN_USE.add_source(self, lambda limiter: {(limiter._pool,): limiter._in_use})

    @asynccontextmanager
    async def acquire(self, timeout_s: float, *, bulk: bool) -> AsyncIterator[None]:
        """Hold a connection's slot during the block. Raises PoolExhausted when none is free within the timeout."""
        async with AsyncExitStack() as stack:
            waits = self._any.locked() or (bulk and self._bulk.locked())
            began_s = time.perf_counter()
            try:
                async with asyncio.timeout(timeout_s):
                    if bulk:
                        await stack.enter_async_context(self._bulk)
                    await stack.enter_async_context(self._any)
            except TimeoutError as error:
                raise PoolExhausted("sql", "all connections are in use") from error
            finally:
                if waits:
                    definitions.POOL_WAIT.observe(time.perf_counter() - began_s, self._pool)
            self._in_use += 1
            try:
                yield
            finally:
                self._in_use -= 1


class ConnectionCloser:
    """Opens and closes asyncpg connections in background tasks, so that a cancelled caller returns at once."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self, *arguments: Any, **options: Any) -> Any:  # Any: what asyncpg.connect takes and gives
        """Open a connection. When the caller is cancelled, the connection is closed as soon as it is open.

        Cancelling `asyncpg.connect` between the connection and the request for TLS would leave an exception that
        nothing retrieves, and asyncio would log it.
        """
        import asyncpg  # type: ignore[import-untyped]  # it has no types

        opening = self._track(asyncio.create_task(asyncpg.connect(*arguments, **options)))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._close_opened)
            raise

    def close_later(self, dbapi_connection: Any) -> None:  # Any: the adapter is untyped
        """Close a connection in the background; terminate it at once where no event loop runs."""
        driver = dbapi_connection.driver_connection
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            driver.terminate()
            return
        self._track(loop.create_task(_close(driver)))

    async def drain(self) -> None:
        """Wait for the background tasks: at most the time to connect plus `CLOSE_TIMEOUT_S`."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _close_opened(self, opened: asyncio.Task[Any]) -> None:
        if not opened.cancelled() and opened.exception() is None:
            self._track(asyncio.create_task(_close(opened.result())))

    def _track(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _close(driver: Any) -> None:  # Any: asyncpg has no types
    try:
        await driver.close(timeout=CLOSE_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001  # whatever the cause, the connection is gone
        logger.debug("sql: a connection was not closed in order: %r", error)
