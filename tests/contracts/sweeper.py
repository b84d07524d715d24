"""Contract of the sweeper interface."""

from collections.abc import Awaitable, Callable

import pytest

from iotflow.repositories.retention import RetentionSweeper

CHUNK = 2_000
"""Largest number of rows that a chunk removes. A larger chunk would delay writers."""

Put = Callable[[int], Awaitable[None]]
"""Stores this number of items."""


async def sweep(sweeper: RetentionSweeper, limit: int = 200) -> int:
    """Sweep one round and return the number of its chunks. Fail if the round does not end."""
    chunks = 1
    while await sweeper.delete_expired_chunk():
        chunks += 1
        assert chunks <= limit, "the round does not end"
    return chunks


class SweeperContract:
    """The implementation under test, on a store that no other test uses."""

    @pytest.fixture
    def sweeper(self) -> RetentionSweeper:
        raise NotImplementedError

    @pytest.fixture
    def put_expired(self) -> Put:
        """Return a function that stores expired items."""
        raise NotImplementedError

    @pytest.fixture
    def put_kept(self) -> Put:
        """Return a function that stores items that have not expired."""
        raise NotImplementedError

    @pytest.fixture
    def stored(self) -> Callable[[], Awaitable[int]]:
        """Return the number of stored items, counted without the implementation."""
        raise NotImplementedError

    async def test_sweeping_an_empty_store_removes_nothing(self, sweeper: RetentionSweeper) -> None:
        assert await sweep(sweeper) <= 3

    async def test_a_round_removes_only_expired_items(
        self, sweeper: RetentionSweeper, put_expired: Put, put_kept: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        await put_kept(700)
        await put_expired(2_500)
        await put_kept(700)
        await sweep(sweeper)
        assert await stored() == 1_400

    async def test_a_chunk_is_small(
        self, sweeper: RetentionSweeper, put_expired: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        await put_expired(3_000)
        before, more = await stored(), True
        while more:
            more = await sweeper.delete_expired_chunk()
            after = await stored()
            assert before - after <= CHUNK
            before = after
        assert before == 0

    async def test_items_stored_during_a_round_are_kept(
        self, sweeper: RetentionSweeper, put_expired: Put, put_kept: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        await put_expired(2_500)
        more, put = True, 0
        while more:
            more = await sweeper.delete_expired_chunk()
            await put_kept(10)
            put += 10
        assert await stored() == put

    async def test_the_next_round_removes_items_that_expired_since(
        self, sweeper: RetentionSweeper, put_expired: Put, put_kept: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        for _ in range(3):
            await put_expired(1_200)
            await put_kept(1)
            await sweep(sweeper)
        assert await stored() == 3
