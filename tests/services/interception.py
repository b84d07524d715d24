"""Test doubles that intercept the calls between a service and an implementation of a repository interface."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from iotflow.repositories.transactions import Transaction, Transactions

Hook = Callable[..., Awaitable[None]]
"""An async function that is called with the arguments of an intercepted call."""


class Intercepted:
    """A proxy of an implementation that calls `before` and `after` around each call of `methods`."""

    def __init__(
        self, implementation: object, *methods: str, before: Hook | None = None, after: Hook | None = None
    ) -> None:
        self._implementation = implementation
        self._methods = methods
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:  # Any: the implementation's attribute
        found = getattr(self._implementation, name)
        return self._intercept(found) if name in self._methods else found

    def _intercept(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def intercepted(*args: Any, **kwargs: Any) -> Any:
            if self._before is not None:
                await self._before(*args, **kwargs)
            result = await call(*args, **kwargs)
            if self._after is not None:
                await self._after(*args, **kwargs)
            return result

        return intercepted


class InterceptedTransactions:
    """Implementation of `Transactions` in which `after` follows each call of one repository's method."""

    def __init__(self, transactions: Transactions, repository: str, method: str, after: Hook) -> None:
        self._transactions = transactions
        self._repository = repository
        self._method = method
        self._after = after

    def read(self, *, bulk: bool = False) -> AbstractAsyncContextManager[Transaction]:
        return self._transactions.read(bulk=bulk)

    @asynccontextmanager
    async def write(self, *, bulk: bool = False) -> AsyncIterator[Any]:
        async with self._transactions.write(bulk=bulk) as transaction:
            intercepted = Intercepted(getattr(transaction, self._repository), self._method, after=self._after)
            yield _TransactionProxy(transaction, self._repository, intercepted)


class _TransactionProxy:
    """A transaction with one of its repositories replaced."""

    def __init__(self, transaction: Transaction, repository: str, implementation: object) -> None:
        self._transaction = transaction
        setattr(self, repository, implementation)

    def __getattr__(self, name: str) -> Any:  # Any: the transaction's attribute
        return getattr(self._transaction, name)


class Pause:
    """A hook that holds the first call until `go_on` is set, and lets the others pass."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, *_args: Any, **_kwargs: Any) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()


class Fail:
    """A hook that counts calls, and raises `error` unless it is None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
        self.calls = 0

    async def __call__(self, *_args: Any, **_kwargs: Any) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error
