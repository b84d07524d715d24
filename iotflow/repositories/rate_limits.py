"""How often something may be done."""

from collections.abc import Awaitable
from typing import NamedTuple, Protocol


class RateLimit(NamedTuple):
    """`limit` units at once, then one each `period_s / limit` seconds. `name` is what clients are told."""

    name: str
    limit: int
    period_s: int


class Admission(NamedTuple):
    """Whether a use was admitted: then `retry_after_s` is 0, else the seconds (1 or more) until it will be.

    `remaining` units may be used at once; `reset_s` seconds from now it is all of them.
    """

    subject: str
    limit: RateLimit
    remaining: int
    reset_s: int
    retry_after_s: int


class RateLimiter(Protocol):
    """The generic cell rate algorithm (ITU-T I.371).

    What is counted survives neither a restart of its store nor a clock that is set.
    """

    def take(self, subject: str, limit: RateLimit, cost: int = 1) -> Awaitable[Admission]:
        """Use `cost` of the subject's units, or none if that is not admitted.

        0 uses none, and is admitted if 1 would be. The use begins with the call, not when its outcome is awaited.
        """
        ...

    async def give_back(self, subject: str, limit: RateLimit) -> None:
        """Undo a use of one unit that was admitted."""
        ...
