"""A store that is down costs its callers nothing, and comes back by itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from iotflow import circuit_breaker
from iotflow.circuit_breaker import FAILURES, CircuitBreaker
from iotflow.domain.errors import StoreUnavailable


class Store:
    """A store that can be down, or so slow that it never answers."""

    def __init__(self) -> None:
        self.down = False
        self.slow = False
        self.defect: Exception | None = None
        self.calls = 0
        self.probes = 0
        self.breaker = CircuitBreaker("telemetry", self._probe, probe_timeout_s=0.05)

    async def call(self) -> str:
        async with self.breaker.guard(timeout_s=0.05):
            self.calls += 1
            await self._work()
            return "answer"

    async def _probe(self) -> None:
        self.probes += 1
        if self.defect is not None:
            raise self.defect
        await self._work()

    async def _work(self) -> None:
        if self.slow:
            await asyncio.sleep(60)
        if self.down:
            raise StoreUnavailable("telemetry", "refused")


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    monkeypatch.setattr(circuit_breaker, "PROBE_EVERY_S", 0.01)
    store = Store()
    yield store
    await store.breaker.close()


async def fail(store: Store, times: int) -> None:
    for _ in range(times):
        with pytest.raises(StoreUnavailable):
            await store.call()


async def comes_back(store: Store) -> None:
    async with asyncio.timeout(5):
        while store.breaker.is_open:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.01)
    assert await store.call() == "answer"


@pytest.mark.parametrize("trouble", ["down", "slow"])
async def test_after_some_failures_in_a_row_calls_fail_without_trying(store: Store, trouble: str) -> None:
    setattr(store, trouble, True)
    await fail(store, FAILURES)
    assert store.breaker.is_open
    await fail(store, 10)
    assert store.calls == FAILURES
    setattr(store, trouble, False)
    await comes_back(store)


async def test_it_stays_open_as_long_as_probes_fail(store: Store) -> None:
    store.down = True
    await fail(store, FAILURES)
    async with asyncio.timeout(5):
        while store.probes < 5:  # noqa: ASYNC110  # nor does it of these
            await asyncio.sleep(0.01)
    assert store.breaker.is_open
    store.down = False
    await comes_back(store)


async def test_a_success_between_forgives(store: Store) -> None:
    for _ in range(5):
        store.down = True
        await fail(store, FAILURES - 1)
        store.down = False
        assert await store.call() == "answer"


async def test_after_it_came_back_it_counts_from_nought(store: Store) -> None:
    store.down = True
    await fail(store, FAILURES)
    store.down = False
    await comes_back(store)
    store.down = True
    await fail(store, FAILURES - 1)
    assert not store.breaker.is_open


async def test_errors_that_are_not_the_store_s_count_nothing(store: Store) -> None:
    for _ in range(2 * FAILURES):
        with pytest.raises(ValueError, match="the caller's"):
            async with store.breaker.guard(timeout_s=1):
                raise ValueError("the caller's")
    assert not store.breaker.is_open


async def test_a_cancelled_call_counts_nothing(store: Store) -> None:
    store.slow = True
    for _ in range(2 * FAILURES):
        call = asyncio.create_task(store.call())
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
    assert not store.breaker.is_open


async def test_many_calls_failing_at_once_start_one_probe(store: Store) -> None:
    store.slow = True
    results = await asyncio.gather(*(store.call() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(result, StoreUnavailable) for result in results)
    store.slow = False
    await comes_back(store)
    assert store.probes <= 2


async def test_closed_it_probes_no_more(store: Store) -> None:
    store.down = True
    await fail(store, FAILURES)
    await store.breaker.close()
    before = store.probes
    await asyncio.sleep(0.05)
    assert store.probes == before


async def test_a_probe_that_breaks_does_not_keep_it_closed_for_good(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.down, store.defect = True, ValueError("nobody thought of this")
    await fail(store, FAILURES)
    async with asyncio.timeout(5):
        while store.probes < 3:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.01)
    assert "the probe of the telemetry store failed" in caplog.text
    store.down, store.defect = False, None
    await comes_back(store)
