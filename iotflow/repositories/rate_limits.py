"""How often something may be tried."""

from typing import Protocol


class RateLimiter(Protocol):
    """The generic cell rate algorithm (ITU-T I.371): `limit` attempts at once, then one each `period_s / limit`."""

    async def take(self, subject: str, limit: int, period_s: int) -> int:
        """Use one attempt of the subject's; 0 if it is admitted, else the seconds (1 or more) until one will be."""
        ...

    async def give_back(self, subject: str, limit: int, period_s: int) -> None:
        """Undo one `take` that was admitted."""
        ...
