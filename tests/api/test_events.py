"""The audit trail: each change leaves one event, and each reader sees only permitted events."""

import asyncio
import json
import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from iotflow.settings import Settings
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
    sign_up,
    submit,
)
from tests.api.service import run_service, with_changes
from tests.clock import FakeClock

VISIBLE_WITHIN_S = 2.0


class Trail:
    """A recorder that makes changes and then reads the events of each."""

    def __init__(self, reader: UserClient, settings: Settings) -> None:
        self.reader = reader
        self.made = 0
        self._database_url = settings.database_url

    async def make(self, caller: ApiClient, method: str, path: str, body: Any = None) -> str:
        """Make a change and return the id of its request."""
        self.made += 1
        request = {} if body is None else {"json": body}
        answer = await caller.send(method, path, headers={"X-Request-ID": f"change-{self.made}"}, **request)
        assert answer.is_success, answer.text
        return f"change-{self.made}"

    async def left(self) -> dict[str, list[dict[str, Any]]]:
        """Make a last change, wait until the outbox has no event left, and return all events by request."""
        await self.make(self.reader, "POST", "/groups", {"name": f"marker {self.made}"})
        waiting = text("SELECT count(*) FROM outbox WHERE topic = 'event'")
        engine = create_async_engine(self._database_url)
        async with asyncio.timeout(10), engine.connect() as connection:
            while await connection.scalar(waiting):  # the store has no notification to wait for
                await connection.rollback()
                await asyncio.sleep(0.02)
        await engine.dispose()
        by_request: dict[str, list[dict[str, Any]]] = {}
        for event in await events(self.reader, 1):
            by_request.setdefault(event["request_id"], []).append(event)
        return by_request


def summarized(event: dict[str, Any]) -> tuple[str, str, str, int | None, dict[str, Any]]:
    details = dict(event["details"])
    actor = details.pop("actor")
    return event["event_type"], event["user_id"], f"{actor['type']} {actor['id']}", event["device_id"], details


Step = tuple[ApiClient, tuple[str, str, Any], list[tuple[str, str, int | None, dict[str, Any]]]]
"""A caller, its request, and type, actor, device and details of each event that the request leaves."""


def steps(ada: UserClient, admin: UserClient, device: DeviceClient, second: DeviceClient, group_id: int) -> list[Step]:
    """Return a request for each kind of change."""
    me, root, it = f"user {ada.user_id}", f"user {admin.user_id}", f"device {device.id}"
    device_path, group, account = f"/devices/{device.id}", f"/groups/{group_id}", f"/users/{ada.user_id}"
    at_a = {"group_id": group_id}
    span = {"start_time": "2026-01-01T00:00:00.000Z", "stop_time": "2026-01-02T00:00:00.000Z"}
    config: dict[str, Any] = {"settings": {}}
    return [
        (device, ("POST", "/telemetry", {"data": {"t": 1}}), [
            ("device.status_changed", it, device.id, {"from": "inactive", "to": "active"})]),
        (device, ("POST", "/telemetry", {"data": {"t": 1}}), []),
        (ada, ("PATCH", device_path, {"location": "roof"}), [
            ("device.updated", me, device.id, {"changed": ["location"]})]),
        (admin, ("PUT", f"/admin{device_path}/status", {"status": "maintenance"}), [
            ("device.status_changed", root, device.id, {"from": "active", "to": "maintenance"})]),
        (ada, ("PATCH", device_path, {"status": "maintenance"}), []),
        (ada, ("POST", f"{device_path}/credentials/rotate", {"grace_seconds": 60}), [
            ("device.key_rotated", me, device.id, {"grace_seconds": 60})]),
        (ada, ("PUT", f"{device_path}/config", config), [
            ("device.config_updated", me, device.id, {"config_version": 2})]),
        (device, ("PUT", "/devices/config", config), [
            ("device.config_updated", it, device.id, {"config_version": 3})]),
        (ada, ("POST", f"{device_path}/config/versions/1/restore", None), [
            ("device.config_updated", me, device.id, {"config_version": 4, "restored_version": 1})]),
        (ada, ("PUT", f"{device_path}/metadata", {"position": None, "tags": ["outdoor"]}), [
            ("device.metadata_updated", me, device.id, {"changed": ["tags", "position"]})]),
        (ada, ("PUT", "/users/me/preferences", {"theme": "dark"}), []),
        (device, ("DELETE", f"/telemetry/{device.id}", span), [
            ("device.telemetry_deleted", it, device.id, span)]),
        (ada, ("PUT", group, {"name": "barn"}), [
            ("group.updated", me, None, {**at_a, "changed": ["name"]})]),
        (ada, ("POST", f"{group}/devices", {"device_id": device.id}), [
            ("group.device_added", me, device.id, at_a)]),
        (admin, ("POST", f"{group}/devices/bulk", {"device_ids": [second.id, device.id, 999]}), [
            ("group.devices_added", root, None, {**at_a, "device_ids": [second.id]})]),
        (ada, ("DELETE", f"{group}/devices/{second.id}", None), [
            ("group.device_removed", me, second.id, at_a)]),
        (ada, ("DELETE", group, None), [("group.deleted", me, None, {**at_a, "name": "barn"})]),
        (ada, ("DELETE", f"/devices/{second.id}", None), [
            ("device.deleted", me, second.id, {"name": "second"})]),
        (ada, ("PUT", "/users/me", {"email": "new@example.org"}), [
            ("user.updated", me, None, {"changed": ["email"]})]),
        (admin, ("PUT", account, {"password": PASSWORD}), [("user.password_changed", root, None, {})]),
        (admin, ("PATCH", f"{account}/deactivate", None), [("user.deactivated", root, None, {})]),
        (admin, ("PATCH", f"{account}/deactivate", None), []),
        (admin, ("PATCH", f"{account}/activate", None), [("user.activated", root, None, {})]),
        (ApiClient(ada.client), ("POST", "/auth/login", {"username": "ada", "password": PASSWORD}), [
            ("user.logged_in", me, None, {})]),
    ]  # fmt: skip


async def test_each_change_leaves_one_event(
    ada: UserClient, admin: UserClient, device: DeviceClient, settings: Settings
) -> None:
    trail = Trail(admin, settings)
    group_id, second = await new_group(ada), await new_device(ada, "second")
    expected = {}
    for caller, (method, path, body), events_left in steps(ada, admin, device, second, group_id):
        request_id = await trail.make(caller, method, path, body)
        expected[request_id] = [(kind, ada.user_id, actor, id_, details) for kind, actor, id_, details in events_left]
    found = await trail.left()
    assert {
        request_id: [summarized(event) for event in found.get(request_id, [])] for request_id in expected
    } == expected


async def test_creation_and_deletion_leave_one_event_each(admin: UserClient, settings: Settings) -> None:
    trail = Trail(admin, settings)
    body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    registered = await trail.make(ApiClient(admin.client), "POST", "/auth/register", body)
    ada = await login(admin.client, "ada")
    new_device_made = await trail.make(ada, "POST", "/devices/register", {"name": "lamp", "device_type": "light"})
    device_id = (await ada.get("/devices/user/me"))["devices"][0]["id"]
    group_made = await trail.make(ada, "POST", "/groups", {"name": "shed"})
    group_id = (await ada.get("/groups"))["groups"][0]["id"]
    logged_out = await trail.make(ada, "POST", "/auth/logout")
    found = await trail.left()
    user_id, me = ada.user_id, f"user {ada.user_id}"
    account = {"username": "ada", "email": "ada@example.org", "is_admin": False}
    assert [summarized(event) for event in found[registered]] == [("user.registered", user_id, me, None, account)]
    assert found[registered][0]["timestamp"] == "2026-03-01T12:00:00.000Z"
    assert [summarized(event) for event in found[new_device_made]] == [
        ("device.registered", user_id, me, device_id, {"name": "lamp"})
    ]
    assert [summarized(event) for event in found[group_made]] == [
        ("group.created", user_id, me, None, {"group_id": group_id, "name": "shed"})
    ]
    assert [summarized(event) for event in found[logged_out]] == [("user.logged_out", user_id, me, None, {})]
    deleted = await trail.make(admin, "DELETE", f"/users/{user_id}")
    assert [summarized(event) for event in (await trail.left())[deleted]] == [
        ("user.deleted", user_id, f"user {admin.user_id}", None, {})
    ]


async def test_an_event_names_the_admin_who_registered_the_account(settings: Settings, clock: FakeClock) -> None:
    closed = with_changes(settings, registration="closed")
    async with run_service(closed, clock) as service, service.client() as client:
        admin = await login(client, ADMIN)
        body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
        trail = Trail(admin, closed)
        made = await trail.make(admin, "POST", "/auth/register", body)
        [event] = (await trail.left())[made]
        assert event["user_id"] != admin.user_id
        assert event["details"]["actor"] == {"type": "user", "id": admin.user_id}


async def test_refused_requests_leave_no_event(
    ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient, settings: Settings
) -> None:
    trail = Trail(admin, settings)
    await new_group(ada)
    before = await trail.left()
    await ada.refused(409, "POST", "/groups", {"name": "shed"})
    await ada.refused(409, "PUT", f"/devices/{device.id}/config", {"settings": {}, "config_version": 9})
    await bob.refused(404, "DELETE", f"/devices/{device.id}")
    await admin.refused(409, "DELETE", f"/users/{admin.user_id}")
    await ApiClient(ada.client).refused(401, "POST", "/auth/login", {"username": "ada", "password": "wrong"})
    await ada.refused(403, "PUT", "/users/me", {"password": PASSWORD, "current_password": "wrong"})
    assert len(await trail.left()) == len(before) + 1


async def test_events_are_readable_within_two_seconds(ada: UserClient) -> None:
    await events(ada, 2)
    await new_device(ada)
    await events(ada, 1, deadline_s=VISIBLE_WITHIN_S, event_type="device.registered")


async def test_filters_and_order(
    ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient, clock: FakeClock
) -> None:
    for _ in range(3):
        clock.advance(60)
        await ada.patch(f"/devices/{device.id}", {"location": "roof"})
    clock.advance(60)
    await bob.post("/groups", {"name": "theirs"})
    everything = await events(admin, 10)
    places = [(event["timestamp"], event["id"]) for event in everything]
    assert places == sorted(places, reverse=True)
    assert len({event["id"] for event in everything}) == len(everything)
    mine = [event for event in everything if event["user_id"] == ada.user_id]
    assert len(mine) == 6
    assert await events(ada, 0) == mine
    assert await events(admin, 0, user_id=ada.user_id) == mine
    assert await events(ada, 0, user_id="me") == mine
    assert [event for event in everything if event["user_id"] == admin.user_id] == await events(admin, 0, user_id="me")
    updates = [event for event in mine if event["event_type"] == "device.updated"]
    assert await events(ada, 0, event_type="device.updated") == updates
    assert await events(ada, 0, device_id=device.id) == [event for event in mine if event["device_id"] == device.id]
    assert await events(bob, 0, device_id=device.id) == []
    assert await events(ada, 0, start_time="-2m", end_time="-1m") == [updates[1]]
    assert await events(ada, 0, start_time=updates[1]["timestamp"], end_time=updates[0]["timestamp"]) == [updates[1]]
    assert await events(ada, 0, start_time="now") == []


async def test_pages(ada: UserClient, admin: UserClient, clock: FakeClock) -> None:
    for number in range(7):
        await new_group(ada, f"g{number}")
    whole = await events(ada, 9)
    for reader, query in ((ada, {"limit": 2}), (admin, {"limit": 4, "user_id": ada.user_id})):
        answer = await reader.get("/events", **query)
        found = answer["events"]
        while answer["next_cursor"]:
            clock.advance(1)
            await ada.put("/users/me", {"email": f"new{len(found)}@example.org"})
            answer = await reader.get("/events", limit=2, cursor=answer["next_cursor"])
            assert len(answer["events"]) <= 2
            found += answer["events"]
        assert [event for event in found if event["event_type"] != "user.updated"] == whole


async def test_the_events_of_a_deleted_device_stay_with_its_owner(
    ada: UserClient, bob: UserClient, device: DeviceClient, clock: FakeClock
) -> None:
    for change in (submit(device, t=1), ada.delete(f"/devices/{device.id}")):
        clock.advance(1)
        await change
    found = [event["event_type"] for event in await events(ada, 3, device_id=device.id)]
    assert found == ["device.deleted", "device.status_changed", "device.registered"]
    assert await events(bob, 0, device_id=device.id) == []


async def test_a_deleted_users_events_keep_no_personal_details(
    ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient, settings: Settings
) -> None:
    trail = Trail(admin, settings)
    await new_group(ada, "secret-shed")
    await ada.put("/users/me", {"username": "secret-ada", "email": "secret@example.org"})
    await new_device(bob, "of-bob")
    await ada.delete(f"/devices/{device.id}")
    await trail.left()
    before = await events(admin, 0, user_id=ada.user_id)
    assert "probe" in json.dumps(before)
    assert "secret" in json.dumps(before)
    await admin.delete(f"/users/{ada.user_id}")
    give_up_at = time.monotonic() + 10
    while "probe" in json.dumps(after := await events(admin, 0, user_id=ada.user_id)):
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.02)
    await trail.left()
    after = await events(admin, 0, user_id=ada.user_id)
    assert {event["id"] for event in before} < {event["id"] for event in after}
    assert len(after) == len(before) + 1
    for event in after:
        assert event["details"].pop("actor")["id"]
        for personal in ("ada", "probe", "secret", "example.org"):
            assert personal not in json.dumps(event["details"])
    assert "of-bob" in json.dumps(await events(admin, 3, user_id=bob.user_id))
    again = await sign_up(ada.client, "ada")
    assert "ada@example.org" in json.dumps(await events(again, 2))


async def test_an_owner_reads_the_events_of_an_admins_changes(
    ada: UserClient, admin: UserClient, device: DeviceClient
) -> None:
    group_id = await new_group(ada)
    await admin.delete(f"/admin/devices/{device.id}")
    await admin.delete(f"/groups/{group_id}")
    for kind in ("device.deleted", "group.deleted"):
        [event] = await events(ada, 1, event_type=kind)
        assert event["details"]["actor"] == {"type": "user", "id": admin.user_id}
