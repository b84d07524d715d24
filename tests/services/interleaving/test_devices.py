"""Concurrent changes of devices, keys and configs."""

import pytest

from iotflow.domain.context import RequestContext
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import Conflict, Unauthenticated
from iotflow.domain.events import EventType
from iotflow.domain.principals import DevicePrincipal
from tests.services.harness import calling, register_device, register_user, submit
from tests.services.interception import Pause
from tests.services.interleaving.workers import WorkerPair


async def test_a_key_rotated_twice_at_once_leaves_one_current_key_and_one_former(pair: WorkerPair) -> None:
    harness = pair.first
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    pause = Pause()
    held = pair.first_held_after("keys", "expire_keys", pause)
    first, second = await pair.run_both(
        pause,
        held.services.devices.rotate_key(ada.context, device.id, 60),
        lambda: pair.second.services.devices.rotate_key(ada.context, device.id, 60),
    )
    assert not isinstance(first, BaseException)
    assert not isinstance(second, BaseException)
    expiries = [row["expires_at"] for row in await pair.rows("device_keys", device_id=device.id)]
    assert sorted(expiry is None for expiry in expiries) == [False, True]


async def test_a_device_does_not_end_a_maintenance_that_begins_concurrently(pair: WorkerPair) -> None:
    harness = pair.first
    ada = await register_user(harness)
    device = await register_device(harness, ada, active=False)
    caller = await calling(harness, device.key)
    pause = Pause()
    held = pair.first_held_after("devices", "lock", pause)
    await pair.run_both(
        pause,
        held.services.devices.update(RequestContext(caller), device.id, {"status": DeviceStatus.ACTIVE.value}),
        lambda: pair.second.services.devices.update(ada.context, device.id, {"status": DeviceStatus.MAINTENANCE.value}),
    )
    assert [row["status"] for row in await pair.rows("devices")] == [DeviceStatus.MAINTENANCE.value]


async def test_of_two_changes_of_one_config_version_one_is_refused(pair: WorkerPair) -> None:
    harness = pair.first
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    pause = Pause()
    held = pair.first_held_after("configs", "update", pause)
    first, second = await pair.run_both(
        pause,
        held.services.devices.configure(ada.context, device.id, {"a": 1}, 1, {}),
        lambda: pair.second.services.devices.configure(ada.context, device.id, {"b": 2}, 1, {}),
    )
    assert not isinstance(first, BaseException)
    assert isinstance(second, Conflict)
    assert [row["config_version"] for row in await pair.rows("device_configs")] == [2]


async def test_a_device_that_submits_to_two_workers_is_activated_once(pair: WorkerPair) -> None:
    ada = await register_user(pair.first)
    device = await register_device(pair.first, ada, active=False)
    pause = Pause()
    held = pair.first_held_after("devices", "activate", pause)
    await pair.run_both(pause, submit(held, device, 1, x=1), lambda: submit(pair.second, device, 2, x=2))
    events = await pair.rows("outbox", topic="event")
    assert sum(EventType.DEVICE_STATUS_CHANGED.value in str(row["payload"]) for row in events) == 1


async def test_a_deleted_device_s_key_is_refused_even_if_rotated_concurrently(pair: WorkerPair) -> None:
    harness = pair.first
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    assert isinstance(await calling(harness, device.key), DevicePrincipal)
    pause = Pause()
    held = pair.first_held_after("devices", "lock", pause)
    rotated, deleted = await pair.run_both(
        pause,
        held.services.devices.rotate_key(ada.context, device.id, 60),
        lambda: pair.second.services.devices.delete(ada.context, device.id),
    )
    assert not isinstance(rotated, BaseException)
    assert deleted is None
    assert await pair.rows("device_keys") == []
    with pytest.raises(Unauthenticated):
        await calling(pair.second, device.key)
