"""Registration, change, suspension and deletion of accounts, and the last administrator."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from tests.api.clients import (
    ADMIN,
    PASSWORD,
    ApiClient,
    DeviceClient,
    UserClient,
    login,
    new_device,
    new_group,
    register,
    sign_up,
    submit,
)
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"


def account(username: str, email: str | None = None) -> dict[str, str]:
    return {"username": username, "email": email or f"{username}@example.org", "password": PASSWORD}


async def test_registration(anonymous: ApiClient) -> None:
    answer = await anonymous.send("POST", "/auth/register", json=account("Ada", "Ada@Example.org"))
    user = answer.json()["user"]
    assert answer.status_code == 201
    assert len(user.pop("user_id")) == 36
    assert user == {
        "username": "Ada",
        "email": "Ada@Example.org",
        "is_active": True,
        "is_admin": False,
        "created_at": NOW,
        "updated_at": NOW,
        "last_login": None,
    }


async def test_names_and_addresses_are_taken_in_any_case(anonymous: ApiClient) -> None:
    await anonymous.post("/auth/register", account("Ada", "ada@example.org"))
    for taken in (account("aDA", "other@example.org"), account("other", "ADA@example.ORG")):
        await anonymous.refused(409, "POST", "/auth/register", taken)
    await anonymous.post("/auth/register", account("other"))


async def test_concurrent_registrations_of_one_name(anonymous: ApiClient) -> None:
    wanted = [account("ada", f"a{number}@example.org") for number in range(6)]
    answers = await asyncio.gather(*(anonymous.send("POST", "/auth/register", json=body) for body in wanted))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}


async def test_usernames_and_passwords_at_their_limits(anonymous: ApiClient) -> None:
    for name, password in (("abc", "x" * 10), ("A._-9" + "z" * 59, "é" * 1_000)):
        await register(anonymous.client, name, password)
        await login(anonymous.client, name, password)
        await anonymous.refused(401, "POST", "/auth/login", {"username": name, "password": password[:-1]})


async def test_a_profile_is_changed_in_part(ada: UserClient, clock: FakeClock) -> None:
    before = (await ada.get("/users/me"))["user"]
    clock.advance(1)
    after = before | {"email": "new@example.org", "updated_at": "2026-03-01T12:00:01.000Z"}
    assert (await ada.put("/users/me", {"email": "new@example.org"}))["user"] == after
    assert (await ada.get(f"/users/{ada.user_id}"))["user"] == after
    assert (await ada.put("/users/me", {"username": "ADA"}))["user"]["username"] == "ADA"
    assert (await ada.put("/users/me", {"username": "countess"}))["user"]["email"] == "new@example.org"
    await ada.get("/users/me")
    await login(ada.client, "countess")
    await ada.refused(401, "POST", "/auth/login", {"username": "ada", "password": PASSWORD})
    await sign_up(ada.client, "ada")


async def test_taken_names_in_a_profile(ada: UserClient, bob: UserClient) -> None:
    for taken in ({"username": "BOB"}, {"email": "Bob@example.org"}):
        await ada.refused(409, "PUT", "/users/me", taken | {"password": "a new password", "current_password": PASSWORD})
    assert (await ada.get("/users/me"))["user"]["username"] == "ada"
    await login(ada.client, "ada")


async def test_a_new_password_needs_the_present_one(ada: UserClient, admin: UserClient) -> None:
    new = "another long password"
    await ada.refused(403, "PUT", "/users/me", {"password": new, "current_password": "wrong"})
    await ada.refused(403, "PUT", "/users/me", {"password": new, "current_password": "", "username": "x.y"})
    await admin.refused(403, "PUT", "/users/me", {"password": new, "current_password": "wrong"})
    assert await ada.wrong_fields("PUT", "/users/me", {"password": new}) == ["body.current_password"]
    assert (await ada.get("/users/me"))["user"]["username"] == "ada"
    await login(ada.client, "ada")


async def test_rights_change_at_once(ada: UserClient, admin: UserClient) -> None:
    for value in (True, False):
        await ada.refused(403, "PUT", "/users/me", {"is_admin": value})
    await ada.refused(403, "GET", "/users")
    assert (await admin.put(f"/users/{ada.user_id}", {"is_admin": True}))["user"]["is_admin"] is True
    await ada.get("/users")
    await ada.put(f"/users/{admin.user_id}", {"is_admin": False})
    await admin.refused(403, "GET", "/users")


async def test_suspension_and_return(ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient) -> None:
    await submit(device, t=1)
    path = f"/users/{ada.user_id}"
    for _ in range(2):
        assert (await admin.patch(f"{path}/deactivate"))["user"]["is_active"] is False
        await ada.refused(401, "GET", "/users/me")
        await device.refused(401, "POST", "/telemetry", {"data": {"t": 2}})
        await device.refused(401, "GET", f"/telemetry/{device.id}/latest")
    assert (await admin.get(path))["user"]["is_active"] is False
    assert (await admin.get(f"/telemetry/{device.id}/latest"))["latest_data"]["t"]["value"] == 1
    await bob.get("/users/me")
    for _ in range(2):
        assert (await admin.patch(f"{path}/activate"))["user"]["is_active"] is True
        await ada.get("/users/me")
        await submit(device, t=2)


async def test_deletion_removes_all_that_the_account_owns(
    ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient
) -> None:
    group_id = await new_group(ada)
    await ada.post(f"/groups/{group_id}/devices", {"device_id": device.id})
    await submit(device, t=1)
    await ada.get(f"/telemetry/{device.id}/latest")
    await admin.delete(f"/users/{ada.user_id}")
    await ada.refused(401, "GET", "/users/me")
    await device.refused(401, "POST", "/devices/heartbeat")
    for path in (
        f"/users/{ada.user_id}",
        f"/devices/user/{ada.user_id}",
        f"/telemetry/user/{ada.user_id}",
        f"/devices/{device.id}",
        f"/telemetry/{device.id}",
        f"/telemetry/{device.id}/latest",
        f"/groups/{group_id}",
    ):
        await admin.refused(404, "GET", path)
    await admin.refused(404, "DELETE", f"/users/{ada.user_id}")
    # They were created at the same time, so their order is undefined.
    assert sorted(user["username"] for user in (await admin.get("/users"))["users"]) == sorted([ADMIN, "bob"])
    again = await sign_up(ada.client, "ada")
    assert again.user_id != ada.user_id
    assert (await again.get("/devices/user/me"))["devices"] == []
    assert (await new_device(again)).id > device.id


async def test_lists_of_accounts(admin: UserClient, clock: FakeClock) -> None:
    for name in ("zoe", "ada", "bob"):
        clock.advance(1)
        await register(admin.client, name)
    answer = await admin.get("/users")
    assert [user["username"] for user in answer["users"]] == [ADMIN, "zoe", "ada", "bob"]
    assert answer["meta"] == {"total": 4, "limit": 100, "offset": 0}
    answer = await admin.get("/users", limit=2, offset=1)
    assert [user["username"] for user in answer["users"]] == ["zoe", "ada"]
    assert answer["meta"] == {"total": 4, "limit": 2, "offset": 1}
    assert (await admin.get("/users", offset=2**53 - 1))["users"] == []


async def test_no_secret_is_ever_shown(ada: UserClient, admin: UserClient) -> None:
    shown = [await admin.get("/users"), await ada.get("/users/me"), await ada.put("/users/me", {"username": "ada2"})]
    for answer in shown:
        assert "password" not in json.dumps(answer)
        assert "argon2" not in json.dumps(answer)


def losses(admin: UserClient) -> list[tuple[str, str, Any]]:
    """The requests by which an administrator loses the role or the account."""
    path = f"/users/{admin.user_id}"
    return [("PATCH", f"{path}/deactivate", None), ("PUT", path, {"is_admin": False}), ("DELETE", path, None)]


async def test_the_last_administrator_cannot_be_removed(ada: UserClient, admin: UserClient) -> None:
    for method, path, body in losses(admin):
        await admin.refused(409, method, path, body)
    await admin.put(f"/users/{ada.user_id}", {"is_admin": True})
    await admin.patch(f"/users/{ada.user_id}/deactivate")
    for method, path, body in losses(admin):
        await admin.refused(409, method, path, body)
    await admin.delete(f"/users/{ada.user_id}")
    assert (await admin.get("/users"))["meta"]["total"] == 1


async def test_one_of_two_administrators_can_be_removed(ada: UserClient, admin: UserClient) -> None:
    for index in range(3):
        heir = await sign_up(ada.client, f"heir{index}")
        await admin.put(f"/users/{heir.user_id}", {"is_admin": True})
        method, path, body = losses(admin)[index]
        assert (await admin.send(method, path, json=body)).is_success
        admin = heir


@pytest.mark.parametrize("way", range(3))
async def test_concurrent_removals_leave_one_administrator(ada: UserClient, admin: UserClient, way: int) -> None:
    await admin.put(f"/users/{ada.user_id}", {"is_admin": True})
    pairs = [(ada, admin), (admin, ada)]
    requests = [(caller, losses(other)[way]) for caller, other in pairs]
    answers = await asyncio.gather(*(caller.send(method, path, json=body) for caller, (method, path, body) in requests))
    assert sum(answer.is_success for answer in answers) == 1
    assert {answer.status_code for answer in answers if not answer.is_success} <= {401, 403, 409}
