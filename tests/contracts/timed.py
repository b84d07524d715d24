"""How suites let time pass."""

from collections.abc import Awaitable, Callable

import pytest

from tests.clock import FakeClock

PassTime = Callable[[float], Awaitable[None]]
"""Let so many seconds pass, for the player and its store."""


class Timed:
    """A player whose store has a clock of its own overrides `clock` with the machine's, and `pass_time` to wait."""

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> PassTime:
        async def pass_seconds(seconds: float) -> None:
            clock.advance(seconds)

        return pass_seconds
