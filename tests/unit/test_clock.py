"""The system's clock, and the one that tests control."""

import time
from itertools import pairwise

import pytest

from iotflow.clock import Clock, SystemClock
from iotflow.domain.times import Millis
from tests.clock import FakeClock


@pytest.mark.parametrize("clock", [SystemClock(), FakeClock()])
def test_unique_times_increase_strictly(clock: Clock) -> None:
    times = [clock.unique_now() for _ in range(10_000)]
    assert all(earlier < later for earlier, later in pairwise(times))


def test_the_system_clock_has_the_time_of_day() -> None:
    clock, before = SystemClock(), time.time()
    now, unique = clock.now(), clock.unique_now()
    after = time.time()
    assert before * 1_000 - 1 <= now <= after * 1_000
    assert before * 1_000_000 - 1 <= unique <= after * 1_000_000 + 1


def test_unique_times_increase_even_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before = clock.unique_now()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000)
    assert clock.now() == 1_000
    assert [clock.unique_now(), clock.unique_now()] == [before + 1, before + 2]


def test_a_fake_clock_only_advances_on_request() -> None:
    clock = FakeClock(Millis(5_000))
    assert (clock.now(), clock.unique_now(), clock.unique_now()) == (5_000, 5_000_000, 5_000_001)
    clock.advance(0.25)
    assert (clock.now(), clock.unique_now()) == (5_250, 5_250_000)
    clock.set(Millis(1))
    assert (clock.now(), clock.unique_now()) == (1, 5_250_001)
