"""Contract of the rate limiter."""

import secrets

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotflow.repositories.cache import RateLimit, RateLimiter
from tests.contracts.timed import PassTime, Timed


def new_subject() -> str:
    return f"login ünder test {secrets.token_hex(8)}"


async def wait(limiter: RateLimiter, subject: str, limit: int, period_s: int, cost: int = 1) -> int:
    """Use `cost` units; return 0 if they were admitted, else the seconds until they will be."""
    return (await limiter.hit(subject, RateLimit("tries", limit, period_s), cost)).retry_after_s


async def admitted(limiter: RateLimiter, subject: str, limit: int, period_s: int, attempts: int) -> int:
    """Return how many of a number of attempts are admitted."""
    return [await wait(limiter, subject, limit, period_s) for _ in range(attempts)].count(0)


class RateLimiterContract(Timed):
    """The implementation under test, and that of another process on the same store."""

    @pytest.fixture
    def limiter(self) -> RateLimiter:
        raise NotImplementedError

    @pytest.fixture
    def other(self, limiter: RateLimiter) -> RateLimiter:
        return limiter

    @given(limit=st.integers(1, 60), period_s=st.integers(60, 86_400))
    @example(limit=7, period_s=300)
    @example(limit=50, period_s=61)
    async def test_a_burst_up_to_the_limit_is_admitted(self, limiter: RateLimiter, limit: int, period_s: int) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, limit, period_s, limit) == limit
        assert 1 <= await wait(limiter, subject, limit, period_s) <= -(-period_s // limit)

    async def test_refused_attempts_cost_nothing(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 2, 2, 20) == 2
        await pass_time(1.05)
        assert await wait(limiter, subject, 2, 2) == 0

    async def test_after_a_burst_one_attempt_per_interval_is_admitted(
        self, limiter: RateLimiter, pass_time: PassTime
    ) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 3, 3, 3) == 3
        for _ in range(2):
            assert await wait(limiter, subject, 3, 3) == 1
            await pass_time(1.05)
            assert await admitted(limiter, subject, 3, 3, 2) == 1

    async def test_the_reported_wait_is_enough(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        await wait(limiter, subject, 1, 2)
        reported = await wait(limiter, subject, 1, 2)
        assert 1 <= reported <= 2
        await pass_time(reported)
        assert await wait(limiter, subject, 1, 2) == 0

    async def test_after_a_whole_period_the_full_burst_is_admitted_again(
        self, limiter: RateLimiter, pass_time: PassTime
    ) -> None:
        subject = new_subject()
        await admitted(limiter, subject, 2, 2, 2)
        await pass_time(4.5)
        assert await admitted(limiter, subject, 2, 2, 4) == 2

    async def test_subjects_have_separate_limits(self, limiter: RateLimiter) -> None:
        first, second = new_subject(), new_subject()
        await admitted(limiter, first, 2, 60, 5)
        assert await admitted(limiter, second, 2, 60, 5) == 2

    async def test_limits_of_one_subject_are_separate(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        assert await admitted(limiter, subject, 2, 60, 5) == 2
        assert await admitted(limiter, subject, 3, 60, 5) == 3

    async def test_processes_share_a_limit(self, limiter: RateLimiter, other: RateLimiter) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 2, 60) == 0
        assert await wait(other, subject, 2, 60) == 0
        assert await wait(limiter, subject, 2, 60) > 0
        assert await wait(other, subject, 2, 60) > 0

    async def test_an_attempt_given_back_can_be_used_again(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        await admitted(limiter, subject, 3, 60, 3)
        await limiter.refund(subject, RateLimit("tries", 3, 60))
        assert await admitted(limiter, subject, 3, 60, 3) == 1

    async def test_giving_back_never_makes_more_than_the_limit(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        await limiter.refund(subject, RateLimit("tries", 2, 60))
        for _ in range(5):
            await wait(limiter, subject, 2, 60)
            await limiter.refund(subject, RateLimit("tries", 2, 60))
        assert await admitted(limiter, subject, 2, 60, 5) == 2

    async def test_a_cost_is_admitted_as_a_whole_or_refused(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 10, 60, cost=7) == 0
        assert await wait(limiter, subject, 10, 60, cost=4) in (5, 6)
        assert await wait(limiter, subject, 10, 60, cost=3) == 0
        assert await admitted(limiter, subject, 10, 60, 1) == 0

    async def test_more_than_the_limit_is_never_admitted(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 10, 60, cost=11) > 0
        assert await admitted(limiter, subject, 10, 60, 11) == 10

    async def test_a_cost_of_zero_reports_whether_one_more_is_admitted(self, limiter: RateLimiter) -> None:
        subject = new_subject()
        for _ in range(5):
            assert await wait(limiter, subject, 2, 60, cost=0) == 0
        assert await admitted(limiter, subject, 2, 60, 5) == 2
        assert await wait(limiter, subject, 2, 60, cost=0) > 0

    async def test_the_remaining_units_are_reported(self, limiter: RateLimiter) -> None:
        subject, limit = new_subject(), RateLimit("tries", 4, 60)
        reported = [await limiter.hit(subject, limit) for _ in range(5)]
        assert {(one.subject, one.limit) for one in reported} == {(subject, limit)}
        assert [one.remaining for one in reported] == [3, 2, 1, 0, 0]
        for number, one in enumerate(reported):
            assert 15 * min(number + 1, 4) - 1 <= one.reset_s <= 15 * min(number + 1, 4)

    async def test_units_are_used_before_the_call_is_awaited(self, limiter: RateLimiter) -> None:
        subject, limit = new_subject(), RateLimit("tries", 1, 60)
        first, second = limiter.hit(subject, limit), limiter.hit(subject, limit)
        assert (await first).retry_after_s == 0
        assert (await second).retry_after_s > 0

    async def test_rates_of_millions_are_counted(self, limiter: RateLimiter, pass_time: PassTime) -> None:
        subject = new_subject()
        assert await wait(limiter, subject, 10_000_000, 10, cost=10_000_000) == 0
        assert await wait(limiter, subject, 10_000_000, 10, cost=5_000_000) in (4, 5)
        await pass_time(1.05)
        assert await wait(limiter, subject, 10_000_000, 10, cost=1_000_000) == 0
