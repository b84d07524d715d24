"""Slots for reads of many rows, so that no account occupies all of them (a bulkhead)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from iotflow.domain.errors import Overloaded
from iotflow.logs import LimitLog

MAX_CONCURRENT_READS = 4
"""Concurrent reads of a process: each may hold a page of the maximum size, and all share one event loop."""
MAX_CONCURRENT_READS_PER_ACCOUNT = 2
"""Half of `MAX_CONCURRENT_READS`, so that another account does not wait for this one."""
MAX_READS_PER_ACCOUNT = 256
"""Running and waiting reads of one account: more than a dashboard requests, and cheap to queue."""
QUEUE_TIMEOUT_S = 10.0
"""Time in seconds that a read waits for a slot."""
READ_TIMEOUT_S = 20.0
"""Time in seconds of a read: the timeouts of two of the longest statements."""


@dataclass(slots=True)
class _Account:
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_READS_PER_ACCOUNT))
    requested: int = 0


class BulkReads:
    """A fair semaphore: a queue for each account, followed by one queue for all accounts.

    An account has at most `MAX_CONCURRENT_READS_PER_ACCOUNT` reads in the shared queue, so others wait for few of them.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_READS)
        self._accounts: dict[UUID, _Account] = {}
        self._log = LimitLog("bulk_reads", f"{MAX_CONCURRENT_READS_PER_ACCOUNT} bulk reads at a time of one account")

    @asynccontextmanager
    async def slot(self, account: UUID) -> AsyncIterator[None]:
        """Wait for a slot of the account, and hold it for the block.

        Raises Overloaded if the account has `MAX_READS_PER_ACCOUNT` reads, if no slot is free within `QUEUE_TIMEOUT_S`,
        or if the block takes more than `READ_TIMEOUT_S`.
        """
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(QUEUE_TIMEOUT_S):
                    await stack.enter_async_context(self._account_slot(account))
                    await stack.enter_async_context(self._slots)
            except TimeoutError:
                raise self._refusal(account, f"none ended within {QUEUE_TIMEOUT_S:.0f} s") from None
            deadline = asyncio.timeout(READ_TIMEOUT_S)
            try:
                async with deadline:
                    yield
            except TimeoutError:
                if not deadline.expired():
                    raise
                raise Overloaded(f"bulk reads: the read took more than {READ_TIMEOUT_S:.0f} s; request less") from None

    @asynccontextmanager
    async def _account_slot(self, account: UUID) -> AsyncIterator[None]:
        own = self._accounts.setdefault(account, _Account())
        if own.requested >= MAX_READS_PER_ACCOUNT:
            raise self._refusal(account, f"{MAX_READS_PER_ACCOUNT} were requested")
        own.requested += 1
        try:
            async with own.slots:
                yield
        finally:
            own.requested -= 1
            if not own.requested:
                del self._accounts[account]

    def _refusal(self, account: UUID, problem: str) -> Overloaded:
        self._log.record(str(account))
        return Overloaded(
            f"bulk reads: {MAX_CONCURRENT_READS_PER_ACCOUNT} at a time of one account, and {problem};"
            " send fewer at a time, or try again"
        )
