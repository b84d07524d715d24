"""How often passwords may be guessed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from iotflow.domain.errors import Overloaded, RateLimited
from iotflow.repositories.rate_limits import RateLimiter


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """How many passwords may be wrong within `window_s` seconds before the next try must wait."""

    per_account: int
    per_address: int
    window_s: int


class LoginThrottle:
    """Counts tries before they are judged, so that many at once are no way around it; right ones are given back."""

    def __init__(self, rate_limiter: RateLimiter, limits: LoginLimits) -> None:
        self._rate_limiter = rate_limiter
        self._limits = limits

    async def take_account(self, account: str) -> None:
        """Count a try of an account's password. Raises RateLimited."""
        await self._take(f"login:account:{account}", self._limits.per_account)

    async def take_address(self, address: str) -> None:
        """Count a try from an address. Raises RateLimited."""
        await self._take(f"login:address:{address}", self._limits.per_address)

    async def give_back_account(self, account: str) -> None:
        """The password was right."""
        await self._rate_limiter.give_back(f"login:account:{account}", self._limits.per_account, self._limits.window_s)

    async def give_back_address(self, address: str) -> None:
        """The password was right."""
        await self._rate_limiter.give_back(f"login:address:{address}", self._limits.per_address, self._limits.window_s)

    @asynccontextmanager
    async def not_for_overload(self, account: str, address: str | None = None) -> AsyncIterator[None]:
        """Give the try back when the block could not judge the password: nobody has guessed then."""
        try:
            yield
        except Overloaded:
            await self.give_back_account(account)
            if address is not None:
                await self.give_back_address(address)
            raise

    async def _take(self, subject: str, limit: int) -> None:
        retry_after_s = await self._rate_limiter.take(subject, limit, self._limits.window_s)
        if retry_after_s:
            raise RateLimited(f"too many wrong passwords: try again in {retry_after_s} s", retry_after_s)
