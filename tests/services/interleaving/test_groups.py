"""Concurrent changes of groups and their members."""

import pytest

from iotflow.domain.devices import NewDevice
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.groups import Membership, NewGroup
from iotflow.services.groups import AddDevicesResult
from tests.services.harness import register_device, register_user
from tests.services.interception import Pause
from tests.services.interleaving.workers import WorkerPair


async def test_of_two_devices_or_groups_of_one_name_one_is_refused(pair: WorkerPair) -> None:
    ada = await register_user(pair.first)
    pause = Pause()
    held, other = pair.first_held_after("devices", "add", pause), pair.second
    _, second = await pair.run_both(
        pause,
        held.services.devices.register(ada.context, NewDevice("probe", "sensor")),
        lambda: other.services.devices.register(ada.context, NewDevice("probe", "sensor")),
    )
    assert isinstance(second, Conflict)
    pause = Pause()
    held = pair.first_held_after("groups", "add", pause)
    _, second = await pair.run_both(
        pause,
        held.services.groups.create(ada.context, NewGroup("garden")),
        lambda: other.services.groups.create(ada.context, NewGroup("garden")),
    )
    assert isinstance(second, Conflict)
    assert [len(await pair.rows(table)) for table in ("devices", "device_groups")] == [1, 1]


async def test_deleting_an_owner_and_adding_a_member_do_not_deadlock(pair: WorkerPair) -> None:
    harness, groups = pair.first, pair.first.services.groups
    root, ada = await register_user(harness, "root", is_admin=True), await register_user(harness, "ada")
    device = await register_device(harness, ada)
    group = await groups.create(ada.context, NewGroup("garden"))
    pause = Pause()
    held = pair.first_held_after("groups", "lock", pause).services.groups
    added, deleted = await pair.run_both(
        pause,
        held.add_device(ada.context, group.id, device.id),
        lambda: pair.second.services.accounts.delete(root.context, ada.caller.user_id),
    )
    assert isinstance(added, (Membership, NotFound))
    assert deleted is None
    harness.clock.advance(1)
    while await pair.rows("outbox", topic="delete_account"):
        await harness.relay.handle_due()
    for table in ("devices", "device_groups", "group_members"):
        assert await pair.rows(table) == []
    assert [row["username"] for row in await pair.rows("users")] == ["root"]


@pytest.mark.parametrize("gone", ["device", "group"])
async def test_a_membership_does_not_outlive_a_concurrent_deletion_of_its_device_or_group(
    pair: WorkerPair, gone: str
) -> None:
    harness, groups = pair.first, pair.first.services.groups
    ada = await register_user(harness)
    device = await register_device(harness, ada)
    group = await groups.create(ada.context, NewGroup("garden"))
    pause, other = Pause(), pair.second
    held = pair.first_held_after("devices", "lock", pause)
    added, deleted = await pair.run_both(
        pause,
        held.services.groups.add_device(ada.context, group.id, device.id),
        lambda: (
            other.services.devices.delete(ada.context, device.id)
            if gone == "device"
            else other.services.groups.delete(ada.context, group.id)
        ),
    )
    assert not isinstance(added, BaseException)
    assert deleted is None
    assert await pair.rows("group_members") == []


async def test_devices_added_to_a_group_twice_at_once_are_added_once(pair: WorkerPair) -> None:
    harness, groups = pair.first, pair.first.services.groups
    ada = await register_user(harness)
    devices = [(await register_device(harness, ada, f"probe {i}")).id for i in range(5)]
    group = await groups.create(ada.context, NewGroup("garden"))
    pause = Pause()
    held = pair.first_held_after("groups", "lock", pause)
    first, second = await pair.run_both(
        pause,
        held.services.groups.add_devices(ada.context, group.id, devices[:4]),
        lambda: pair.second.services.groups.add_devices(ada.context, group.id, devices[:0:-1]),
    )
    assert first == AddDevicesResult(devices[:4], [], [])
    assert second == AddDevicesResult([devices[4]], devices[3:0:-1], [])
