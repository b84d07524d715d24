"""Reads of latest values concurrent with a submission or a deletion: no reader sees a stale value."""

import asyncio
from dataclasses import replace

import pytest

from iotflow.domain.errors import NotFound, StoreUnavailable
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis, TimeRange
from iotflow.services.passwords import Passwords
from tests.services.harness import (
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    register_device,
    submit,
)
from tests.services.interception import Fail, Intercepted, Pause

ALL = TimeRange(Millis(0), None)


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    """A device of Ada's that has sent 10 for second 10 and 20 for second 20; nothing is cached."""
    device = await register_device(harness, ada)
    for second in (10, 20):
        await submit(harness, device, second, temp=second)
    await harness.stores.latest_cache.invalidate(device.id)
    return device


async def latest(harness: ServiceHarness, owner: SignedInUser, device: RegisteredDevice) -> Value | None:
    """Return the latest value twice: as a reader receives it now, and then from the cache."""
    try:
        first = (await harness.services.telemetry_queries.latest(owner.context, device.id)).latest_values["temp"].value
    except NotFound:
        return None
    again = await harness.services.telemetry_queries.latest(owner.context, device.id)
    assert again.latest_values["temp"].value == first
    return first


def build_slow_harness(harness: ServiceHarness, passwords: Passwords, *, telemetry: Intercepted) -> ServiceHarness:
    """The services over stores whose telemetry is intercepted."""
    return build_harness(replace(harness.stores, telemetry=telemetry), harness.clock, passwords)


async def test_a_read_concurrent_with_a_submission_caches_no_older_value(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    pause = Pause()
    slow = build_slow_harness(
        harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "latest", after=pause)
    )
    reading = asyncio.create_task(slow.services.telemetry_queries.latest(ada.context, device.id))
    await pause.reached.wait()
    await submit(harness, device, 30, temp=30)
    pause.go_on.set()
    assert (await reading).latest_values["temp"].value == 20
    assert await latest(harness, ada, device) == 30


@pytest.mark.parametrize("known", [False, True])
async def test_a_submission_concurrent_with_a_read_is_visible_once_acknowledged(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords, known: bool
) -> None:
    if known:
        assert await latest(harness, ada, device) == 20
    pause = Pause()
    slow = build_slow_harness(harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "write", after=pause))
    submitting = asyncio.create_task(submit(slow, device, 30, temp=30))
    await pause.reached.wait()
    await latest(harness, ada, device)
    pause.go_on.set()
    await submitting
    assert await latest(harness, ada, device) == 30


async def test_concurrent_submissions_out_of_order_leave_the_newest_value(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    assert await latest(harness, ada, device) == 20
    pause = Pause()
    slow = build_slow_harness(harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "write", after=pause))
    overtaken = asyncio.create_task(submit(slow, device, 30, temp="first sent"))
    await pause.reached.wait()
    await submit(harness, device, 30, temp="sent again")
    pause.go_on.set()
    await overtaken
    assert await latest(harness, ada, device) == "sent again"


async def test_a_read_concurrent_with_a_deletion_caches_no_deleted_value(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    pause = Pause()
    slow = build_slow_harness(
        harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "latest", after=pause)
    )
    reading = asyncio.create_task(slow.services.telemetry_queries.latest(ada.context, device.id))
    await pause.reached.wait()
    await harness.services.telemetry_queries.delete(ada.context, device.id, TimeRange(Millis(20_000), None))
    pause.go_on.set()
    await reading
    assert await latest(harness, ada, device) == 10


@pytest.mark.parametrize("known", [False, True])
async def test_a_deletion_concurrent_with_a_read_is_complete_once_acknowledged(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords, known: bool
) -> None:
    if known:
        assert await latest(harness, ada, device) == 20
    pause = Pause()
    slow = build_slow_harness(
        harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "delete", after=pause)
    )
    deleting = asyncio.create_task(slow.services.telemetry_queries.delete(ada.context, device.id, ALL))
    await pause.reached.wait()
    await latest(harness, ada, device)
    pause.go_on.set()
    await deleting
    assert await latest(harness, ada, device) is None


async def test_a_submission_that_was_deleted_before_it_is_acknowledged_is_not_shown(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    pause = Pause()
    slow = build_slow_harness(harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "write", after=pause))
    submitting = asyncio.create_task(submit(slow, device, 30, temp=30))
    await pause.reached.wait()
    await harness.services.telemetry_queries.delete(ada.context, device.id, TimeRange(Millis(30_000), None))
    assert await latest(harness, ada, device) == 20
    pause.go_on.set()
    await submitting
    assert await latest(harness, ada, device) == 20


async def test_a_failed_write_or_deletion_that_reached_the_store_is_visible(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    fail = Fail(StoreUnavailable("telemetry", "its answer was lost"))
    assert await latest(harness, ada, device) == 20
    doubtful = build_slow_harness(
        harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "write", after=fail)
    )
    with pytest.raises(StoreUnavailable):
        await submit(doubtful, device, 30, temp=30)
    assert await latest(harness, ada, device) == 30
    doubtful = build_slow_harness(
        harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "delete", after=fail)
    )
    with pytest.raises(StoreUnavailable):
        await doubtful.services.telemetry_queries.delete(ada.context, device.id, TimeRange(Millis(20_000), None))
    assert await latest(harness, ada, device) == 10


async def test_the_newest_time_is_missing_while_the_store_is_unavailable(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    assert await harness.services.telemetry_queries.newest_time(ada.context, device.id) == 20_000
    await harness.stores.latest_cache.invalidate(device.id)
    fail = Fail(StoreUnavailable("telemetry", "gone"))
    without = build_slow_harness(
        harness, passwords, telemetry=Intercepted(harness.stores.telemetry, "latest", before=fail)
    )
    assert await without.services.telemetry_queries.newest_time(ada.context, device.id) is None
