"""Cancellation of a change at any await: the caches agree with the stores."""

import asyncio
import random
from collections.abc import Awaitable, Coroutine
from dataclasses import replace

import pytest

from iotflow.domain import credentials
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import NotFound, Overloaded, Unauthenticated
from iotflow.domain.events import EventFilter, EventType
from iotflow.domain.times import Millis, TimeRange
from iotflow.services import telemetry_queries
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
from tests.services.interception import Intercepted, Pause

MOMENTS = 60
DEADLINE_S = 10.0


async def cancelled_at(pause: Pause, work: Coroutine[None, None, object]) -> None:
    """Run the work, cancel it repeatedly while it is suspended, then resume it and wait for its end."""
    task = asyncio.create_task(work)
    await pause.reached.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    pause.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def key_works(harness: ServiceHarness, key: str) -> bool:
    try:
        await calling(harness, key)
    except Unauthenticated:
        return False
    return True


async def key_is_stored(harness: ServiceHarness, key: str) -> bool:
    async with harness.stores.transactions.read() as transaction:
        return await transaction.keys.get(credentials.digest(key)) is not None


async def is_active(harness: ServiceHarness, device: RegisteredDevice) -> bool:
    return (await calling(harness, device.key)).device.status is DeviceStatus.ACTIVE


async def newest(harness: ServiceHarness, owner: SignedInUser, device: RegisteredDevice) -> object:
    try:
        return (await harness.services.telemetry_queries.latest(owner.context, device.id)).latest_values["temp"].value
    except NotFound:
        return None


async def test_a_cancelled_revocation_reaches_the_cache(
    harness: ServiceHarness, ada: SignedInUser, passwords: Passwords
) -> None:
    device = await register_device(harness, ada)
    assert await key_works(harness, device.key)
    pause = Pause()
    stores = replace(
        harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "invalidate", before=pause)
    )
    interrupted = build_harness(stores, harness.clock, passwords)
    await cancelled_at(pause, interrupted.services.devices.rotate_key(ada.context, device.id, 0))
    assert not await key_works(harness, device.key)


async def test_a_rotation_cancelled_at_any_moment_is_atomic(harness: ServiceHarness, ada: SignedInUser) -> None:
    device = await register_device(harness, ada)
    key, whole = device.key, 0
    duration_s = await _duration(
        harness.services.devices.rotate_key(ada.context, (await register_device(harness, ada, "b")).id, 0)
    )
    moments = random.Random(1)
    for _ in range(MOMENTS):
        assert await key_works(harness, key)
        rotating = asyncio.create_task(harness.services.devices.rotate_key(ada.context, device.id, 0))
        await asyncio.wait([rotating], timeout=moments.uniform(0, 2 * duration_s))
        while not rotating.done():
            rotating.cancel()
            await asyncio.sleep(0)
        stored = await key_is_stored(harness, key)
        assert await key_works(harness, key) == stored, "the cache contradicts the SQL store"
        if not stored:
            whole += 1
            key = (await harness.services.devices.rotate_key(ada.context, device.id, 0)).api_key
    assert 0 < whole < MOMENTS, "all cancellations came before the change, or all came after it"


async def test_a_cancelled_submission_reaches_the_cache(
    harness: ServiceHarness, ada: SignedInUser, passwords: Passwords
) -> None:
    device = await register_device(harness, ada)
    await submit(harness, device, 10, temp=10)
    assert await newest(harness, ada, device) == 10
    pause = Pause()
    stores = replace(harness.stores, telemetry=Intercepted(harness.stores.telemetry, "write", after=pause))
    await cancelled_at(pause, submit(build_harness(stores, harness.clock, passwords), device, 20, temp=20))
    assert await newest(harness, ada, device) == 20


async def test_submissions_cancelled_at_any_moment_leave_no_stale_cache_entry(
    harness: ServiceHarness, ada: SignedInUser
) -> None:
    device = await register_device(harness, ada)
    duration_s = await _duration(submit(harness, device, 1, temp=1))
    moments = random.Random(2)
    for second in range(2, MOMENTS):
        await newest(harness, ada, device)
        submitting = asyncio.create_task(submit(harness, device, second, temp=second))
        await asyncio.wait([submitting], timeout=moments.uniform(0, 2 * duration_s))
        submitting.cancel()
        await asyncio.wait([submitting])
        stored = await harness.stores.telemetry.latest(device.id)
        assert await newest(harness, ada, device) == stored["temp"].value
        assert submitting.cancelled() or stored["temp"].value == second


async def test_a_cancelled_deletion_reaches_the_cache_and_leaves_an_event(
    harness: ServiceHarness, ada: SignedInUser, passwords: Passwords
) -> None:
    device = await register_device(harness, ada)
    await submit(harness, device, 10, temp=10)
    assert await newest(harness, ada, device) == 10
    pause = Pause()
    stores = replace(harness.stores, telemetry=Intercepted(harness.stores.telemetry, "delete", after=pause))
    interrupted = build_harness(stores, harness.clock, passwords)
    await cancelled_at(
        pause, interrupted.services.telemetry_queries.delete(ada.context, device.id, TimeRange(Millis(0), None))
    )
    assert await newest(harness, ada, device) is None
    await harness.relay.handle_due()
    deletions = EventFilter(device_id=device.id, event_type=EventType.DEVICE_TELEMETRY_DELETED)
    assert len(await harness.stores.events.page(deletions, 10, None)) == 1


async def test_a_deletion_past_its_deadline_is_aborted_and_reaches_the_cache(
    harness: ServiceHarness, ada: SignedInUser, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry_queries, "DELETION_TIMEOUT_S", 0.05)
    device = await register_device(harness, ada)
    await submit(harness, device, 10, temp=10)
    assert await newest(harness, ada, device) == 10
    stores = replace(harness.stores, telemetry=Intercepted(harness.stores.telemetry, "delete", after=Pause()))
    slow = build_harness(stores, harness.clock, passwords)
    with pytest.raises(Overloaded, match="repeat it"):
        await slow.services.telemetry_queries.delete(ada.context, device.id, TimeRange(Millis(0), None))
    assert await newest(harness, ada, device) is None


async def test_a_device_whose_first_submission_is_cancelled_becomes_active(
    harness: ServiceHarness, ada: SignedInUser, passwords: Passwords
) -> None:
    device = await register_device(harness, ada, active=False)
    pause = Pause()
    stores = replace(
        harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "invalidate", before=pause)
    )
    submitting = asyncio.create_task(submit(build_harness(stores, harness.clock, passwords), device, 10, temp=10))
    await pause.reached.wait()
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    pause.go_on.set()
    async with asyncio.timeout(DEADLINE_S):
        while not await is_active(harness, device):  # noqa: ASYNC110  # nothing signals it
            await asyncio.sleep(0.01)


async def _duration(work: Awaitable[object]) -> float:
    started = asyncio.get_running_loop().time()
    await work
    return asyncio.get_running_loop().time() - started
