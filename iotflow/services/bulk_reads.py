"""Turns for reads of much data, so that one account's never use up what all share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from iotflow.domain.errors import Overloaded
from iotflow.limit_log import LimitLog

AT_ONCE = 4
"""In a process, of all accounts: each may hold the largest page, and all share one event loop."""
PER_ACCOUNT = 2
"""Half of those, so that another account's need not wait for this one's."""
MOST_ASKED = 256
"""Of one account, with those that are under way: more than a dashboard asks for, and cheap to keep waiting."""
WAIT_S = 10.0
"""For a turn."""
READ_S = 20.0
"""For what is read in one turn: two statements that take as long as a statement may."""


@dataclass(slots=True)
class _Account:
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_ACCOUNT))
    asked: int = 0


class BulkReads:
    """A fair semaphore: one queue of all accounts, and before it a queue of each account.

    No account has more than `PER_ACCOUNT` reads in the queue of all, so others wait for a few of its reads at most.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._accounts: dict[UUID, _Account] = {}
        self._log = LimitLog(f"{PER_ACCOUNT} bulk reads at a time of one account")

    @asynccontextmanager
    async def turn(self, account: UUID) -> AsyncIterator[None]:
        """Wait for a turn of the account's and keep it for the block.

        Raises Overloaded where too many of the account's wait already, where none comes in time, and where the block
        takes too long.
        """
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(WAIT_S):
                    await stack.enter_async_context(self._turn_of(account))
                    await stack.enter_async_context(self._turns)
            except TimeoutError:
                raise self._refusal(account, f"none ended within {WAIT_S:.0f} s") from None
            deadline = asyncio.timeout(READ_S)
            try:
                async with deadline:
                    yield
            except TimeoutError:
                if not deadline.expired():
                    raise
                raise Overloaded(f"the read took more than {READ_S:.0f} s: ask for less") from None

    @asynccontextmanager
    async def _turn_of(self, account: UUID) -> AsyncIterator[None]:
        own = self._accounts.setdefault(account, _Account())
        if own.asked >= MOST_ASKED:
            raise self._refusal(account, f"{MOST_ASKED} were asked for")
        own.asked += 1
        try:
            async with own.turns:
                yield
        finally:
            own.asked -= 1
            if not own.asked:
                del self._accounts[account]

    def _refusal(self, account: UUID, problem: str) -> Overloaded:
        self._log.met(str(account))
        return Overloaded(
            f"bulk reads: {PER_ACCOUNT} at a time of one account, and {problem}; send fewer at a time, or try again"
        )
