"""Supervision of background work."""

import asyncio

import pytest

from iotflow.background import supervisor as module
from iotflow.background.supervisor import Supervisor
from iotflow.domain.errors import StoreUnavailable

DEADLINE_S = 5.0


class Work:
    """Work that raises its errors one after the other, then reports that it is done and waits."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.done = asyncio.Event()
        self.cancelled = False

    async def __call__(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.done.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def wait_for(work: Work) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await work.done.wait()


async def test_work_restarts_after_a_defect_and_is_cancelled_at_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "RESTART_DELAY_S", 0.001)
    work, neighbour = Work(ValueError("a defect"), ValueError("another")), Work()
    async with Supervisor() as supervisor:
        supervisor.run("some work", work)
        supervisor.run("other work", neighbour)
        await wait_for(work)
        await wait_for(neighbour)
    assert (work.cancelled, neighbour.cancelled) == (True, True)
    assert caplog.text.count("some work: failed; restart") == 2


async def test_repeated_work_is_retried_after_an_outage_without_a_restart(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(StoreUnavailable("sql", "down"), StoreUnavailable("sql", "down"))
    async with Supervisor() as supervisor:
        supervisor.repeat("some work", work, every_s=0.001)
        await wait_for(work)
    assert work.cancelled
    assert caplog.text.count("some work: the sql store is unavailable: down; retry") == 2
    assert "restart" not in caplog.text


async def test_repeated_work_runs_soon_after_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_RUN_AFTER_S", 0.001)
    ran = asyncio.Event()

    async def run() -> None:
        ran.set()

    async with Supervisor() as supervisor, asyncio.timeout(5):
        supervisor.repeat("rare work", run, every_s=3_600)
        await ran.wait()
