"""Cells of metrics, their sharing between processes, and the gauges of what no request shows for long."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Sequence

import pytest

from iotflow.concurrency.circuit_breaker import MAX_FAILURES, CircuitBreaker
from iotflow.concurrency.group_commit import GroupCommit
from iotflow.domain.errors import StoreUnavailable
from iotflow.metrics import cells, definitions
from iotflow.metrics.cells import SharedSlots
from iotflow.metrics.counting import CELLS, Cells, Gauge
from iotflow.metrics.exposition import render_metrics
from iotflow.stores.sql.pool import ConnectionLimiter, PoolExhausted
from tests.metrics import Reading

STARTED_WITHIN_S = 60


def sampled(gauge: Gauge) -> Reading:
    CELLS.give_sign_of_life()
    gauge.sample()
    return Reading(render_metrics().decode())


async def test_an_open_circuit_is_counted_until_it_closes() -> None:
    is_available = False

    async def probe() -> None:
        if not is_available:
            raise StoreUnavailable("tested", "down")

    breaker = CircuitBreaker("tested", probe, probe_timeout_s=1)
    for _ in range(MAX_FAILURES):
        with pytest.raises(StoreUnavailable):
            async with breaker.guard(1):
                raise StoreUnavailable("tested", "down")
    assert sampled(definitions.OPEN_CIRCUITS).value("iotflow_open_circuits", store="tested") == 1
    is_available = True
    async with asyncio.timeout(10):
        while breaker.is_open:  # noqa: ASYNC110  # the breaker has no notification
            await asyncio.sleep(0.02)
    assert sampled(definitions.OPEN_CIRCUITS).value("iotflow_open_circuits", store="tested") == 0


async def test_writes_that_wait_for_a_flush_are_counted() -> None:
    may_flush = asyncio.Event()

    async def flush(_items: Sequence[int]) -> None:
        await may_flush.wait()

    commit = GroupCommit(flush, store="tested", group_weight=10, max_waiting_weight=10, deadline_s=10)
    async with asyncio.TaskGroup() as group:
        group.create_task(commit.submit(0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for number in (1, 2):
            group.create_task(commit.submit(number))
        await asyncio.sleep(0)
        assert sampled(definitions.GROUP_COMMIT_WAITING).value("iotflow_group_commit_waiting", store="tested") == 2
        may_flush.set()
    assert sampled(definitions.GROUP_COMMIT_WAITING).value("iotflow_group_commit_waiting", store="tested") == 0


async def test_connections_in_use_and_waits_for_them_are_counted() -> None:
    limiter = ConnectionLimiter("tested", 1, bulk=1)
    async with limiter.acquire(1, bulk=False):
        with pytest.raises(PoolExhausted):
            async with limiter.acquire(0.01, bulk=False):
                pass
        assert sampled(definitions.POOL_IN_USE).value("iotflow_pool_in_use", pool="tested") == 1
    reading = sampled(definitions.POOL_IN_USE)
    assert reading.value("iotflow_pool_in_use", pool="tested") == 0
    assert reading.value("iotflow_pool_wait_seconds_count", pool="tested") == 1
    assert reading.value("iotflow_pool_wait_seconds_sum", pool="tested") >= 0.01


def _count_and_die(shared: SharedSlots) -> None:
    slot = shared.claim()
    slot.cells[slot.allocate("tested", ("a",), 1)] += 1
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_continues_the_counts_of_a_killed_one() -> None:
    shared = SharedSlots(1)
    for _ in range(len(shared.slots()) + 1):
        process = multiprocessing.get_context("spawn").Process(target=_count_and_die, args=(shared,))
        process.start()
        process.join(STARTED_WITHIN_S)
        assert process.exitcode == -signal.SIGKILL
    series = [series for slot in shared.slots() for series in slot.read()]
    assert [(each.metric, each.labels, list(each.values)) for each in series] == [
        ("tested", ("a",), [len(shared.slots()) + 1])
    ]


def test_a_process_without_a_free_slot_counts_alone(caplog: pytest.LogCaptureFixture) -> None:
    shared = SharedSlots(1)
    for _ in shared.slots():
        shared.claim()
    alone = shared.claim()
    alone.cells[alone.allocate("tested", (), 1)] += 1
    assert not any(series for slot in shared.slots() for series in slot.read())
    assert "metrics: no slot is free; this worker is not part of /metrics until it restarts" in caplog.messages


def test_counts_before_the_sharing_are_kept() -> None:
    process, shared = Cells(), SharedSlots(1)
    first = process.slot.allocate(definitions.REQUESTS.name, ("GET", "/", "200"), 1)
    process.metrics[definitions.REQUESTS.name] = definitions.REQUESTS
    process.values[first] += 3
    process.share(shared)
    assert [list(series.values) for slot in shared.slots() for series in slot.read()] == [[3]]


def test_series_without_room_do_not_disturb_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cells, "KEY_BYTES", 60)
    slot = cells.private_slot()
    kept = slot.allocate("kept", (), 1)
    lost = {slot.allocate(f"lost {number}", ("x" * 60,), 16) for number in range(100)}
    slot.cells[kept] += 1
    for first in lost:
        slot.cells[first] += 1
    assert [(series.metric, list(series.values)) for series in slot.read()] == [("kept", [1])]
    assert sum("no room for the series" in message for message in caplog.messages) == 1


def test_an_ended_process_has_no_gauges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MAX_SILENCE_S", 0.0)
    definitions.WORKERS.set(1)
    assert Reading(render_metrics().decode()).value("iotflow_workers") == 0
