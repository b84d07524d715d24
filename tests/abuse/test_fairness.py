"""What one account leaves to be done in the background delays no other account's, and holds up nobody."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.abuse.harm import SHORT_STALL_S, TIMES_CONTROL, unharmed
from tests.abuse.rows import Rows
from tests.api.people import (
    ADMIN,
    PASSWORD,
    Caller,
    Person,
    Thing,
    events,
    join,
    login,
    new_device,
    new_group,
    register,
    submit,
)
from tests.four import Four, Tables
from tests.processes import ServiceProcess

READABLE_WITHIN_S = 2.0
ENDED_WITHIN_S = 1.0
ANSWERED_WITHIN_S = 2.0
REMOVED_WITHIN_S = 240.0
DEVICES = {"embedded": 200_000, "four": 20_000}
OWNED = ("devices", "device_keys", "device_configs", "device_groups", "group_members")


@pytest.fixture
async def embedded_client(embedded: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that runs embedded alone."""
    url = f"{embedded.start().base_url}/api/v1"
    async with httpx.AsyncClient(base_url=url, timeout=60.0, trust_env=False) as client:
        yield client


@pytest.fixture
def rows(service: ServiceProcess, request: pytest.FixtureRequest) -> Rows:
    """The rows of the running service."""
    if request.node.callspec.params["service"] == "embedded":
        return Rows.embedded(service.data_dir)
    four: Four = request.getfixturevalue("four")
    return Rows(four.environment()["IOTFLOW_DATABASE_URL"])


async def readable_after(person: Person) -> float:
    """Change something; after how many seconds its event is readable."""
    device = await new_device(person, f"probe {time.monotonic()}")
    began = time.monotonic()
    await events(person, 1, 60.0, event_type="device.registered", device_id=device.id)
    return time.monotonic() - began


async def eventually(holds: Callable[[], Awaitable[bool]], deadline_s: float) -> None:
    """Wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(deadline_s):
        while not await holds():  # noqa: ASYNC110  # a service tells nobody of its background work
            await asyncio.sleep(0.1)


class TestEvents:
    async def test_a_bulk_change_leaves_one_event_and_delays_nobody_s(
        self, service: ServiceProcess, client: httpx.AsyncClient, ada: Person, rows: Rows
    ) -> None:
        bob = await join(client, "bob")
        await rows.add_devices(ada.user_id, 1_000)
        device_ids = [device["id"] for device in (await ada.get("/devices/user/me", limit=1_000))["devices"]]
        groups = [await new_group(ada, f"group {number}") for number in range(100)]
        async with unharmed(service):
            for group in groups:
                answer = await ada.post(f"/groups/{group}/devices/bulk", {"device_ids": device_ids})
                assert len(answer["added"]) == 1_000
            assert await readable_after(bob) <= READABLE_WITHIN_S
        # A later change of the same account's comes after all of those.
        await readable_after(ada)
        told = await events(ada, 100, event_type="group.devices_added")
        assert {event["details"]["group_id"] for event in told} == set(groups)
        assert all(event["details"]["device_ids"] == device_ids for event in told)
        assert {event["device_id"] for event in told} == {None}

    async def test_a_backlog_of_one_account_delays_nobody_else_s_events(
        self, service: ServiceProcess, client: httpx.AsyncClient, ada: Person, rows: Rows
    ) -> None:
        bob = await join(client, "bob")
        await rows.add_waiting_events(ada.user_id, 100_000)
        async with unharmed(service):
            delays = [await readable_after(bob) for _ in range(5)]
        assert max(delays) <= READABLE_WITHIN_S, delays
        assert await rows.count("outbox") > 1_000, "the backlog was over before it could delay anybody"


class TestPurges:
    async def test_purges_of_one_account_delay_nobody_else_s(
        self, service: ServiceProcess, client: httpx.AsyncClient, ada: Person, rows: Rows
    ) -> None:
        bob = await join(client, "bob")
        probe = await new_device(bob)
        await submit(probe, temp=21)
        await rows.add_waiting_purges(ada.user_id, 10_000)
        await bob.delete(f"/devices/{probe.id}")
        purged = f"topic = 'purge_telemetry' AND subject = 'purge:{bob.user_id}'"
        await eventually(lambda: _is_empty(rows, "outbox", purged), 10.0)
        waiting = await rows.count("outbox", f"subject = 'purge:{ada.user_id}'")
        assert waiting > 1_000, "nobody was there to be overtaken"

    async def test_a_device_with_much_telemetry_holds_up_nobody(
        self, embedded: ServiceProcess, embedded_client: httpx.AsyncClient
    ) -> None:
        rows = Rows.embedded(embedded.data_dir)
        ada, bob = await join(embedded_client, "ada"), await join(embedded_client, "bob")
        huge, small = await new_device(ada), await new_device(bob)
        await rows.add_points(huge.id, 300_000)
        await submit(small, temp=21)
        async with unharmed(embedded):
            await ada.delete(f"/devices/{huge.id}")
            await bob.delete(f"/devices/{small.id}")
            await eventually(lambda: _is_empty(rows, "telemetry_points", f"device_id = {small.id}"), 10.0)
            assert await rows.count("telemetry_points") > 1_000, "nobody was there to be overtaken"
        await eventually(lambda: _is_empty(rows, "telemetry_points"), REMOVED_WITHIN_S)


class TestLargeAccounts:
    @pytest.mark.timeout(2 * REMOVED_WITHIN_S)
    async def test_an_account_is_suspended_and_deleted_at_once_and_removed_despite_a_kill(
        self,
        service: ServiceProcess,
        client: httpx.AsyncClient,
        admin: Person,
        ada: Person,
        rows: Rows,
        request: pytest.FixtureRequest,
    ) -> None:
        probe = await new_device(ada)
        await rows.add_devices(ada.user_id, DEVICES[request.node.callspec.params["service"]])
        await rows.add_members(await new_group(ada), ada.user_id)
        neighbour = await new_device(await join(client, "bob"))
        await submit(probe, temp=21)
        undisturbed = await _longest_submission(neighbour, 2.0)

        assert await _duration(admin.patch(f"/users/{ada.user_id}/deactivate")) <= ANSWERED_WITHIN_S
        await _refused_soon(ada, "/users/me")
        await _refused_soon(probe, "/devices/status")
        assert await _duration(admin.patch(f"/users/{ada.user_id}/activate")) <= ANSWERED_WITHIN_S
        await ada.get("/users/me")
        await probe.get("/devices/status")

        async with unharmed(service):
            assert await _duration(admin.delete(f"/users/{ada.user_id}")) <= ANSWERED_WITHIN_S
            await _check_gone(client, admin, ada, probe)
            ada_again = await _registered_again(client)
            longest = await _longest_submission(neighbour, 5.0)
        assert longest <= max(TIMES_CONTROL * undisturbed, SHORT_STALL_S), (undisturbed, longest)
        service.kill()
        left = await rows.count("devices")
        assert left > 1_000, "all was removed before the service was killed"
        service.start()

        async def is_removed() -> bool:
            counts = [await rows.count(table) for table in OWNED]
            return counts == [1, 1, 1, 0, 0]

        await eventually(is_removed, REMOVED_WITHIN_S)
        await eventually(lambda: _is_empty(rows, "users", "deleted_at IS NOT NULL"), REMOVED_WITHIN_S)
        await eventually(lambda: _is_empty(rows, "outbox", f"subject = 'purge:{ada.user_id}'"), REMOVED_WITHIN_S)
        if service.data_dir.joinpath("iotflow.db").exists():
            assert await rows.count("telemetry_points", f"device_id = {probe.id}") == 0
        await neighbour.get("/devices/status")
        await ada_again.get("/users/me")
        told = await events(admin, 1, user_id=ada.user_id, event_type="user.registered")
        assert told[0]["details"].keys() == {"actor", "is_admin"}

    @pytest.mark.timeout(240)
    async def test_every_worker_refuses_a_suspended_account_and_knows_an_active_one(
        self, four: Four, prepared_tables: Tables, tmp_path: Path
    ) -> None:
        await four.restore(prepared_tables)
        environment = {**four.environment(), "IOTFLOW_LOG_LEVEL": "warning"}
        with ServiceProcess(tmp_path / "data", environment, options=("--workers", "2")) as service:
            url = f"{service.base_url}/api/v1"
            # A connection a request, so that both workers answer.
            one_each = httpx.Limits(max_keepalive_connections=0)
            async with httpx.AsyncClient(base_url=url, timeout=60.0, trust_env=False, limits=one_each) as client:
                admin, ada = await login(client, ADMIN), await join(client, "ada")
                probe = await new_device(ada)
                await Rows(four.environment()["IOTFLOW_DATABASE_URL"]).add_devices(ada.user_id, 2_000)
                for _ in range(2):
                    await asyncio.gather(*(probe.get("/devices/status") for _ in range(30)))
                    await admin.patch(f"/users/{ada.user_id}/deactivate")
                    await _refused_soon(probe, "/devices/status")
                    await _refused_soon(ada, "/users/me")
                    await admin.patch(f"/users/{ada.user_id}/activate")
                await admin.delete(f"/users/{ada.user_id}")
                await _refused_soon(probe, "/devices/status")
                await _refused_soon(ada, "/users/me")


class TestLimits:
    async def test_an_account_has_so_many_devices_at_most(self, prepared_data: Path, tmp_path: Path) -> None:
        shutil.copytree(prepared_data, tmp_path / "data")
        environment = {"IOTFLOW_MAX_DEVICES_PER_ACCOUNT": "3", "IOTFLOW_LOG_LEVEL": "warning"}
        with ServiceProcess(tmp_path / "data", environment) as service:
            url = f"{service.base_url}/api/v1"
            async with httpx.AsyncClient(base_url=url, timeout=60.0, trust_env=False) as client:
                ada, bob = await join(client, "ada"), await join(client, "bob")
                bodies = [{"name": f"probe {number}", "device_type": "sensor"} for number in range(9)]
                sent = [ada.send("POST", "/devices/register", json=body) for body in bodies]
                answers = await asyncio.gather(*sent)
                assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 6
                refused = next(answer.json() for answer in answers if answer.status_code == 409)
                limit = "IOTFLOW_MAX_DEVICES_PER_ACCOUNT: an account has at most 3 devices"
                assert refused["detail"].startswith(limit)
                await new_device(bob)
                assert service.log().count(f"limit met: {limit}; by account {ada.user_id}; times=1") == 1

    async def test_an_account_has_so_many_groups_at_most(
        self, embedded: ServiceProcess, embedded_client: httpx.AsyncClient
    ) -> None:
        ada = await join(embedded_client, "ada")
        await Rows.embedded(embedded.data_dir).add_groups(ada.user_id, 999)
        await new_group(ada)
        problem = await ada.refused(409, "POST", "/groups", {"name": "one more"})
        assert problem["detail"].startswith("an account has at most 1,000 groups")

    async def test_a_login_beyond_the_limit_ends_the_oldest_token(
        self, embedded: ServiceProcess, embedded_client: httpx.AsyncClient
    ) -> None:
        rows = Rows.embedded(embedded.data_dir)
        ada = await join(embedded_client, "ada")
        await rows.add_tokens(ada.user_id, 1_500)
        again = await login(embedded_client, "ada")
        mine = f"user_id = '{ada.user_id.replace('-', '')}'"
        assert await rows.count("tokens", mine) == 1_000
        assert await rows.count("tokens", f"{mine} AND created_at <= 502") == 0
        await ada.get("/users/me")
        await again.put("/users/me", {"email": "ada.lovelace@example.org"})

    async def test_a_group_of_many_devices_is_deleted_in_chunks(
        self, embedded: ServiceProcess, embedded_client: httpx.AsyncClient
    ) -> None:
        rows = Rows.embedded(embedded.data_dir)
        ada = await join(embedded_client, "ada")
        neighbour = await new_device(await join(embedded_client, "bob"))
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


async def _check_gone(client: httpx.AsyncClient, admin: Person, ada: Person, probe: Thing) -> None:
    await _refused_soon(ada, "/users/me")
    await _refused_soon(probe, "/devices/status")
    credentials = {"username": ada.username, "password": PASSWORD}
    await Caller(client).refused(401, "POST", "/auth/login", credentials)
    for path in (f"/users/{ada.user_id}", f"/devices/{probe.id}", f"/devices/user/{ada.user_id}"):
        await admin.refused(404, "GET", path)
    await admin.refused(404, "GET", f"/telemetry/{probe.id}/latest")
    assert (await admin.get("/admin/devices", user_id=ada.user_id))["meta"]["total"] == 0
    assert (await admin.get("/admin/devices"))["meta"]["total"] == 1
    assert [user["username"] for user in (await admin.get("/users"))["users"]] == ["root", "bob"]
    stats = await admin.get("/admin/stats")
    assert (stats["users"]["total"], stats["devices"]["total"], stats["groups"]["total"]) == (2, 1, 0)


async def _registered_again(client: httpx.AsyncClient) -> Person:
    await register(client, "ada")
    return await login(client, "ada")


async def _refused_soon(caller: Caller, path: str) -> None:
    """Wait until the credentials are refused, and see that they stay so, by whatever worker answers."""
    await eventually(lambda: _is_refused(caller, path), ENDED_WITHIN_S)
    await asyncio.gather(*(caller.refused(401, "GET", path) for _ in range(30)))


async def _is_refused(caller: Caller, path: str) -> bool:
    return (await caller.send("GET", path)).status_code == 401


async def _longest_submission(device: Thing, for_s: float) -> float:
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
