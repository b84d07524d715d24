"""Look-ups of credentials that cross their revocation: whoever comes afterwards is refused, whatever came first."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from iotflow.domain.credentials import device_reference
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import NotFound, Unauthenticated
from iotflow.repositories.principal_cache import PrincipalMiss
from iotflow.services.accounts import ProfileChange
from iotflow.services.passwords import Passwords
from tests.services.edges import Edge, Pause
from tests.services.house import NETWORK, House, Probe, Resident, calling, furnish, new_probe, new_resident

Revocation = Callable[[House, Resident, Resident, Probe], Coroutine[None, None, object]]


async def rotate_key(house: House, owner: Resident, _root: Resident, probe: Probe) -> None:
    await house.devices.rotate_key(owner.caller, probe.id, 0, None)


async def delete_device(house: House, owner: Resident, _root: Resident, probe: Probe) -> None:
    await house.devices.delete(owner.caller, probe.id, None)


async def deactivate_owner(house: House, owner: Resident, root: Resident, _probe: Probe) -> None:
    await house.accounts.set_active(root.caller, owner.caller.user_id, None, active=False)


async def delete_owner(house: House, owner: Resident, root: Resident, _probe: Probe) -> None:
    await house.accounts.delete(root.caller, owner.caller.user_id, None)


async def log_out(house: House, owner: Resident, _root: Resident, _probe: Probe) -> None:
    await house.authentication.logout(owner.caller, None)


async def change_password(house: House, owner: Resident, root: Resident, _probe: Probe) -> None:
    change = ProfileChange(password="another battery staple")
    await house.accounts.update(root.caller, owner.caller.user_id, change, None)


OF_KEYS = [rotate_key, delete_device, deactivate_owner, delete_owner]
OF_TOKENS = [log_out, change_password, deactivate_owner, delete_owner]


@pytest.fixture
async def probe(house: House, ada: Resident) -> Probe:
    """A device of Ada's, whose key no cache knows."""
    return await new_probe(house, ada)


async def key_works(house: House, probe: Probe) -> bool:
    try:
        await calling(house, probe.key)
    except Unauthenticated:
        return False
    return True


async def token_works(house: House, resident: Resident) -> bool:
    try:
        await house.authentication.user(resident.token, NETWORK)
    except Unauthenticated:
        return False
    return True


async def is_there(house: House, reader: Resident, probe: Probe) -> bool:
    try:
        await house.history.device(reader.caller, probe.id)
    except NotFound:
        return False
    return True


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_that_was_cached_is_refused_once_it_is_revoked(
    house: House, ada: Resident, root: Resident, probe: Probe, revoke: Revocation
) -> None:
    assert await key_works(house, probe)
    assert await key_works(house, probe)
    await revoke(house, ada, root, probe)
    assert not await key_works(house, probe)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_that_was_read_before_its_revocation_is_not_cached_after_it(
    house: House, ada: Resident, root: Resident, probe: Probe, passwords: Passwords, revoke: Revocation
) -> None:
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "fill", before=pause))
    slow = furnish(stores, house.clock, passwords)
    looking_up = asyncio.create_task(key_works(slow, probe))
    await pause.reached.wait()
    await revoke(house, ada, root, probe)
    pause.go_on.set()
    await looking_up
    assert not await key_works(house, probe)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_that_was_missed_before_its_revocation_is_read_after_it(
    house: House, ada: Resident, root: Resident, probe: Probe, passwords: Passwords, revoke: Revocation
) -> None:
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "get", after=pause))
    slow = furnish(stores, house.clock, passwords)
    looking_up = asyncio.create_task(key_works(slow, probe))
    await pause.reached.wait()
    await revoke(house, ada, root, probe)
    pause.go_on.set()
    assert not await looking_up
    assert not await key_works(house, probe)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_that_is_looked_up_between_commit_and_invalidation_is_refused_afterwards(
    house: House, ada: Resident, root: Resident, probe: Probe, passwords: Passwords, revoke: Revocation
) -> None:
    assert await key_works(house, probe)
    pause = Pause()
    stores = replace(
        house.stores, principals=Edge(house.stores.principals, "invalidate", "invalidate_account", before=pause)
    )
    revoking = asyncio.create_task(revoke(furnish(stores, house.clock, passwords), ada, root, probe))
    await pause.reached.wait()
    await key_works(house, probe)
    pause.go_on.set()
    await revoking
    assert not await key_works(house, probe)


@pytest.mark.parametrize("revoke", OF_TOKENS)
async def test_a_token_is_refused_after_its_revocation_wherever_its_look_up_is(
    house: House, ada: Resident, root: Resident, probe: Probe, passwords: Passwords, revoke: Revocation
) -> None:
    await house.stores.principals.invalidate([ada.caller.credential])
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "fill", before=pause))
    looking_up = asyncio.create_task(token_works(furnish(stores, house.clock, passwords), ada))
    await pause.reached.wait()
    await revoke(house, ada, root, probe)
    pause.go_on.set()
    await looking_up
    assert not await token_works(house, ada)


@pytest.mark.parametrize("delete", [delete_device, delete_owner])
async def test_a_deleted_device_is_not_there_for_its_readers_though_it_was_cached(
    house: House, ada: Resident, root: Resident, probe: Probe, delete: Revocation
) -> None:
    assert await is_there(house, root, probe)
    assert await is_there(house, root, probe)
    await delete(house, ada, root, probe)
    assert not await is_there(house, root, probe)


@pytest.mark.parametrize("delete", [delete_device, delete_owner])
async def test_a_device_that_was_read_before_its_deletion_is_not_cached_after_it(
    house: House, ada: Resident, root: Resident, probe: Probe, passwords: Passwords, delete: Revocation
) -> None:
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "fill", before=pause))
    looking_up = asyncio.create_task(is_there(furnish(stores, house.clock, passwords), root, probe))
    await pause.reached.wait()
    await delete(house, ada, root, probe)
    pause.go_on.set()
    await looking_up
    assert not await is_there(house, root, probe)


async def test_a_device_that_is_looked_up_while_it_is_renamed_has_the_new_name_afterwards(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "fill", before=pause))
    slow = furnish(stores, house.clock, passwords)
    looking_up = asyncio.create_task(slow.history.device(ada.caller, probe.id))
    await pause.reached.wait()
    await house.devices.update(ada.caller, probe.id, {"name": "renamed"}, None)
    pause.go_on.set()
    assert (await looking_up).name == "probe"
    assert (await house.history.device(ada.caller, probe.id)).name == "renamed"


async def test_what_is_cached_of_a_device_is_for_its_readers_alone(house: House, ada: Resident, probe: Probe) -> None:
    other = await new_resident(house, "bob")
    neighbour = await new_probe(house, ada, "neighbour")
    for _ in range(2):
        assert (await house.history.device(ada.caller, probe.id)).user_id == ada.caller.user_id
        for stranger in (other.caller, await calling(house, neighbour.key)):
            with pytest.raises(NotFound):
                await house.history.device(stranger, probe.id)


async def test_whoever_may_not_see_a_device_does_not_fill_the_cache_with_it(
    house: House, ada: Resident, root: Resident, probe: Probe
) -> None:
    stranger = await new_resident(house, "bob")
    reference = device_reference(probe.id)
    with pytest.raises(NotFound):
        await house.history.device(stranger.caller, probe.id)
    assert isinstance(await house.stores.principals.get(reference), PrincipalMiss)
    await house.history.device(root.caller, probe.id)
    assert not isinstance(await house.stores.principals.get(reference), PrincipalMiss)


async def test_a_device_that_is_looked_up_while_its_status_changes_has_the_new_one_afterwards(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "fill", before=pause))
    slow = furnish(stores, house.clock, passwords)
    looking_up = asyncio.create_task(calling(slow, probe.key))
    await pause.reached.wait()
    await house.devices.update(ada.caller, probe.id, {"status": "maintenance"}, None)
    pause.go_on.set()
    assert (await looking_up).status is DeviceStatus.ACTIVE
    assert (await calling(house, probe.key)).status is DeviceStatus.MAINTENANCE


async def test_a_former_key_works_in_its_grace_and_is_refused_after_it_though_it_was_cached(
    house: House, ada: Resident, probe: Probe
) -> None:
    assert await key_works(house, probe)
    await house.devices.rotate_key(ada.caller, probe.id, 5, None)
    assert await key_works(house, probe)
    house.clock.advance(4)
    assert await key_works(house, probe)
    house.clock.advance(1)
    assert not await key_works(house, probe)


async def test_activation_brings_suspended_credentials_back(
    house: House, ada: Resident, root: Resident, probe: Probe
) -> None:
    await deactivate_owner(house, ada, root, probe)
    assert not await key_works(house, probe)
    await house.accounts.set_active(root.caller, ada.caller.user_id, None, active=True)
    assert await key_works(house, probe)
    assert await token_works(house, ada)
