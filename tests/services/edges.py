"""Where a test steps between a service and a player: at the edge of the player's Protocol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from iotflow.repositories.transactions import Transaction, Transactions

Interference = Callable[..., Awaitable[None]]


class Edge:
    """A player of which each call of `methods` is preceded by `before` and followed by `after`, with its arguments."""

    def __init__(
        self, player: object, *methods: str, before: Interference | None = None, after: Interference | None = None
    ) -> None:
        self._player = player
        self._methods = methods
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:  # Any: the player's own method
        found = getattr(self._player, name)
        return self._interfered(found) if name in self._methods else found

    def _interfered(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def interfered(*args: Any, **kwargs: Any) -> Any:
            if self._before is not None:
                await self._before(*args, **kwargs)
            answer = await call(*args, **kwargs)
            if self._after is not None:
                await self._after(*args, **kwargs)
            return answer

        return interfered


class Pause:
    """Holds the first call until it is told to go on; the others pass."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, *_args: Any, **_kwargs: Any) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()


class Stepped:
    """Transactions in which each call of the role's method is followed by `after`. Plays `Transactions`."""

    def __init__(self, transactions: Transactions, role: str, method: str, after: Interference) -> None:
        self._transactions = transactions
        self._role = role
        self._method = method
        self._after = after

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        return self._transactions.read(bulk=bulk)

    @asynccontextmanager
    async def write(self, *, bulk: bool = False) -> AsyncIterator[Any]:
        async with self._transactions.write(bulk=bulk) as transaction:
            edge = Edge(getattr(transaction, self._role), self._method, after=self._after)
            yield _Replaced(transaction, self._role, edge)


class _Replaced:
    """A transaction with another player of one role."""

    def __init__(self, transaction: Transaction, role: str, player: object) -> None:
        self._transaction = transaction
        setattr(self, role, player)

    def __getattr__(self, name: str) -> Any:  # Any: the transaction's own attribute
        return getattr(self._transaction, name)


class Fail:
    """Raises an error, while it is set."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
        self.calls = 0

    async def __call__(self, *_args: Any, **_kwargs: Any) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error
