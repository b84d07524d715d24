"""Concurrent changes of accounts."""

from contextlib import suppress

import pytest

from iotflow.domain.context import RequestContext
from iotflow.domain.credentials import digest
from iotflow.domain.devices import NewDevice
from iotflow.domain.errors import Conflict, NotFound, Unauthenticated
from iotflow.domain.principals import UserPrincipal
from iotflow.repositories.cache import Miss
from iotflow.services.accounts import ProfileChange
from tests.services.harness import ServiceHarness, calling, register_device, register_user
from tests.services.interception import Pause
from tests.services.interleaving.workers import PASSWORD, WorkerPair

ANONYMOUS = RequestContext(None)


@pytest.mark.parametrize("way", ["demoted", "deactivated", "deleted"])
async def test_two_admins_who_remove_each_other_leave_one(pair: WorkerPair, way: str) -> None:
    ada, bob = [await register_user(pair.first, name, is_admin=True) for name in ("ada", "bob")]

    async def remove(worker: ServiceHarness, caller: RequestContext[UserPrincipal], victim: UserPrincipal) -> None:
        accounts = worker.services.accounts
        if way == "demoted":
            await accounts.update(caller, victim.user_id, ProfileChange(is_admin=False))
        elif way == "deactivated":
            await accounts.set_active(caller, victim.user_id, active=False)
        else:
            await accounts.delete(caller, victim.user_id)

    pause = Pause()
    first, second = await pair.run_both(
        pause,
        remove(pair.first_held_after("accounts", "lock_active_admins", pause), ada.context, bob.caller),
        lambda: remove(pair.second, bob.context, ada.caller),
    )
    assert (first, type(second)) == (None, Conflict)
    assert len(await pair.rows("users", is_admin=True, is_active=True)) == 1


async def test_a_user_promoted_while_being_deactivated_does_not_count_as_the_last_admin(pair: WorkerPair) -> None:
    harness = pair.first
    root, ada = await register_user(harness, "root", is_admin=True), await register_user(harness, "ada")

    async def hand_over() -> None:
        accounts = pair.second.services.accounts
        await accounts.update(root.context, ada.caller.user_id, ProfileChange(is_admin=True))
        await accounts.update(root.context, root.caller.user_id, ProfileChange(is_admin=False))

    pause = Pause()
    held = pair.first_held_after("accounts", "lock", pause)
    _, second = await pair.run_both(
        pause, held.services.accounts.set_active(root.context, ada.caller.user_id, active=False), hand_over
    )
    assert isinstance(second, Conflict)
    assert len(await pair.rows("users", is_admin=True, is_active=True)) == 1


@pytest.mark.parametrize(
    ("name", "email", "what"), [("ADA", "other@example.org", "username"), ("other", "ada@EXAMPLE.org", "email")]
)
async def test_of_two_registrations_of_one_name_one_is_refused_with_the_reason(
    pair: WorkerPair, name: str, email: str, what: str
) -> None:
    pause = Pause()
    held = pair.first_held_after("accounts", "add", pause)
    first, second = await pair.run_both(
        pause,
        held.services.accounts.register(ANONYMOUS, "ada", "ada@example.org", PASSWORD),
        lambda: pair.second.services.accounts.register(ANONYMOUS, name, email, PASSWORD),
    )
    assert not isinstance(first, BaseException)
    assert isinstance(second, Conflict)
    assert what in str(second)
    assert len(await pair.rows("users")) == 1


async def test_a_device_registered_while_its_owner_is_deleted_is_purged_too(pair: WorkerPair) -> None:
    harness = pair.first
    root, ada = await register_user(harness, "root", is_admin=True), await register_user(harness, "ada")
    pause = Pause()
    held = pair.first_held_after("devices", "add", pause)
    registered, deleted = await pair.run_both(
        pause,
        held.services.devices.register(ada.context, NewDevice("probe", "sensor")),
        lambda: pair.second.services.accounts.delete(root.context, ada.caller.user_id),
    )
    assert not isinstance(registered, BaseException)
    assert deleted is None
    harness.clock.advance(1)
    while await pair.rows("outbox", topic="delete_account"):
        await harness.relay.handle_due()
    assert await pair.rows("devices") == []
    (again,) = await pair.rows("outbox", topic="purge_telemetry")
    assert again["subject"].startswith("purge-again:")


async def test_a_device_is_not_registered_for_a_deleted_owner(pair: WorkerPair) -> None:
    harness = pair.first
    root, ada = await register_user(harness, "root", is_admin=True), await register_user(harness, "ada")
    pause = Pause()
    held = pair.first_held_after("accounts", "lock", pause)
    deleted, registered = await pair.run_both(
        pause,
        held.services.accounts.delete(root.context, ada.caller.user_id),
        lambda: pair.second.services.devices.register(ada.context, NewDevice("probe", "sensor")),
    )
    assert (deleted, type(registered)) == (None, NotFound)


async def test_a_key_made_while_its_owner_is_deactivated_is_not_cached(pair: WorkerPair) -> None:
    harness = pair.first
    root, ada = await register_user(harness, "root", is_admin=True), await register_user(harness, "ada")
    device = await register_device(harness, ada)
    pause, other = Pause(), pair.second

    async def rotate_and_call() -> str:
        rotated = await other.services.devices.rotate_key(ada.context, device.id, 0)
        with suppress(Unauthenticated):
            await calling(other, rotated.api_key)
        return rotated.api_key

    held = pair.first_held_after("accounts", "update", pause)
    deactivated, key = await pair.run_both(
        pause, held.services.accounts.set_active(root.context, ada.caller.user_id, active=False), rotate_and_call
    )
    assert not isinstance(deactivated, BaseException)
    assert isinstance(key, str)
    # The key must not be cached, although it was valid in between.
    assert isinstance(await other.stores.identity_cache.get(digest(key)), Miss)


async def test_a_login_with_the_former_password_does_not_outlive_its_change(pair: WorkerPair) -> None:
    harness = pair.first
    root = await register_user(harness, "root", is_admin=True)
    ada = await harness.services.accounts.register(ANONYMOUS, "ada", "ada@example.org", PASSWORD)
    pause = Pause()
    held = pair.first_held_after("accounts", "get_credentials", pause)
    login, changed = await pair.run_both(
        pause,
        held.services.authentication.login(ANONYMOUS, "ada", PASSWORD),
        lambda: pair.second.services.accounts.update(
            root.context, ada.user_id, ProfileChange(password="another horse battery")
        ),
    )
    assert not isinstance(login, BaseException)
    assert not isinstance(changed, BaseException)
    assert await pair.rows("tokens", user_id=await _stored_id(pair, "ada")) == []


async def _stored_id(pair: WorkerPair, username: str) -> object:
    (row,) = await pair.rows("users", username=username)
    return row["user_id"]
