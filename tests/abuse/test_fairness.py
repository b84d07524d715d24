"""Background work of one account does not delay other accounts' work or requests."""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path

import httpx
import pytest

from tests.abuse.harm import SHORT_STALL_S, TIMES_CONTROL, unharmed
from tests.abuse.rows import Rows
from tests.api.clients import (
    ADMIN,
    PASSWORD,
    ApiClient,
    DeviceClient,
    UserClient,
    events,
    login,
    new_device,
    new_group,
    register,
    sign_up,
    submit,
)
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack, Tables
from tests.waiting import wait_until

READABLE_WITHIN_S = 2.0
ENDED_WITHIN_S = 1.0
ANSWERED_WITHIN_S = 2.0
REMOVED_WITHIN_S = 240.0
DEVICES = {"embedded": 200_000, "servers": 50_000}
OWNED = ("devices", "device_keys", "device_configs", "device_groups", "group_members")


async def readable_after(person: UserClient) -> float:
    """Make a change; return the seconds until its event is readable."""
    device = await new_device(person, f"probe {time.monotonic()}")
    began = time.monotonic()
    await events(person, 1, 60.0, event_type="device.registered", device_id=device.id)
    return time.monotonic() - began


class TestEvents:
    async def test_a_bulk_change_leaves_one_event_and_delays_no_others(
        self, service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient, rows: Rows
    ) -> None:
        bob = await sign_up(client, "bob")
        await rows.add_devices(ada.user_id, 1_000)
        device_ids = [device["id"] for device in (await ada.get("/devices/user/me", limit=1_000))["devices"]]
        groups = [await new_group(ada, f"group {number}") for number in range(100)]
        async with unharmed(service):
            for group in groups:
                answer = await ada.post(f"/groups/{group}/devices/bulk", {"device_ids": device_ids})
                assert len(answer["added"]) == 1_000
            assert await readable_after(bob) <= READABLE_WITHIN_S
        # The event of a later change of the same account comes after all of those.
        await readable_after(ada)
        found = await events(ada, 100, event_type="group.devices_added")
        assert {event["details"]["group_id"] for event in found} == set(groups)
        assert all(event["details"]["device_ids"] == device_ids for event in found)
        assert {event["device_id"] for event in found} == {None}

    async def test_a_backlog_of_one_account_does_not_delay_other_accounts_events(
        self, service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient, rows: Rows
    ) -> None:
        bob = await sign_up(client, "bob")
        await rows.add_waiting_events(ada.user_id, 100_000)
        async with unharmed(service):
            delays = [await readable_after(bob) for _ in range(5)]
        assert max(delays) <= READABLE_WITHIN_S, f"{delays} s\n{service.log()[-5_000:]}"
        assert await rows.count("outbox") > 1_000, "the backlog was processed before it could delay another account"


class TestPurges:
    async def test_purges_of_one_account_do_not_delay_other_accounts_purges(
        self, service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient, rows: Rows
    ) -> None:
        bob = await sign_up(client, "bob")
        device = await new_device(bob)
        await submit(device, temp=21)
        await rows.add_waiting_purges(ada.user_id, 10_000)
        await bob.delete(f"/devices/{device.id}")
        purged = f"topic = 'purge_telemetry' AND subject = 'purge:{bob.user_id}'"
        await wait_until(lambda: _is_empty(rows, "outbox", purged), 10.0)
        waiting = await rows.count("outbox", f"subject = 'purge:{ada.user_id}'")
        assert waiting > 1_000, "the backlog was processed before it could delay others"

    async def test_the_purge_of_a_large_device_does_not_delay_others(
        self, embedded: ServiceProcess, embedded_client: httpx.AsyncClient
    ) -> None:
        rows = Rows.embedded(embedded.data_dir)
        ada, bob = await sign_up(embedded_client, "ada"), await sign_up(embedded_client, "bob")
        huge, small = await new_device(ada), await new_device(bob)
        await rows.add_points(huge.id, 300_000)
        await submit(small, temp=21)
        async with unharmed(embedded):
            await ada.delete(f"/devices/{huge.id}")
            await bob.delete(f"/devices/{small.id}")
            await wait_until(lambda: _is_empty(rows, "telemetry_records", f"device_id = {small.id}"), 10.0)
            assert await rows.count("telemetry_records") > 1_000, (
                "the backlog was processed before it could delay others"
            )
        await wait_until(lambda: _is_empty(rows, "telemetry_records"), REMOVED_WITHIN_S)


class TestLargeAccounts:
    @pytest.mark.timeout(2 * REMOVED_WITHIN_S)
    async def test_an_account_is_suspended_and_deleted_at_once_and_removed_despite_a_kill(
        self,
        service: ServiceProcess,
        client: httpx.AsyncClient,
        admin: UserClient,
        ada: UserClient,
        rows: Rows,
        request: pytest.FixtureRequest,
    ) -> None:
        device = await new_device(ada)
        await rows.add_devices(ada.user_id, DEVICES[request.node.callspec.params["service"]])
        await rows.add_members(await new_group(ada), ada.user_id)
        neighbour = await new_device(await sign_up(client, "bob"))
        await submit(device, temp=21)
        undisturbed = await _longest_submission(neighbour, 2.0)

        await _suspend_and_restore(admin, ada, device)
        async with unharmed(service):
            assert await _duration(admin.delete(f"/users/{ada.user_id}")) <= ANSWERED_WITHIN_S
            await _check_gone(client, admin, ada, device)
            ada_again = await _registered_again(client)
            longest = await _longest_submission(neighbour, 5.0)
        assert longest <= max(TIMES_CONTROL * undisturbed, SHORT_STALL_S), (undisturbed, longest)
        service.kill()
        left = await rows.count("devices")
        assert left > 1_000, "all was removed before the service was killed"
        service.start()

        await _wait_until_removed(rows, ada.user_id)
        if service.data_dir.joinpath("iotflow.db").exists():
            assert await rows.count("telemetry_records", f"device_id = {device.id}") == 0
        await neighbour.get("/devices/status")
        await ada_again.get("/users/me")
        found = await events(admin, 1, user_id=ada.user_id, event_type="user.registered")
        assert found[0]["details"].keys() == {"actor", "is_admin"}

    @pytest.mark.timeout(240)
    async def test_every_worker_refuses_a_suspended_account_and_accepts_an_active_one(
        self, server_stack: ServerStack, prepared_tables: Tables, tmp_path: Path
    ) -> None:
        await server_stack.restore(prepared_tables)
        environment = {**server_stack.environment(), "IOTFLOW_LOG_LEVEL": "warning"}
        with ServiceProcess(tmp_path / "data", environment, options=("--workers", "2")) as service:
            url = f"{service.base_url}/api/v1"
            # A new connection for each request, so that both workers answer.
            one_each = httpx.Limits(max_keepalive_connections=0)
            async with httpx.AsyncClient(base_url=url, timeout=60.0, trust_env=False, limits=one_each) as client:
                admin, ada = await login(client, ADMIN), await sign_up(client, "ada")
                device = await new_device(ada)
                await Rows(server_stack.environment()["IOTFLOW_DATABASE_URL"]).add_devices(ada.user_id, 2_000)
                for _ in range(2):
                    await asyncio.gather(*(device.get("/devices/status") for _ in range(30)))
                    await admin.patch(f"/users/{ada.user_id}/deactivate")
                    await _refused_soon(device, "/devices/status")
                    await _refused_soon(ada, "/users/me")
                    await admin.patch(f"/users/{ada.user_id}/activate")
                await admin.delete(f"/users/{ada.user_id}")
                await _refused_soon(device, "/devices/status")
                await _refused_soon(ada, "/users/me")

    async def test_a_group_of_many_devices_is_deleted_in_chunks(
        self, embedded: ServiceProcess, embedded_client: httpx.AsyncClient
    ) -> None:
        rows = Rows.embedded(embedded.data_dir)
        ada = await sign_up(embedded_client, "ada")
        neighbour = await new_device(await sign_up(embedded_client, "bob"))
        await rows.add_devices(ada.user_id, 100_000)
        group = await new_group(ada)
        await rows.add_members(group, ada.user_id)
        undisturbed = await _longest_submission(neighbour, 2.0)
        async with unharmed(embedded):
            deleting = asyncio.create_task(ada.delete(f"/groups/{group}"))
            longest = 0.0
            while not deleting.done():
                longest = max(longest, await _duration(submit(neighbour, temp=21)))
            await deleting
        assert longest <= max(TIMES_CONTROL * undisturbed, SHORT_STALL_S), (undisturbed, longest)
        assert await rows.count("group_members") == 0
        await ada.refused(404, "GET", f"/groups/{group}")


async def _suspend_and_restore(admin: UserClient, ada: UserClient, device: DeviceClient) -> None:
    assert await _duration(admin.patch(f"/users/{ada.user_id}/deactivate")) <= ANSWERED_WITHIN_S
    await _refused_soon(ada, "/users/me")
    await _refused_soon(device, "/devices/status")
    assert await _duration(admin.patch(f"/users/{ada.user_id}/activate")) <= ANSWERED_WITHIN_S
    await ada.get("/users/me")
    await device.get("/devices/status")


async def _wait_until_removed(rows: Rows, user_id: str) -> None:
    """Wait until the database holds no row of the account. The neighbour has one device with its key and config."""

    async def is_removed() -> bool:
        return [await rows.count(table) for table in OWNED] == [1, 1, 1, 0, 0]

    await wait_until(is_removed, REMOVED_WITHIN_S)
    await wait_until(lambda: _is_empty(rows, "users", "deleted_at IS NOT NULL"), REMOVED_WITHIN_S)
    await wait_until(lambda: _is_empty(rows, "outbox", f"subject = 'purge:{user_id}'"), REMOVED_WITHIN_S)


async def _check_gone(client: httpx.AsyncClient, admin: UserClient, ada: UserClient, device: DeviceClient) -> None:
    await _refused_soon(ada, "/users/me")
    await _refused_soon(device, "/devices/status")
    credentials = {"username": ada.username, "password": PASSWORD}
    await ApiClient(client).refused(401, "POST", "/auth/login", credentials)
    for path in (f"/users/{ada.user_id}", f"/devices/{device.id}", f"/devices/user/{ada.user_id}"):
        await admin.refused(404, "GET", path)
    await admin.refused(404, "GET", f"/telemetry/{device.id}/latest")
    assert (await admin.get("/admin/devices", user_id=ada.user_id))["meta"]["total"] == 0
    assert (await admin.get("/admin/devices"))["meta"]["total"] == 1
    assert [user["username"] for user in (await admin.get("/users"))["users"]] == ["root", "bob"]
    stats = await admin.get("/admin/stats")
    assert (stats["users"]["total"], stats["devices"]["total"], stats["groups"]["total"]) == (2, 1, 0)


async def _registered_again(client: httpx.AsyncClient) -> UserClient:
    await register(client, "ada")
    return await login(client, "ada")


async def _refused_soon(caller: ApiClient, path: str) -> None:
    """Wait until the credentials are refused, and check that all workers keep refusing them."""
    await wait_until(lambda: _is_refused(caller, path), ENDED_WITHIN_S)
    await asyncio.gather(*(caller.refused(401, "GET", path) for _ in range(30)))


async def _is_refused(caller: ApiClient, path: str) -> bool:
    return (await caller.send("GET", path)).status_code == 401


async def _longest_submission(device: DeviceClient, for_s: float) -> float:
    longest, until = 0.0, time.monotonic() + for_s
    while time.monotonic() < until:
        longest = max(longest, await _duration(submit(device, temp=21)))
    return longest


async def _duration(work: Awaitable[object]) -> float:
    began = time.monotonic()
    await work
    return time.monotonic() - began


async def _is_empty(rows: Rows, table: str, where: str = "TRUE") -> bool:
    return await rows.count(table, where) == 0
