"""Look-ups of credentials concurrent with their revocation: later calls are refused."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import NotFound, Unauthenticated
from iotflow.domain.personal_tokens import TokenScope
from iotflow.repositories.cache import Miss
from iotflow.services.accounts import ProfileChange
from iotflow.services.passwords import Passwords
from tests.services.harness import (
    NETWORK,
    RegisteredDevice,
    ServiceHarness,
    SignedInUser,
    build_harness,
    calling,
    register_device,
    register_user,
)
from tests.services.interception import Intercepted, Pause

Revocation = Callable[[ServiceHarness, SignedInUser, SignedInUser, RegisteredDevice], Coroutine[None, None, object]]


async def rotate_key(
    harness: ServiceHarness, owner: SignedInUser, _root: SignedInUser, device: RegisteredDevice
) -> None:
    await harness.services.devices.rotate_key(owner.context, device.id, 0)


async def delete_device(
    harness: ServiceHarness, owner: SignedInUser, _root: SignedInUser, device: RegisteredDevice
) -> None:
    await harness.services.devices.delete(owner.context, device.id)


async def deactivate_owner(
    harness: ServiceHarness, owner: SignedInUser, root: SignedInUser, _probe: RegisteredDevice
) -> None:
    await harness.services.accounts.set_active(root.context, owner.caller.user_id, active=False)


async def delete_owner(
    harness: ServiceHarness, owner: SignedInUser, root: SignedInUser, _probe: RegisteredDevice
) -> None:
    await harness.services.accounts.delete(root.context, owner.caller.user_id)


async def log_out(harness: ServiceHarness, owner: SignedInUser, _root: SignedInUser, _probe: RegisteredDevice) -> None:
    await harness.services.authentication.logout(owner.context)


async def change_password(
    harness: ServiceHarness, owner: SignedInUser, root: SignedInUser, _probe: RegisteredDevice
) -> None:
    change = ProfileChange(password="another battery staple")
    await harness.services.accounts.update(root.context, owner.caller.user_id, change)


OF_KEYS = [rotate_key, delete_device, deactivate_owner, delete_owner]
OF_TOKENS = [log_out, change_password, deactivate_owner, delete_owner]


@pytest.fixture
async def device(harness: ServiceHarness, ada: SignedInUser) -> RegisteredDevice:
    """A device of Ada's whose key is not cached."""
    return await register_device(harness, ada)


async def key_works(harness: ServiceHarness, device: RegisteredDevice) -> bool:
    try:
        await calling(harness, device.key)
    except Unauthenticated:
        return False
    return True


async def token_works(harness: ServiceHarness, user: SignedInUser) -> bool:
    try:
        await harness.services.authentication.authenticate_user(user.token, NETWORK)
    except Unauthenticated:
        return False
    return True


async def is_there(harness: ServiceHarness, reader: SignedInUser, device: RegisteredDevice) -> bool:
    try:
        await harness.services.device_lookup.get_visible(reader.caller, device.id, TokenScope.READ)
    except NotFound:
        return False
    return True


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_that_was_cached_is_refused_once_it_is_revoked(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, device: RegisteredDevice, revoke: Revocation
) -> None:
    assert await key_works(harness, device)
    assert await key_works(harness, device)
    await revoke(harness, ada, root, device)
    assert not await key_works(harness, device)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_that_was_read_before_its_revocation_is_not_cached_after_it(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    device: RegisteredDevice,
    passwords: Passwords,
    revoke: Revocation,
) -> None:
    pause = Pause()
    stores = replace(harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "fill", before=pause))
    slow = build_harness(stores, harness.clock, passwords)
    looking_up = asyncio.create_task(key_works(slow, device))
    await pause.reached.wait()
    await revoke(harness, ada, root, device)
    pause.go_on.set()
    await looking_up
    assert not await key_works(harness, device)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_whose_look_up_missed_before_its_revocation_is_refused_after_it(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    device: RegisteredDevice,
    passwords: Passwords,
    revoke: Revocation,
) -> None:
    pause = Pause()
    stores = replace(harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "get", after=pause))
    slow = build_harness(stores, harness.clock, passwords)
    looking_up = asyncio.create_task(key_works(slow, device))
    await pause.reached.wait()
    await revoke(harness, ada, root, device)
    pause.go_on.set()
    assert not await looking_up
    assert not await key_works(harness, device)


@pytest.mark.parametrize("revoke", OF_KEYS)
async def test_a_key_that_is_looked_up_between_commit_and_invalidation_is_refused_afterwards(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    device: RegisteredDevice,
    passwords: Passwords,
    revoke: Revocation,
) -> None:
    assert await key_works(harness, device)
    pause = Pause()
    stores = replace(
        harness.stores,
        identity_cache=Intercepted(harness.stores.identity_cache, "invalidate", "invalidate_account", before=pause),
    )
    revoking = asyncio.create_task(revoke(build_harness(stores, harness.clock, passwords), ada, root, device))
    await pause.reached.wait()
    await key_works(harness, device)
    pause.go_on.set()
    await revoking
    assert not await key_works(harness, device)


@pytest.mark.parametrize("revoke", OF_TOKENS)
async def test_a_token_is_refused_after_its_revocation_at_any_step_of_its_look_up(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    device: RegisteredDevice,
    passwords: Passwords,
    revoke: Revocation,
) -> None:
    await harness.stores.identity_cache.invalidate([ada.caller.digest])
    pause = Pause()
    stores = replace(harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "fill", before=pause))
    looking_up = asyncio.create_task(token_works(build_harness(stores, harness.clock, passwords), ada))
    await pause.reached.wait()
    await revoke(harness, ada, root, device)
    pause.go_on.set()
    await looking_up
    assert not await token_works(harness, ada)


@pytest.mark.parametrize("delete", [delete_device, delete_owner])
async def test_a_cached_device_is_not_found_after_its_deletion(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, device: RegisteredDevice, delete: Revocation
) -> None:
    assert await is_there(harness, root, device)
    assert await is_there(harness, root, device)
    await delete(harness, ada, root, device)
    assert not await is_there(harness, root, device)


@pytest.mark.parametrize("delete", [delete_device, delete_owner])
async def test_a_device_that_was_read_before_its_deletion_is_not_cached_after_it(
    harness: ServiceHarness,
    ada: SignedInUser,
    root: SignedInUser,
    device: RegisteredDevice,
    passwords: Passwords,
    delete: Revocation,
) -> None:
    pause = Pause()
    stores = replace(harness.stores, device_cache=Intercepted(harness.stores.device_cache, "fill", before=pause))
    looking_up = asyncio.create_task(is_there(build_harness(stores, harness.clock, passwords), root, device))
    await pause.reached.wait()
    await delete(harness, ada, root, device)
    pause.go_on.set()
    await looking_up
    assert not await is_there(harness, root, device)


async def test_a_device_that_is_looked_up_while_it_is_renamed_has_the_new_name_afterwards(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    pause = Pause()
    stores = replace(harness.stores, device_cache=Intercepted(harness.stores.device_cache, "fill", before=pause))
    slow = build_harness(stores, harness.clock, passwords)
    looking_up = asyncio.create_task(slow.services.device_lookup.get_visible(ada.caller, device.id, TokenScope.READ))
    await pause.reached.wait()
    await harness.services.devices.update(ada.context, device.id, {"name": "renamed"})
    pause.go_on.set()
    assert (await looking_up).name == "probe"
    assert (await harness.services.device_lookup.get_visible(ada.caller, device.id, TokenScope.READ)).name == "renamed"


async def test_a_cached_device_is_visible_only_to_its_readers(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    other = await register_user(harness, "bob")
    neighbour = await register_device(harness, ada, "neighbour")
    get_visible = harness.services.device_lookup.get_visible
    for _ in range(2):
        assert (await get_visible(ada.caller, device.id, TokenScope.READ)).user_id == ada.caller.user_id
        for stranger in (other.caller, await calling(harness, neighbour.key)):
            with pytest.raises(NotFound):
                await get_visible(stranger, device.id, TokenScope.READ)


async def test_a_refused_caller_does_not_fill_the_cache(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, device: RegisteredDevice
) -> None:
    stranger = await register_user(harness, "bob")
    with pytest.raises(NotFound):
        await harness.services.device_lookup.get_visible(stranger.caller, device.id, TokenScope.READ)
    assert isinstance(await harness.stores.device_cache.get(device.id), Miss)
    await harness.services.device_lookup.get_visible(root.caller, device.id, TokenScope.READ)
    assert not isinstance(await harness.stores.device_cache.get(device.id), Miss)


async def test_a_device_that_is_looked_up_while_its_status_changes_has_the_new_one_afterwards(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice, passwords: Passwords
) -> None:
    pause = Pause()
    stores = replace(harness.stores, identity_cache=Intercepted(harness.stores.identity_cache, "fill", before=pause))
    slow = build_harness(stores, harness.clock, passwords)
    looking_up = asyncio.create_task(calling(slow, device.key))
    await pause.reached.wait()
    await harness.services.devices.update(ada.context, device.id, {"status": "maintenance"})
    pause.go_on.set()
    assert (await looking_up).device.status is DeviceStatus.ACTIVE
    assert (await calling(harness, device.key)).device.status is DeviceStatus.MAINTENANCE


async def test_a_cached_former_key_works_in_its_grace_and_is_refused_after_it(
    harness: ServiceHarness, ada: SignedInUser, device: RegisteredDevice
) -> None:
    assert await key_works(harness, device)
    await harness.services.devices.rotate_key(ada.context, device.id, 5)
    assert await key_works(harness, device)
    harness.clock.advance(4)
    assert await key_works(harness, device)
    harness.clock.advance(1)
    assert not await key_works(harness, device)


async def test_activation_restores_suspended_credentials(
    harness: ServiceHarness, ada: SignedInUser, root: SignedInUser, device: RegisteredDevice
) -> None:
    await deactivate_owner(harness, ada, root, device)
    assert not await key_works(harness, device)
    await harness.services.accounts.set_active(root.context, ada.caller.user_id, active=True)
    assert await key_works(harness, device)
    assert await token_works(harness, ada)
