"""Every principal against every route: which are admitted, and the status of each refusal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from iotflow.settings import Settings
from tests.api.clients import (
    ADMIN,
    PASSWORD,
    ApiClient,
    UserClient,
    login,
    new_device,
    new_group,
    register,
    sign_up,
    submit,
)
from tests.api.service import API, Service, run_service, with_changes
from tests.clock import FakeClock

DAY_S = 86_400
OK = 200
"""The success status that the route's schema documents."""

KINDS = {
    # For each kind of route, the status for each kind of principal.
    #            stranger owner other admin device another_device maintenance
    "anyone": (OK, OK, OK, OK, OK, OK, OK),
    "user": (401, OK, OK, OK, 401, 401, 401),
    "owner": (401, OK, 404, OK, 401, 401, 401),
    "account": (401, OK, 403, OK, 401, 401, 401),
    "admin": (401, 403, 403, OK, 401, 401, 401),
    "device": (401, 401, 401, 401, OK, OK, OK),
    "submitter": (401, 401, 401, 401, OK, OK, 403),
    "reader": (401, OK, 404, OK, OK, 404, 404),
}
PRINCIPALS = ("stranger", "owner", "other", "admin", "device", "another_device", "maintenance")


@dataclass
class Scenario:
    """The callers, and the ids that they call with, all of Ada's data."""

    callers: list[tuple[str, str, ApiClient]] = field(default_factory=list)
    ids: dict[str, Any] = field(default_factory=dict)
    ada: UserClient = field(init=False)
    serial: "count[int]" = field(default_factory=lambda: count(100))

    def name(self) -> str:
        return f"n{next(self.serial)}"


Prepare = Callable[[Scenario], Awaitable[dict[str, Any]]]
"""Prepares one request: the path's `ids`, and httpx's arguments."""


def plain(**request: Any) -> Prepare:
    async def prepare(scenario: Scenario) -> dict[str, Any]:
        return {"ids": scenario.ids, **request}

    return prepare


def named(**fields: Any) -> Prepare:
    """Return a body with an unused name."""

    async def prepare(scenario: Scenario) -> dict[str, Any]:
        return {"ids": scenario.ids, "json": {"name": scenario.name(), **fields}}

    return prepare


async def registration(scenario: Scenario) -> dict[str, Any]:
    name = scenario.name()
    return {"ids": scenario.ids, "json": {"username": name, "email": f"{name}@example.org", "password": PASSWORD}}


async def new_device_of_ada(scenario: Scenario) -> dict[str, Any]:
    device = await new_device(scenario.ada, scenario.name())
    return {"ids": {"device_id": device.id}}


async def device_to_group(scenario: Scenario) -> dict[str, Any]:
    return {"ids": scenario.ids, "json": {"device_id": (await new_device(scenario.ada, scenario.name())).id}}


async def new_group_of_ada(scenario: Scenario) -> dict[str, Any]:
    return {"ids": {"group_id": await new_group(scenario.ada, scenario.name())}}


async def new_member(scenario: Scenario) -> dict[str, Any]:
    ids = {"group_id": scenario.ids["group_id"], "device_id": (await new_device(scenario.ada, scenario.name())).id}
    await scenario.ada.post(f"/groups/{ids['group_id']}/devices", {"device_id": ids["device_id"]})
    return {"ids": ids}


async def new_user(scenario: Scenario) -> dict[str, Any]:
    return {"ids": {"user_id": (await register(scenario.ada.client, scenario.name()))["user_id"]}}


RECORD = {"data": {"t": 1}}
TIMED = {"timestamp": "2026-01-01T00:00:00Z", **RECORD}
RANGE = {"start_time": "1970-01-01T00:00:00Z", "stop_time": "1970-01-02T00:00:00Z"}
CREDENTIALS = {"username": "ada", "password": PASSWORD}

ROUTES: dict[str, tuple[str, Prepare]] = {
    "POST /api/v1/auth/register": ("anyone", registration),
    "POST /api/v1/auth/login": ("anyone", plain(json=CREDENTIALS)),
    "POST /api/v1/auth/token": ("anyone", plain(data=CREDENTIALS)),
    "GET /api/v1/users": ("admin", plain()),
    "GET /api/v1/users/{user_id}": ("account", plain()),
    "PUT /api/v1/users/{user_id}": ("account", plain(json={})),
    "PATCH /api/v1/users/{user_id}/activate": ("admin", new_user),
    "PATCH /api/v1/users/{user_id}/deactivate": ("admin", new_user),
    "DELETE /api/v1/users/{user_id}": ("admin", new_user),
    "POST /api/v1/devices/register": ("user", named(device_type="sensor")),
    "GET /api/v1/devices/user/{user_id}": ("account", plain()),
    "GET /api/v1/devices/{device_id}": ("owner", plain()),
    "PATCH /api/v1/devices/{device_id}": ("owner", plain(json={"location": "roof"})),
    "DELETE /api/v1/devices/{device_id}": ("owner", new_device_of_ada),
    "GET /api/v1/devices/{device_id}/status": ("owner", plain()),
    "GET /api/v1/devices/{device_id}/groups": ("owner", plain()),
    "POST /api/v1/devices/{device_id}/credentials/rotate": ("owner", new_device_of_ada),
    "GET /api/v1/devices/{device_id}/config": ("owner", plain()),
    "PUT /api/v1/devices/{device_id}/config": ("owner", plain(json={"settings": {}})),
    "GET /api/v1/devices/status": ("device", plain()),
    "POST /api/v1/devices/heartbeat": ("device", plain()),
    "GET /api/v1/devices/config": ("device", plain()),
    "PUT /api/v1/devices/config": ("device", plain(json={"location": "roof"})),
    "GET /api/v1/devices/credentials": ("device", plain()),
    "POST /api/v1/telemetry": ("submitter", plain(json=RECORD)),
    "POST /api/v1/telemetry/batch": ("submitter", plain(json=[TIMED])),
    "POST /api/v1/telemetry/{device_id}/batch": ("owner", plain(json=[TIMED])),
    "GET /api/v1/telemetry/{device_id}": ("reader", plain()),
    "GET /api/v1/telemetry/{device_id}/latest": ("reader", plain()),
    "GET /api/v1/telemetry/{device_id}/aggregated": (
        "reader",
        plain(params={"field": "t", "aggregation": "mean", "window": "1h"}),
    ),
    "DELETE /api/v1/telemetry/{device_id}": ("reader", plain(json=RANGE)),
    "GET /api/v1/telemetry/status": ("anyone", plain()),
    "GET /api/v1/telemetry/user/{user_id}": ("account", plain()),
    "POST /api/v1/groups": ("user", named()),
    "GET /api/v1/groups": ("user", plain()),
    "GET /api/v1/groups/{group_id}": ("owner", plain()),
    "PUT /api/v1/groups/{group_id}": ("owner", plain(json={"color": "#102030"})),
    "DELETE /api/v1/groups/{group_id}": ("owner", new_group_of_ada),
    "POST /api/v1/groups/{group_id}/devices": ("owner", device_to_group),
    "POST /api/v1/groups/{group_id}/devices/bulk": ("owner", plain(json={"device_ids": [1]})),
    "GET /api/v1/groups/{group_id}/devices": ("owner", plain()),
    "DELETE /api/v1/groups/{group_id}/devices/{device_id}": ("owner", new_member),
    "GET /api/v1/admin/devices": ("admin", plain()),
    "GET /api/v1/admin/devices/statuses": ("admin", plain()),
    "GET /api/v1/admin/devices/{device_id}": ("admin", plain()),
    "PUT /api/v1/admin/devices/{device_id}": ("admin", plain(json={"location": "roof"})),
    "DELETE /api/v1/admin/devices/{device_id}": ("admin", new_device_of_ada),
    "PUT /api/v1/admin/devices/{device_id}/status": ("admin", plain(json={"status": "active"})),
    "GET /api/v1/admin/stats": ("admin", plain()),
    "GET /api/v1/events": ("user", plain()),
    "GET /health": ("anyone", plain()),
    "GET /health/live": ("anyone", plain()),
    "GET /health/ready": ("anyone", plain()),
    "GET /status": ("anyone", plain()),
    "GET /": ("anyone", plain()),
    # Last: an admitted caller has no valid token afterwards.
    "POST /api/v1/auth/logout": ("user", plain()),
}


async def create_invalid_credentials(client: httpx.AsyncClient, clock: FakeClock) -> dict[str, ApiClient]:
    """Register Ada and a suspended user, and return callers whose credentials are no longer valid."""
    admin = await login(client, ADMIN)
    carol = await sign_up(client, "carol")
    of_carol = await new_device(carol)
    await admin.patch(f"/users/{carol.user_id}/deactivate")
    await register(client, "ada")
    expired = await login(client, "ada")
    logged_out = await login(client, "ada")
    await logged_out.post("/auth/logout")
    retired = await new_device(expired, "retired")
    await expired.post(f"/devices/{retired.id}/credentials/rotate", {"grace_seconds": 60})
    await retired.get("/devices/status")
    clock.advance(DAY_S)
    return {
        "expired token": expired,
        "token after logout": logged_out,
        "deactivated user": carol,
        "device of deactivated user": of_carol,
        "former key after its grace": retired,
    }


async def create_scenario(client: httpx.AsyncClient, clock: FakeClock) -> Scenario:
    scenario = Scenario()
    invalid = await create_invalid_credentials(client, clock)
    scenario.ada = ada = await login(client, "ada")
    deleted = await new_device(ada, "deleted")
    await ada.delete(f"/devices/{deleted.id}")
    former = await new_device(ada, "target")
    answer = await ada.post(f"/devices/{former.id}/credentials/rotate", {"grace_seconds": 3_600})
    device = former.with_key(answer["device"])
    await submit(device, t=1)
    resting = await new_device(ada, "resting")
    await ada.patch(f"/devices/{resting.id}", {"status": "maintenance"})
    bob = await sign_up(client, "bob")
    scenario.ids = {"device_id": device.id, "group_id": await new_group(ada), "user_id": ada.user_id}
    scenario.callers = [
        ("nobody", "stranger", ApiClient(client)),
        ("garbage token", "stranger", ApiClient(client, {"Authorization": "Bearer garbage"})),
        ("token of another scheme", "stranger", ApiClient(client, {"Authorization": f"Basic {ada.token}"})),
        ("garbage key", "stranger", ApiClient(client, {"X-API-Key": "iot_garbage"})),
        ("token as key", "stranger", ApiClient(client, {"X-API-Key": ada.token})),
        ("key as token", "stranger", ApiClient(client, {"Authorization": f"Bearer {device.key}"})),
        *((name, "stranger", caller) for name, caller in invalid.items()),
        ("key of deleted device", "stranger", deleted),
        ("owner", "owner", ada),
        ("another user", "other", bob),
        ("admin", "admin", await login(client, ADMIN)),
        ("device", "device", device),
        ("device with former key in its grace", "device", former),
        ("another device of the owner", "another_device", await new_device(ada, "sibling")),
        ("device of another user", "another_device", await new_device(bob)),
        ("device in maintenance", "maintenance", resting),
    ]
    return scenario


async def test_every_principal_against_every_route(service: Service) -> None:
    schema = service.app.openapi()
    operations = {
        f"{method.upper()} {path}": operation
        for path, of_path in schema["paths"].items()
        for method, operation in of_path.items()
    }
    assert operations.keys() == ROUTES.keys()
    async with service.client() as client, service.client(root="") as whole:
        scenario = await create_scenario(client, service.clock)
        wrong = []
        for route, (kind, prepare) in ROUTES.items():
            responses = operations[route]["responses"]
            success = next(int(status) for status in responses if status.startswith("2"))
            request: dict[str, Any] = {}
            service.clock.advance(len(scenario.callers))  # none of them calls more than once a second
            for name, group, caller in scenario.callers:
                expected = KINDS[kind][PRINCIPALS.index(group)]
                # An admitted request has used up its resource; a refused one has changed nothing.
                request = request or await prepare(scenario)
                method, _, path = route.partition(" ")
                url = path.format(**request["ids"])
                sent = {part: value for part, value in request.items() if part != "ids"}
                answer = await whole.request(method, url, headers=caller.headers, **sent)
                if answer.is_success:
                    request = {}
                if answer.status_code != (success if expected is OK else expected):
                    wrong.append(f"{route} for {name}: {answer.status_code} {answer.text[:200]}")
                elif str(answer.status_code) not in responses:
                    wrong.append(f"{route}: {answer.status_code} is not documented")
    assert wrong == []


async def test_only_admins_register_accounts_when_registration_is_closed(settings: Settings, clock: FakeClock) -> None:
    closed = with_changes(settings, registration="closed")
    body = {"username": "newcomer", "email": "new@example.org", "password": PASSWORD}
    path = f"{API}/auth/register"
    async with run_service(closed, clock) as service, service.client() as client, service.client(root="") as whole:
        admin = await login(client, ADMIN)
        await admin.post("/auth/register", body)
        newcomer = await login(client, "newcomer")
        device = await new_device(newcomer)
        other = {**body, "username": "other", "email": "other@example.org"}
        for headers, status in (({}, 401), (device.headers, 401), (newcomer.headers, 403), (admin.headers, 201)):
            answer = await whole.post(path, headers=headers, json=other)
            assert answer.status_code == status, headers
