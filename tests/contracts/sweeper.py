"""What the sweeper role promises."""

from collections.abc import Awaitable, Callable

import pytest

from iotflow.repositories.sweeper import Sweeper

CHUNK = 2_000
"""What one chunk removes at most: with more a writer would feel it."""

Put = Callable[[int], Awaitable[None]]
"""Store so many items."""


async def sweep(sweeper: Sweeper, limit: int = 200) -> int:
    """Sweep one round; the number of its chunks. A round that does not end fails."""
    chunks = 1
    while await sweeper.sweep_chunk():
        chunks += 1
        assert chunks <= limit, "the round does not end"
    return chunks


class SweeperContract:
    """The player under test, over a store of the test's own."""

    @pytest.fixture
    def sweeper(self) -> Sweeper:
        raise NotImplementedError

    @pytest.fixture
    def put_expired(self) -> Put:
        """Stores items that have outlived their retention."""
        raise NotImplementedError

    @pytest.fixture
    def put_kept(self) -> Put:
        """Stores items that have not."""
        raise NotImplementedError

    @pytest.fixture
    def stored(self) -> Callable[[], Awaitable[int]]:
        """How many items the store holds, seen around the player."""
        raise NotImplementedError

    async def test_an_empty_store_is_swept_in_no_time(self, sweeper: Sweeper) -> None:
        assert await sweep(sweeper) <= 3

    async def test_a_round_removes_what_has_expired_and_nothing_else(
        self, sweeper: Sweeper, put_expired: Put, put_kept: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        await put_kept(700)
        await put_expired(2_500)
        await put_kept(700)
        await sweep(sweeper)
        assert await stored() == 1_400

    async def test_a_chunk_is_small(
        self, sweeper: Sweeper, put_expired: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        await put_expired(3_000)
        before, more = await stored(), True
        while more:
            more = await sweeper.sweep_chunk()
            after = await stored()
            assert before - after <= CHUNK
            before = after
        assert before == 0

    async def test_what_is_stored_during_a_round_stays(
        self, sweeper: Sweeper, put_expired: Put, put_kept: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        await put_expired(2_500)
        more, put = True, 0
        while more:
            more = await sweeper.sweep_chunk()
            await put_kept(10)
            put += 10
        assert await stored() == put

    async def test_the_next_round_removes_what_has_expired_since(
        self, sweeper: Sweeper, put_expired: Put, put_kept: Put, stored: Callable[[], Awaitable[int]]
    ) -> None:
        for _ in range(3):
            await put_expired(1_200)
            await put_kept(1)
            await sweep(sweeper)
        assert await stored() == 3
