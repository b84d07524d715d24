"""The circuit breaker fails calls at once while a store is down, and closes by itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from iotflow.concurrency import circuit_breaker
from iotflow.concurrency.circuit_breaker import MAX_FAILURES, CircuitBreaker
from iotflow.domain.errors import StoreUnavailable


class Store:
    """A store that can be down, or never answer."""

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
    monkeypatch.setattr(circuit_breaker, "PROBE_INTERVAL_S", 0.01)
    store = Store()
    yield store
    await store.breaker.close()


async def fail(store: Store, times: int) -> None:
    for _ in range(times):
        with pytest.raises(StoreUnavailable):
            await store.call()


async def comes_back(store: Store) -> None:
    async with asyncio.timeout(5):
        while store.breaker.is_open:  # noqa: ASYNC110  # it has no notification
            await asyncio.sleep(0.01)
    assert await store.call() == "answer"


@pytest.mark.parametrize("trouble", ["down", "slow"])
async def test_after_consecutive_failures_calls_fail_at_once(store: Store, trouble: str) -> None:
    setattr(store, trouble, True)
    await fail(store, MAX_FAILURES)
    assert store.breaker.is_open
    await fail(store, 10)
    assert store.calls == MAX_FAILURES
    setattr(store, trouble, False)
    await comes_back(store)


async def test_it_stays_open_while_probes_fail(store: Store) -> None:
    store.down = True
    await fail(store, MAX_FAILURES)
    async with asyncio.timeout(5):
        while store.probes < 5:  # noqa: ASYNC110  # it has no notification
            await asyncio.sleep(0.01)
    assert store.breaker.is_open
    store.down = False
    await comes_back(store)


async def test_a_success_resets_the_count_of_failures(store: Store) -> None:
    for _ in range(5):
        store.down = True
        await fail(store, MAX_FAILURES - 1)
        store.down = False
        assert await store.call() == "answer"


async def test_after_recovery_it_counts_from_zero(store: Store) -> None:
    store.down = True
    await fail(store, MAX_FAILURES)
    store.down = False
    await comes_back(store)
    store.down = True
    await fail(store, MAX_FAILURES - 1)
    assert not store.breaker.is_open


async def test_errors_of_the_caller_do_not_count(store: Store) -> None:
    for _ in range(2 * MAX_FAILURES):
        with pytest.raises(ValueError, match="the caller's"):
            async with store.breaker.guard(timeout_s=1):
                raise ValueError("the caller's")
    assert not store.breaker.is_open


async def test_a_cancelled_call_does_not_count(store: Store) -> None:
    store.slow = True
    for _ in range(2 * MAX_FAILURES):
        call = asyncio.create_task(store.call())
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
    assert not store.breaker.is_open


async def test_concurrent_failures_start_one_probe(store: Store) -> None:
    store.slow = True
    results = await asyncio.gather(*(store.call() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(result, StoreUnavailable) for result in results)
    store.slow = False
    await comes_back(store)
    assert store.probes <= 2


async def test_close_ends_the_probes(store: Store) -> None:
    store.down = True
    await fail(store, MAX_FAILURES)
    await store.breaker.close()
    before = store.probes
    await asyncio.sleep(0.05)
    assert store.probes == before


async def test_an_unexpected_error_of_a_probe_does_not_end_the_probing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.down, store.defect = True, ValueError("an unexpected error")
    await fail(store, MAX_FAILURES)
    async with asyncio.timeout(5):
        while store.probes < 3:  # noqa: ASYNC110  # it has no notification
            await asyncio.sleep(0.01)
    assert "the probe of the telemetry store failed" in caplog.text
    store.down, store.defect = False, None
    await comes_back(store)
