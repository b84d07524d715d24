"""Concurrent misses of one cache entry read the store once."""

import asyncio
from dataclasses import replace

import pytest

from iotflow.concurrency.single_flight import SingleFlight
from iotflow.domain.errors import StoreUnavailable
from iotflow.services.passwords import Passwords
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    register_device,
    submit,
)
from tests.services.interception import Fail, Intercepted, Pause

READERS = 50


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    """A device of Ada's that has sent a value; nothing is cached."""
    device = await register_device(harness, ada)
    await submit(harness, device, 10, temp=10)
    await harness.stores.latest_cache.invalidate(device.id)
    return device


async def test_concurrent_readers_of_latest_values_read_the_store_once(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    reads = Fail(None)
    crowded = build_harness(
        replace(harness.stores, telemetry=Intercepted(harness.stores.telemetry, "latest", before=reads)),
        harness.clock,
        passwords,
    )
    answers = await asyncio.gather(
        *(crowded.services.telemetry_queries.latest(ada.context, device.id) for _ in range(READERS))
    )
    assert {answer.latest_values["temp"].value for answer in answers} == {10}
    assert reads.calls == 1


async def test_concurrent_calls_with_one_key_look_it_up_once(
    harness: ServiceHarness, device: RegisteredDevice, passwords: Passwords
) -> None:
    await harness.stores.identity_cache.invalidate([(await calling(harness, device.key)).digest])
    fills = Fail(None)
    crowded = build_harness(
        replace(harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "fill", before=fills)),
        harness.clock,
        passwords,
    )
    devices = await asyncio.gather(*(calling(crowded, device.key) for _ in range(READERS)))
    assert {found.device_id for found in devices} == {device.id}
    assert fills.calls == 1


async def test_a_reader_after_a_submission_does_not_share_a_read_from_before_it(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    pause = Pause()
    slow = build_harness(
        replace(harness.stores, telemetry=Intercepted(harness.stores.telemetry, "latest", after=pause)),
        harness.clock,
        passwords,
    )
    early = asyncio.create_task(slow.services.telemetry_queries.latest(ada.context, device.id))
    await pause.reached.wait()
    await submit(harness, device, 20, temp=20)
    late = await slow.services.telemetry_queries.latest(ada.context, device.id)
    pause.go_on.set()
    assert late.latest_values["temp"].value == 20
    assert (await early).latest_values["temp"].value == 10


async def test_a_cancelled_reader_does_not_cancel_the_shared_read() -> None:
    flights, pause = SingleFlight[int](), Pause()

    async def work() -> int:
        await pause()
        return 7

    readers = [asyncio.create_task(flights.run("key", work)) for _ in range(3)]
    await pause.reached.wait()
    readers[0].cancel()
    pause.go_on.set()
    assert await asyncio.gather(*readers[1:]) == [7, 7]
    assert readers[0].cancelled()


async def test_an_outage_fails_all_sharers_and_is_not_cached() -> None:
    flights, fail = SingleFlight[int](), Fail(StoreUnavailable("sql", "gone"))

    async def work() -> int:
        await fail()
        return 7

    outcomes = await asyncio.gather(*(flights.run("key", work) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    fail.error = None
    assert await flights.run("key", work) == 7
    assert fail.calls == 2
