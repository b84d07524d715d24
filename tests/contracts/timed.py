"""Passing of time in suites."""

from collections.abc import Awaitable, Callable

import pytest

from tests.clock import FakeClock

PassTime = Callable[[float], Awaitable[None]]
"""Advances time by this number of seconds, for the implementation and its store."""


class Timed:
    """Base class of suites that need time to pass.

    The tests of an implementation whose store has its own clock override `clock` with the system's, and `pass_time`
    with a wait.
    """

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> PassTime:
        async def pass_seconds(seconds: float) -> None:
            clock.advance(seconds)

        return pass_seconds
