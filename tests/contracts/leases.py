"""Contract of the interface of leases."""

import asyncio
from uuid import UUID, uuid4

from iotflow.repositories.transactions import Transactions
from tests.contracts.transactional import TransactionalContract
from tests.waiting import wait_until

LONG_MS, SHORT_MS = 60_000, 50
DEADLINE_S = 5.0


async def acquire(transactions: Transactions, holder: UUID, duration_ms: int = LONG_MS, name: str = "a") -> bool:
    """Acquire a lease."""
    async with transactions.write() as transaction:
        return await transaction.leases.acquire(name, holder, duration_ms)


async def release(transactions: Transactions, holder: UUID) -> None:
    """Release the lease."""
    async with transactions.write() as transaction:
        await transaction.leases.release("a", holder)


class LeasesContract(TransactionalContract):
    async def test_one_holder_has_a_lease_and_renews_it(self, transactions: Transactions) -> None:
        first, second = uuid4(), uuid4()
        assert await acquire(transactions, first)
        assert not await acquire(transactions, second)
        assert await acquire(transactions, first)
        assert await acquire(transactions, second, name="another")

    async def test_a_lease_that_is_released_is_free(self, transactions: Transactions) -> None:
        first, second = uuid4(), uuid4()
        assert await acquire(transactions, first)
        await release(transactions, second)
        assert not await acquire(transactions, second)
        await release(transactions, first)
        assert await acquire(transactions, second)

    async def test_a_lease_that_has_ended_is_taken_and_not_renewed(self, transactions: Transactions) -> None:
        first, second = uuid4(), uuid4()
        assert await acquire(transactions, first, SHORT_MS)

        async def is_taken() -> bool:
            return await acquire(transactions, second)

        await wait_until(is_taken, DEADLINE_S, 0.01)
        assert not await acquire(transactions, first)

    async def test_of_concurrent_attempts_one_succeeds(self, transactions: Transactions) -> None:
        attempts = await asyncio.gather(*(acquire(transactions, uuid4()) for _ in range(10)))
        assert sum(attempts) == 1

    async def test_a_lease_from_before_the_clock_was_set_back_is_free(self, transactions: Transactions) -> None:
        # A lease of a longer duration ends as far ahead as one from before the clock was set back.
        assert await acquire(transactions, uuid4(), 3_600_000)
        assert await acquire(transactions, uuid4(), SHORT_MS)
