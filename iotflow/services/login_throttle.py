"""How often passwords may be guessed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from iotflow.domain.errors import Overloaded, RateLimited
from iotflow.limit_log import LimitLog
from iotflow.repositories.rate_limits import Admission, RateLimit, RateLimiter


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """How many passwords may be wrong within `window_s` seconds before the next try must wait."""

    per_account: int
    per_network: int
    window_s: int


class LoginThrottle:
    """Counts tries before they are judged, so that many at once are no way around it; right ones are given back."""

    def __init__(self, rate_limiter: RateLimiter, limits: LoginLimits) -> None:
        self._rate_limiter = rate_limiter
        self._account = RateLimit("logins-of-account", limits.per_account, limits.window_s)
        self._network = RateLimit("logins", limits.per_network, limits.window_s)
        self._logs = {limit: LimitLog(f"{limit.name}: {limit.limit:,}") for limit in (self._account, self._network)}

    async def take_account(self, account: str) -> None:
        """Count a try of an account's password. Raises RateLimited."""
        await self._take(_account(account), self._account)

    async def take_network(self, network: str) -> Admission:
        """Count a try from a client network. Raises RateLimited."""
        return await self._take(_network(network), self._network)

    async def give_back_account(self, account: str) -> None:
        """The password was right."""
        await self._rate_limiter.give_back(_account(account), self._account)

    async def give_back_network(self, network: str) -> None:
        """The password was right."""
        await self._rate_limiter.give_back(_network(network), self._network)

    @asynccontextmanager
    async def not_for_overload(self, account: str, network: str | None = None) -> AsyncIterator[None]:
        """Give the try back when the block could not judge the password: nobody has guessed then."""
        try:
            yield
        except Overloaded:
            await self.give_back_account(account)
            if network is not None:
                await self.give_back_network(network)
            raise

    async def _take(self, subject: str, limit: RateLimit) -> Admission:
        admission = await self._rate_limiter.take(subject, limit)
        if admission.retry_after_s:
            self._logs[limit].met(subject)
            raise RateLimited(
                f"{limit.name}: at most {limit.limit:,} wrong passwords within {limit.period_s:,} s;"
                f" try again in {admission.retry_after_s} s",
                admission.retry_after_s,
            )
        return admission


def _account(account: str) -> str:
    return f"account {account}"


def _network(network: str) -> str:
    return f"address {network}"
