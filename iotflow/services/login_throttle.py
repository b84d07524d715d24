"""The throttle of logins: limits on wrong passwords per account and per client network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from iotflow.domain.errors import Overloaded, RateLimited
from iotflow.domain.limits import LoginLimits
from iotflow.logs import LimitLog
from iotflow.repositories.cache import RateLimit, RateLimiter, RateLimitResult


class LoginThrottle:
    """A throttle of wrong passwords. Attempts are counted before the verification, and right ones are refunded.

    Counted afterwards, concurrent attempts would exceed the limit.
    """

    def __init__(self, rate_limiter: RateLimiter, limits: LoginLimits) -> None:
        self._rate_limiter = rate_limiter
        self._account = RateLimit("logins-of-account", limits.per_account, limits.window_s)
        self._network = RateLimit("logins", limits.per_network, limits.window_s)
        self._logs = {
            limit: LimitLog(name, f"{limit.name}: {limit.limit:,}")
            for name, limit in (("logins_of_account", self._account), ("logins_of_address", self._network))
        }

    async def take_account(self, account: str) -> None:
        """Count an attempt on an account. Raises RateLimited."""
        await self._take(_account(account), self._account)

    async def take_network(self, network: str) -> RateLimitResult:
        """Count an attempt from a client network. Raises RateLimited."""
        return await self._take(_network(network), self._network)

    async def refund_account(self, account: str) -> None:
        """Refund an attempt on an account after a right password."""
        await self._rate_limiter.refund(_account(account), self._account)

    async def refund_network(self, network: str) -> None:
        """Refund an attempt from a client network after a right password."""
        await self._rate_limiter.refund(_network(network), self._network)

    @asynccontextmanager
    async def refund_if_overloaded(self, account: str, network: str | None = None) -> AsyncIterator[None]:
        """Refund the attempts if the block raises Overloaded: no password was verified."""
        try:
            yield
        except Overloaded:
            await self.refund_account(account)
            if network is not None:
                await self.refund_network(network)
            raise

    async def _take(self, subject: str, limit: RateLimit) -> RateLimitResult:
        result = await self._rate_limiter.hit(subject, limit)
        if result.retry_after_s:
            self._logs[limit].record(subject)
            raise RateLimited(
                f"{limit.name}: at most {limit.limit:,} wrong passwords within {limit.period_s:,} s;"
                f" try again in {result.retry_after_s} s",
                result.retry_after_s,
            )
        return result


def _account(account: str) -> str:
    return f"account {account}"


def _network(network: str) -> str:
    return f"address {network}"
