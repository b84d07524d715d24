"""What the rate limiter promises."""

import secrets

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.repositories.rate_limits import RateLimit, RateLimiter
from tests.contracts.timed import PassTime, Timed


def new_subject() -> str:
    return f"login ünder test {secrets.token_hex(8)}"


async def wait(limiter: RateLimiter, subject: str, limit: int, period_s: int, cost: int = 1) -> int:
    """Use one unit, or `cost`; 0 if that is admitted, else the seconds until it will be."""
    return (await limiter.take(subject, RateLimit("tries", limit, period_s), cost)).retry_after_s


async def admitted(limiter: RateLimiter, subject: str, limit: int, period_s: int, attempts: int) -> int:
    """How many of so many attempts are admitted."""
    return [await wait(limiter, subject, limit, period_s) for _ in range(attempts)].count(0)


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
        assert 1 <= await wait(limiter, subject, limit, period_s) <= -(-period_s // limit)

    async def test_refused_attempts_cost_nothing(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 2, 2, 20) == 2
        await pass_time(1.05)
        assert await wait(limiter, subject, 2, 2) == 0

    async def test_then_one_more_each_interval(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 3, 3, 3) == 3
        for _ in range(2):
            assert await wait(limiter, subject, 3, 3) == 1
            await pass_time(1.05)
            assert await admitted(limiter, subject, 3, 3, 2) == 1

    async def test_the_wait_that_is_told_is_enough(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        await wait(limiter, subject, 1, 2)
        told = await wait(limiter, subject, 1, 2)
        assert 1 <= told <= 2
        await pass_time(told)
        assert await wait(limiter, subject, 1, 2) == 0

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

    async def test_limits_of_one_subject_do_not_share(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 2, 60, 5) == 2
        assert await admitted(limiter, subject, 3, 60, 5) == 3

    async def test_processes_share(self, limiter: RateLimiter, other: RateLimiter) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 2, 60) == 0
        assert await wait(other, subject, 2, 60) == 0
        assert await wait(limiter, subject, 2, 60) > 0
        assert await wait(other, subject, 2, 60) > 0

    async def test_an_attempt_given_back_can_be_used_again(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        await admitted(limiter, subject, 3, 60, 3)
        await limiter.give_back(subject, RateLimit("tries", 3, 60))
        assert await admitted(limiter, subject, 3, 60, 3) == 1

    async def test_giving_back_never_makes_more_than_the_limit(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        await limiter.give_back(subject, RateLimit("tries", 2, 60))
        for _ in range(5):
            await wait(limiter, subject, 2, 60)
            await limiter.give_back(subject, RateLimit("tries", 2, 60))
        assert await admitted(limiter, subject, 2, 60, 5) == 2

    async def test_a_cost_is_used_whole_or_not_at_all(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 10, 60, cost=7) == 0
        assert await wait(limiter, subject, 10, 60, cost=4) in (5, 6)
        assert await wait(limiter, subject, 10, 60, cost=3) == 0
        assert await admitted(limiter, subject, 10, 60, 1) == 0

    async def test_more_than_the_limit_is_never_admitted(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 10, 60, cost=11) > 0
        assert await admitted(limiter, subject, 10, 60, 11) == 10

    async def test_a_cost_of_nothing_tells_whether_one_more_is_admitted(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        for _ in range(5):
            assert await wait(limiter, subject, 2, 60, cost=0) == 0
        assert await admitted(limiter, subject, 2, 60, 5) == 2
        assert await wait(limiter, subject, 2, 60, cost=0) > 0

    async def test_what_is_left_is_told(self, limiter: RateLimiter) -> None:
        subject, limit = new_subject(), RateLimit("tries", 4, 60)
        told = [await limiter.take(subject, limit) for _ in range(5)]
        assert {(one.subject, one.limit) for one in told} == {(subject, limit)}
        assert [one.remaining for one in told] == [3, 2, 1, 0, 0]
        for number, one in enumerate(told):
            assert 15 * min(number + 1, 4) - 1 <= one.reset_s <= 15 * min(number + 1, 4)

    async def test_a_use_begins_before_it_is_awaited_for(self, limiter: RateLimiter) -> None:
        subject, limit = new_subject(), RateLimit("tries", 1, 60)
        first, second = limiter.take(subject, limit), limiter.take(subject, limit)
        assert (await first).retry_after_s == 0
        assert (await second).retry_after_s > 0

    async def test_rates_of_millions_are_counted(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 10_000_000, 10, cost=10_000_000) == 0
        assert await wait(limiter, subject, 10_000_000, 10, cost=5_000_000) in (4, 5)
        await pass_time(1.05)
        assert await wait(limiter, subject, 10_000_000, 10, cost=1_000_000) == 0
