"""What the rate limiter promises."""

import secrets

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.repositories.rate_limits import RateLimiter
from tests.contracts.timed import PassTime, Timed


def new_subject() -> str:
    return f"login ünder test {secrets.token_hex(8)}"


async def admitted(limiter: RateLimiter, subject: str, limit: int, period_s: int, attempts: int) -> int:
    """How many of so many attempts are admitted."""
    return [await limiter.take(subject, limit, period_s) for _ in range(attempts)].count(0)


class RateLimiterContract(Timed):
    """The player under test, and the same store as another process sees it."""

    @pytest.fixture
    def limiter(self) -> RateLimiter:
        raise NotImplementedError

    @pytest.fixture
    def other(self, limiter: RateLimiter) -> RateLimiter:
        return limiter

    @given(limit=st.integers(1, 60), period_s=st.integers(60, 86_400))
    @example(limit=7, period_s=300)
    @example(limit=50, period_s=61)
    async def test_so_many_attempts_at_once_are_admitted_and_no_more(
        self, limiter: RateLimiter, limit: int, period_s: int
    ) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, limit, period_s, limit) == limit
        assert 1 <= await limiter.take(subject, limit, period_s) <= -(-period_s // limit)

    async def test_refused_attempts_cost_nothing(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 2, 2, 20) == 2
        await pass_time(1.05)
        assert await limiter.take(subject, 2, 2) == 0

    async def test_then_one_more_each_interval(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 3, 3, 3) == 3
        for _ in range(2):
            assert await limiter.take(subject, 3, 3) == 1
            await pass_time(1.05)
            assert await admitted(limiter, subject, 3, 3, 2) == 1

    async def test_the_wait_that_is_told_is_enough(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        await limiter.take(subject, 1, 2)
        wait = await limiter.take(subject, 1, 2)
        assert 1 <= wait <= 2
        await pass_time(wait)
        assert await limiter.take(subject, 1, 2) == 0

    async def test_after_a_period_of_rest_all_attempts_are_back_and_no_more(
        self, limiter: RateLimiter, pass_time: PassTime
    ) -> None:
        subject = new_subject()
        await admitted(limiter, subject, 2, 2, 2)
        await pass_time(4.5)
        assert await admitted(limiter, subject, 2, 2, 4) == 2

    async def test_subjects_do_not_share(self, limiter: RateLimiter) -> None:
        first, second = new_subject(), new_subject()
        await admitted(limiter, first, 2, 60, 5)
        assert await admitted(limiter, second, 2, 60, 5) == 2

    async def test_processes_share(self, limiter: RateLimiter, other: RateLimiter) -> None:
        subject = new_subject()
        assert await limiter.take(subject, 2, 60) == 0
        assert await other.take(subject, 2, 60) == 0
        assert await limiter.take(subject, 2, 60) > 0
        assert await other.take(subject, 2, 60) > 0

    async def test_an_attempt_given_back_can_be_used_again(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        await admitted(limiter, subject, 3, 60, 3)
        await limiter.give_back(subject, 3, 60)
        assert await admitted(limiter, subject, 3, 60, 3) == 1

    async def test_giving_back_never_makes_more_than_the_limit(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        await limiter.give_back(subject, 2, 60)
        for _ in range(5):
            await limiter.take(subject, 2, 60)
            await limiter.give_back(subject, 2, 60)
        assert await admitted(limiter, subject, 2, 60, 5) == 2
