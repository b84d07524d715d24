"""A deadline that can be moved."""

import asyncio
import math

from iotflow.server.deadline import Deadline


async def test_it_is_over_at_its_time_and_not_before() -> None:
    over: list[bool] = []
    checked = asyncio.Event()

    def check() -> None:
        over.append(deadline.is_over)
        if deadline.is_over:
            deadline.set(math.inf)
            checked.set()

    deadline = Deadline(asyncio.get_running_loop(), check)
    deadline.set(0.02)
    deadline.set(0.1)
    began = asyncio.get_running_loop().time()
    await asyncio.wait_for(checked.wait(), 5)
    assert asyncio.get_running_loop().time() - began > 0.08
    assert over == [False, True]


async def test_an_earlier_time_counts() -> None:
    checked = asyncio.Event()
    deadline = Deadline(asyncio.get_running_loop(), checked.set)
    deadline.set(1_000)
    deadline.set(0.01)
    await asyncio.wait_for(checked.wait(), 5)
    deadline.cancel()


async def test_a_cancelled_one_never_checks() -> None:
    checked = asyncio.Event()
    deadline = Deadline(asyncio.get_running_loop(), checked.set)
    deadline.set(0.01)
    deadline.cancel()
    await asyncio.sleep(0.05)
    assert not checked.is_set()
