"""Two requests that change the same things at once, in two workers on one SQL store.

The first is held after it has looked at what it decides by; the second must wait for it, or be refused.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from iotflow.bootstrap import Stores, open_stores
from iotflow.domain.credentials import digest
from iotflow.domain.devices import DeviceStatus, NewDevice
from iotflow.domain.errors import Conflict, NotFound, Unauthenticated
from iotflow.domain.events import EventType
from iotflow.domain.groups import Membership, NewGroup
from iotflow.domain.principals import DevicePrincipal
from iotflow.repositories.principal_cache import PrincipalMiss
from iotflow.services.accounts import ProfileChange
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.groups import BulkAddition, Groups
from iotflow.services.passwords import THIS_HOST, Passwords
from iotflow.settings import Settings, load_settings
from tests.clock import FakeClock
from tests.contracts.raw import RawRow
from tests.services.edges import Pause, Stepped
from tests.services.house import House, calling, furnish, new_probe, new_resident, submit
from tests.stores.postgres import PostgresTables, be_patient, empty
from tests.stores.sql import SqlTables
from tests.stores.sqlite import SqliteTables

HELD_FOR_S = 0.3
PASSWORD = "correct horse battery"


class Unhashed(Passwords):
    """Takes no time, so that a change of password happens at once."""

    async def hash(self, password: str, network: str = THIS_HOST) -> str:
        return password

    async def verify(self, password: str, password_hash: str | None, network: str = THIS_HOST) -> bool:
        return password == password_hash


@dataclass(frozen=True)
class Worker:
    """The services of one process."""

    house: House
    groups: Groups


@dataclass(frozen=True)
class Site:
    """Two workers on one store."""

    stores: tuple[Stores, Stores]
    clock: FakeClock
    passwords: Passwords
    tables: SqlTables

    def worker(self, number: int = 0) -> Worker:
        return self._worker(self.stores[number])

    def held_after(self, role: str, method: str, pause: Pause) -> Worker:
        """The first worker, held within its transaction after the first call of a role's method."""
        transactions = Stepped(self.stores[0].transactions, role, method, pause)
        return self._worker(replace(self.stores[0], transactions=transactions))

    async def rows(self, table: str, **where: object) -> list[RawRow]:
        rows = await self.tables.rows(table)
        return [row for row in rows if all(row[column] == value for column, value in where.items())]

    def _worker(self, stores: Stores) -> Worker:
        groups = Groups(stores.transactions, stores.presence, BulkReads(), self.clock)
        return Worker(furnish(stores, self.clock, self.passwords), groups)


@pytest.fixture(params=["sqlite", "postgres"])
def shared_settings(request: pytest.FixtureRequest) -> Settings:
    """Settings of the one SQL store of both workers."""
    if request.param == "postgres":
        return load_settings(database_url=request.getfixturevalue("migrated_postgres"))
    settings: Settings = request.getfixturevalue("settings")
    return settings


@pytest.fixture
async def tables(shared_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> SqlTables:
    url = shared_settings.database_url
    if url.startswith("sqlite"):
        return SqliteTables(shared_settings.data_dir / "iotflow.db")
    be_patient(monkeypatch)
    await empty(url)
    return PostgresTables(url)


@pytest.fixture
async def site(shared_settings: Settings, tables: SqlTables, clock: FakeClock) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(open_stores(shared_settings, clock)) for _ in range(2)]
        second = replace(second, principals=first.principals)  # workers share one cache
        passwords = Unhashed()
        yield Site((first, second), clock, passwords, tables)
        passwords.close()


async def both(
    pause: Pause, first: Awaitable[object], second: Callable[[], Awaitable[object]]
) -> tuple[object, object]:
    """What became of two requests: the first is held until the second has ended, or waits for it."""
    one = asyncio.ensure_future(first)
    reached = asyncio.create_task(pause.reached.wait())
    await asyncio.wait([one, reached], return_when=asyncio.FIRST_COMPLETED, timeout=10)
    assert pause.reached.is_set(), "the first request was never held"
    other = asyncio.ensure_future(second())
    await asyncio.wait([other], timeout=HELD_FOR_S)
    pause.go_on.set()
    async with asyncio.timeout(10):
        return await asyncio.gather(one, other, return_exceptions=True)


@pytest.mark.parametrize("way", ["demoted", "deactivated", "deleted"])
async def test_two_admins_who_remove_each_other_leave_one(site: Site, way: str) -> None:
    ada, bob = [await new_resident(site.worker().house, name, is_admin=True) for name in ("ada", "bob")]

    async def remove(worker: Worker, caller: Any, victim: Any) -> None:
        accounts = worker.house.accounts
        if way == "demoted":
            await accounts.update(caller, victim.user_id, ProfileChange(is_admin=False), None)
        elif way == "deactivated":
            await accounts.set_active(caller, victim.user_id, None, active=False)
        else:
            await accounts.delete(caller, victim.user_id, None)

    pause = Pause()
    first, second = await both(
        pause,
        remove(site.held_after("accounts", "lock_active_admins", pause), ada.caller, bob.caller),
        lambda: remove(site.worker(1), bob.caller, ada.caller),
    )
    assert (first, type(second)) == (None, Conflict)
    assert len(await site.rows("users", is_admin=True, is_active=True)) == 1


async def test_who_is_made_admin_while_being_deactivated_does_not_let_the_last_one_leave(site: Site) -> None:
    house = site.worker().house
    root, ada = await new_resident(house, "root", is_admin=True), await new_resident(house, "ada")

    async def hand_over() -> None:
        accounts = site.worker(1).house.accounts
        await accounts.update(root.caller, ada.caller.user_id, ProfileChange(is_admin=True), None)
        await accounts.update(root.caller, root.caller.user_id, ProfileChange(is_admin=False), None)

    pause = Pause()
    held = site.held_after("accounts", "lock", pause).house
    _, second = await both(
        pause, held.accounts.set_active(root.caller, ada.caller.user_id, None, active=False), hand_over
    )
    assert isinstance(second, Conflict)
    assert len(await site.rows("users", is_admin=True, is_active=True)) == 1


@pytest.mark.parametrize(
    ("name", "email", "what"), [("ADA", "other@example.org", "username"), ("other", "ada@EXAMPLE.org", "email")]
)
async def test_of_two_registrations_of_one_name_one_is_refused_and_told_why(
    site: Site, name: str, email: str, what: str
) -> None:
    pause = Pause()
    held = site.held_after("accounts", "add", pause).house
    first, second = await both(
        pause,
        held.accounts.register("ada", "ada@example.org", PASSWORD),
        lambda: site.worker(1).house.accounts.register(name, email, PASSWORD),
    )
    assert not isinstance(first, BaseException)
    assert isinstance(second, Conflict)
    assert what in str(second)
    assert len(await site.rows("users")) == 1


async def test_of_two_devices_or_groups_of_one_name_one_is_refused(site: Site) -> None:
    ada = await new_resident(site.worker().house)
    pause = Pause()
    held, other = site.held_after("devices", "add", pause), site.worker(1)
    _, second = await both(
        pause,
        held.house.devices.register(ada.caller, NewDevice("probe", "sensor"), None),
        lambda: other.house.devices.register(ada.caller, NewDevice("probe", "sensor"), None),
    )
    assert isinstance(second, Conflict)
    pause = Pause()
    held = site.held_after("groups", "add", pause)
    _, second = await both(
        pause,
        held.groups.create(ada.caller, NewGroup("garden"), None),
        lambda: other.groups.create(ada.caller, NewGroup("garden"), None),
    )
    assert isinstance(second, Conflict)
    assert [len(await site.rows(table)) for table in ("devices", "device_groups")] == [1, 1]


async def test_a_key_rotated_twice_at_once_leaves_one_current_key_and_one_former(site: Site) -> None:
    house = site.worker().house
    ada = await new_resident(house)
    probe = await new_probe(house, ada)
    pause = Pause()
    held = site.held_after("keys", "retire", pause).house
    first, second = await both(
        pause,
        held.devices.rotate_key(ada.caller, probe.id, 60, None),
        lambda: site.worker(1).house.devices.rotate_key(ada.caller, probe.id, 60, None),
    )
    assert not isinstance(first, BaseException)
    assert not isinstance(second, BaseException)
    expiries = [row["expires_at"] for row in await site.rows("device_keys", device_id=probe.id)]
    assert sorted(expiry is None for expiry in expiries) == [False, True]


async def test_a_device_does_not_end_a_maintenance_that_begins_meanwhile(site: Site) -> None:
    house = site.worker().house
    ada = await new_resident(house)
    probe = await new_probe(house, ada, active=False)
    device = await calling(house, probe.key)
    pause = Pause()
    held = site.held_after("devices", "lock", pause).house
    await both(
        pause,
        held.devices.update(device, probe.id, {"status": DeviceStatus.ACTIVE.value}, None),
        lambda: site.worker(1).house.devices.update(
            ada.caller, probe.id, {"status": DeviceStatus.MAINTENANCE.value}, None
        ),
    )
    assert [row["status"] for row in await site.rows("devices")] == [DeviceStatus.MAINTENANCE.value]


async def test_a_device_registered_while_its_owner_is_deleted_is_purged_too(site: Site) -> None:
    house = site.worker().house
    root, ada = await new_resident(house, "root", is_admin=True), await new_resident(house, "ada")
    pause = Pause()
    held = site.held_after("devices", "add", pause).house
    registered, deleted = await both(
        pause,
        held.devices.register(ada.caller, NewDevice("probe", "sensor"), None),
        lambda: site.worker(1).house.accounts.delete(root.caller, ada.caller.user_id, None),
    )
    assert not isinstance(registered, BaseException)
    assert deleted is None
    house.clock.advance(1)
    while await site.rows("outbox", topic="delete_account"):
        await house.relay.handle_due()
    assert await site.rows("devices") == []
    (again,) = await site.rows("outbox", topic="purge_telemetry")
    assert again["subject"].startswith("purge-again:")


async def test_a_device_is_not_registered_for_an_owner_who_is_gone(site: Site) -> None:
    house = site.worker().house
    root, ada = await new_resident(house, "root", is_admin=True), await new_resident(house, "ada")
    pause = Pause()
    held = site.held_after("accounts", "lock", pause).house
    deleted, registered = await both(
        pause,
        held.accounts.delete(root.caller, ada.caller.user_id, None),
        lambda: site.worker(1).house.devices.register(ada.caller, NewDevice("probe", "sensor"), None),
    )
    assert (deleted, type(registered)) == (None, NotFound)


async def test_a_key_made_while_its_owner_is_deactivated_proves_nothing(site: Site) -> None:
    house = site.worker().house
    root, ada = await new_resident(house, "root", is_admin=True), await new_resident(house, "ada")
    probe = await new_probe(house, ada)
    pause, other = Pause(), site.worker(1).house

    async def rotate_and_call() -> str:
        rotated = await other.devices.rotate_key(ada.caller, probe.id, 0, None)
        with suppress(Unauthenticated):
            await calling(other, rotated.api_key)
        return rotated.api_key

    held = site.held_after("accounts", "update", pause).house
    deactivated, key = await both(
        pause, held.accounts.set_active(root.caller, ada.caller.user_id, None, active=False), rotate_and_call
    )
    assert not isinstance(deactivated, BaseException)
    assert isinstance(key, str)
    # It is not remembered for what it proved in between.
    assert isinstance(await other.stores.principals.get(digest(key)), PrincipalMiss)


async def test_an_owner_who_is_deleted_and_a_member_that_is_added_do_not_wait_for_each_other(site: Site) -> None:
    house, groups = site.worker().house, site.worker().groups
    root, ada = await new_resident(house, "root", is_admin=True), await new_resident(house, "ada")
    probe = await new_probe(house, ada)
    group = await groups.create(ada.caller, NewGroup("garden"), None)
    pause = Pause()
    held = site.held_after("groups", "lock", pause).groups
    added, deleted = await both(
        pause,
        held.add_device(ada.caller, group.id, probe.id, None),
        lambda: site.worker(1).house.accounts.delete(root.caller, ada.caller.user_id, None),
    )
    assert isinstance(added, (Membership, NotFound))
    assert deleted is None
    house.clock.advance(1)
    while await site.rows("outbox", topic="delete_account"):
        await house.relay.handle_due()
    for table in ("devices", "device_groups", "group_members"):
        assert await site.rows(table) == []
    assert [row["username"] for row in await site.rows("users")] == ["root"]


async def test_a_login_with_the_former_password_does_not_outlive_its_change(site: Site) -> None:
    house = site.worker().house
    root = await new_resident(house, "root", is_admin=True)
    ada = await house.accounts.register("ada", "ada@example.org", PASSWORD)
    pause = Pause()
    held = site.held_after("accounts", "get_credentials", pause).house
    login, changed = await both(
        pause,
        held.authentication.login("ada", PASSWORD, "192.0.2.1", None),
        lambda: site.worker(1).house.accounts.update(
            root.caller, ada.user_id, ProfileChange(password="another horse battery"), None
        ),
    )
    assert not isinstance(login, BaseException)
    assert not isinstance(changed, BaseException)
    assert await site.rows("tokens", user_id=await _stored_id(site, "ada")) == []


@pytest.mark.parametrize("gone", ["device", "group"])
async def test_a_member_is_added_before_its_device_or_group_is_deleted_or_not_at_all(site: Site, gone: str) -> None:
    house, groups = site.worker().house, site.worker().groups
    ada = await new_resident(house)
    probe = await new_probe(house, ada)
    group = await groups.create(ada.caller, NewGroup("garden"), None)
    pause, other = Pause(), site.worker(1)
    held = site.held_after("devices", "lock", pause)
    added, deleted = await both(
        pause,
        held.groups.add_device(ada.caller, group.id, probe.id, None),
        lambda: (
            other.house.devices.delete(ada.caller, probe.id, None)
            if gone == "device"
            else other.groups.delete(ada.caller, group.id, None)
        ),
    )
    assert not isinstance(added, BaseException)
    assert deleted is None
    assert await site.rows("group_members") == []


async def test_devices_added_to_a_group_twice_at_once_are_added_once(site: Site) -> None:
    house, groups = site.worker().house, site.worker().groups
    ada = await new_resident(house)
    probes = [(await new_probe(house, ada, f"probe {i}")).id for i in range(5)]
    group = await groups.create(ada.caller, NewGroup("garden"), None)
    pause = Pause()
    held = site.held_after("groups", "lock", pause)
    first, second = await both(
        pause,
        held.groups.add_devices(ada.caller, group.id, probes[:4], None),
        lambda: site.worker(1).groups.add_devices(ada.caller, group.id, probes[:0:-1], None),
    )
    assert first == BulkAddition(probes[:4], [], [])
    assert second == BulkAddition([probes[4]], probes[3:0:-1], [])


async def test_of_two_changes_of_one_config_version_one_is_refused(site: Site) -> None:
    house = site.worker().house
    ada = await new_resident(house)
    probe = await new_probe(house, ada)
    pause = Pause()
    held = site.held_after("configs", "update", pause).house
    first, second = await both(
        pause,
        held.devices.configure(ada.caller, probe.id, {"a": 1}, 1, {}, None),
        lambda: site.worker(1).house.devices.configure(ada.caller, probe.id, {"b": 2}, 1, {}, None),
    )
    assert not isinstance(first, BaseException)
    assert isinstance(second, Conflict)
    assert [row["config_version"] for row in await site.rows("device_configs")] == [2]


async def test_a_device_that_submits_to_two_workers_is_activated_once(site: Site) -> None:
    ada = await new_resident(site.worker().house)
    probe = await new_probe(site.worker().house, ada, active=False)
    pause = Pause()
    held = site.held_after("devices", "activate", pause).house
    await both(pause, submit(held, probe, 1, x=1), lambda: submit(site.worker(1).house, probe, 2, x=2))
    events = await site.rows("outbox", topic="event")
    assert sum(EventType.DEVICE_STATUS_CHANGED.value in str(row["payload"]) for row in events) == 1


async def test_a_deleted_device_s_key_proves_nothing_however_it_was_rotated_meanwhile(site: Site) -> None:
    house = site.worker().house
    ada = await new_resident(house)
    probe = await new_probe(house, ada)
    assert isinstance(await calling(house, probe.key), DevicePrincipal)
    pause = Pause()
    held = site.held_after("devices", "lock", pause).house
    rotated, deleted = await both(
        pause,
        held.devices.rotate_key(ada.caller, probe.id, 60, None),
        lambda: site.worker(1).house.devices.delete(ada.caller, probe.id, None),
    )
    assert not isinstance(rotated, BaseException)
    assert deleted is None
    assert await site.rows("device_keys") == []
    with pytest.raises(Unauthenticated):
        await calling(site.worker(1).house, probe.key)


async def _stored_id(site: Site, username: str) -> object:
    (row,) = await site.rows("users", username=username)
    return row["user_id"]
