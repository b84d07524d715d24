"""Every principal against every route: which are admitted, and the status of each refusal."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from iotflow.background import deliveries
from iotflow.settings import Settings
from tests.api.callers import SCOPES, Scenario, create_scenario
from tests.api.clients import (
    ADMIN,
    PASSWORD,
    login,
    new_device,
    new_group,
    new_token,
    register,
    submit,
)
from tests.api.forecasts import send_hours, use_stand_in
from tests.api.service import API, Service, run_service, with_changes
from tests.clock import FakeClock
from tests.waiting import wait_until

CLOSED_PORT = 9
DEADLINE_S = 15.0
OK = 200
"""The success status that the route's schema documents."""

KINDS = {
    # For each kind of route, the status for each kind of principal. A route's kind ends with the scope that it needs of
    # a personal access token; without one, every such token is refused.
    #            stranger owner other admin device another_device maintenance token token_without_scope
    "anyone": (OK, OK, OK, OK, OK, OK, OK, OK, OK),
    "user": (401, OK, OK, OK, 401, 401, 401, OK, 403),
    "owner": (401, OK, 404, OK, 401, 401, 401, OK, 403),
    "account": (401, OK, 403, OK, 401, 401, 401, OK, 403),
    "self": (401, OK, 403, 403, 401, 401, 401, OK, 403),
    "admin": (401, 403, 403, OK, 401, 401, 401, 403, 403),
    "device": (401, 401, 401, 401, OK, OK, OK, 401, 401),
    "submitter": (401, 401, 401, 401, OK, OK, 403, 401, 401),
    "reader": (401, OK, 404, OK, OK, 404, 404, OK, 403),
}
PRINCIPALS = (
    "stranger",
    "owner",
    "other",
    "admin",
    "device",
    "another_device",
    "maintenance",
    "token",
    "token_without_scope",
)


def expected_status(kind: str, group: str) -> int:
    """Return the status of a kind of route for a group of callers."""
    kind, _, scope = kind.partition(":")
    if group == "token of an admin":
        group = "other" if scope or kind in ("anyone", "device", "submitter") else "token_without_scope"
    elif group in SCOPES:
        group = "token" if group == scope else "token_without_scope"
    return KINDS[kind][PRINCIPALS.index(group)]


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


async def new_token_of_ada(scenario: Scenario) -> dict[str, Any]:
    token, _ = await new_token(scenario.ada, scenario.name(), "read")
    return {"ids": {**scenario.ids, "token_id": token["id"]}}


async def current_version(scenario: Scenario) -> dict[str, Any]:
    config = await scenario.ada.get(f"/devices/{scenario.ids['device_id']}/config")
    return {"ids": {**scenario.ids, "version": config["config_version"]}}


async def new_rule_of_ada(scenario: Scenario) -> dict[str, Any]:
    rule = await scenario.ada.post("/alert-rules", {**RULE, "device_id": scenario.ids["device_id"]})
    return {"ids": {"rule_id": rule["alert_rule"]["id"]}, "json": {}}


async def new_alert_of_ada(scenario: Scenario) -> dict[str, Any]:
    alert = await scenario.ada.post("/alerts", {**ALERT, "device_id": scenario.ids["device_id"]})
    return {"ids": {"alert_id": alert["alert"]["id"]}}


async def new_webhook_url(scenario: Scenario) -> dict[str, Any]:
    return {"ids": scenario.ids, "json": {"url": f"http://127.0.0.1:{CLOSED_PORT}/{scenario.name()}"}}


async def new_webhook_of_ada(scenario: Scenario) -> dict[str, Any]:
    url = f"http://127.0.0.1:{CLOSED_PORT}/{scenario.name()}"
    webhook = (await scenario.ada.post("/webhooks", {"url": url}))["webhook"]
    return {"ids": {"webhook_id": webhook["id"]}, "json": {}}


async def new_dead_delivery_of_ada(scenario: Scenario) -> dict[str, Any]:
    url = f"http://127.0.0.1:{CLOSED_PORT}/{scenario.name()}"
    device = await new_device(scenario.ada, scenario.name())
    rule = (await scenario.ada.post("/alert-rules", {**RULE, "device_id": device.id, "webhook_url": url}))["alert_rule"]
    await submit(device, t=10)
    found: list[dict[str, Any]] = []

    async def is_dead() -> bool:
        path = f"/webhooks/{rule['webhook_id']}/deliveries"
        found[:] = (await scenario.ada.get(path, status="dead"))["deliveries"]
        return bool(found)

    await wait_until(is_dead, DEADLINE_S)
    return {"ids": {"webhook_id": rule["webhook_id"], "delivery_id": found[0]["id"]}}


async def hours_of_ada(scenario: Scenario) -> dict[str, Any]:
    device = await new_device(scenario.ada, scenario.name())
    await send_hours(device, scenario.clock, [1.0] * 30)
    return {"ids": {"device_id": device.id}, "params": {"field": "temp"}}


async def new_report_of_ada(scenario: Scenario) -> dict[str, Any]:
    report = await scenario.ada.post("/analytics/reports", {**REPORT, "device_id": scenario.ids["device_id"]})
    return {"ids": {"report_id": report["report"]["id"]}}


def about_device(**body: Any) -> Prepare:
    """Return a body about Ada's device."""

    async def prepare(scenario: Scenario) -> dict[str, Any]:
        return {"ids": scenario.ids, "json": {**body, "device_id": scenario.ids["device_id"]}}

    return prepare


def without_body(prepare: Prepare) -> Prepare:
    """Return the same request without a body."""

    async def prepare_without(scenario: Scenario) -> dict[str, Any]:
        return {"ids": (await prepare(scenario))["ids"]}

    return prepare_without


CONDITION = {"type": "threshold", "field": "t", "op": "gt", "value": 5}
RULE = {"name": "hot", "severity": "info", "condition": CONDITION}
ALERT = {"severity": "info", "message": "x"}
REPORT = {"report_type": "device_summary", "period": {"start_time": "-1h"}}
RECORD = {"data": {"t": 1}}
TIMED = {"timestamp": "2026-01-01T00:00:00Z", **RECORD}
RANGE = {"start_time": "1970-01-01T00:00:00Z", "stop_time": "1970-01-02T00:00:00Z"}
CREDENTIALS = {"username": "ada", "password": PASSWORD}

ROUTES: dict[str, tuple[str, Prepare]] = {
    "POST /api/v1/auth/register": ("anyone", registration),
    "POST /api/v1/auth/login": ("anyone", plain(json=CREDENTIALS)),
    "POST /api/v1/auth/token": ("anyone", plain(data=CREDENTIALS)),
    "GET /api/v1/users": ("admin", plain()),
    "GET /api/v1/users/{user_id}": ("account:read", plain()),
    "PUT /api/v1/users/{user_id}": ("account", plain(json={})),
    "POST /api/v1/users/{user_id}/tokens": ("account", named(scopes=["read"])),
    "GET /api/v1/users/{user_id}/tokens": ("account", plain()),
    "DELETE /api/v1/users/{user_id}/tokens/{token_id}": ("account", new_token_of_ada),
    "GET /api/v1/users/{user_id}/preferences": ("self:read", plain()),
    "PUT /api/v1/users/{user_id}/preferences": ("self", plain(json={"theme": "dark"})),
    "PATCH /api/v1/users/{user_id}/activate": ("admin", new_user),
    "PATCH /api/v1/users/{user_id}/deactivate": ("admin", new_user),
    "DELETE /api/v1/users/{user_id}": ("admin", new_user),
    "POST /api/v1/devices/register": ("user:write", named(device_type="sensor")),
    "GET /api/v1/devices/user/{user_id}": ("account:read", plain()),
    "GET /api/v1/devices/{device_id}": ("owner:read", plain()),
    "PATCH /api/v1/devices/{device_id}": ("owner:write", plain(json={"location": "roof"})),
    "DELETE /api/v1/devices/{device_id}": ("owner:write", new_device_of_ada),
    "GET /api/v1/devices/{device_id}/status": ("owner:read", plain()),
    "GET /api/v1/devices/{device_id}/groups": ("owner:read", plain()),
    "POST /api/v1/devices/{device_id}/credentials/rotate": ("owner:write", new_device_of_ada),
    "GET /api/v1/devices/{device_id}/config": ("owner:read", plain()),
    "PUT /api/v1/devices/{device_id}/config": ("owner:write", plain(json={"settings": {}})),
    "GET /api/v1/devices/{device_id}/config/versions": ("owner:read", plain()),
    "GET /api/v1/devices/{device_id}/config/versions/{version}": ("owner:read", current_version),
    "POST /api/v1/devices/{device_id}/config/versions/{version}/restore": ("owner:write", current_version),
    "GET /api/v1/devices/{device_id}/metadata": ("owner:read", plain()),
    "PUT /api/v1/devices/{device_id}/metadata": ("owner:write", plain(json={"tags": ["outdoor"]})),
    "PATCH /api/v1/devices/{device_id}/metadata": ("owner:write", plain(json={"tags": ["outdoor"]})),
    "GET /api/v1/devices/search": ("user:read", plain(params={"tag": "outdoor"})),
    "GET /api/v1/devices/status": ("device", plain()),
    "POST /api/v1/devices/heartbeat": ("device", plain()),
    "GET /api/v1/devices/config": ("device", plain()),
    "PUT /api/v1/devices/config": ("device", plain(json={"location": "roof"})),
    "GET /api/v1/devices/credentials": ("device", plain()),
    "POST /api/v1/telemetry": ("submitter", plain(json=RECORD)),
    "POST /api/v1/telemetry/batch": ("submitter", plain(json=[TIMED])),
    "POST /api/v1/telemetry/{device_id}/batch": ("owner:telemetry", plain(json=[TIMED])),
    "GET /api/v1/telemetry/{device_id}": ("reader:read", plain()),
    "GET /api/v1/telemetry/{device_id}/latest": ("reader:read", plain()),
    "GET /api/v1/telemetry/{device_id}/aggregated": (
        "reader:read",
        plain(params={"field": "t", "aggregation": "mean", "window": "1h"}),
    ),
    "DELETE /api/v1/telemetry/{device_id}": ("reader:write", plain(json=RANGE)),
    "GET /api/v1/telemetry/status": ("anyone", plain()),
    "GET /api/v1/telemetry/user/{user_id}": ("account:read", plain()),
    "POST /api/v1/groups": ("user:write", named()),
    "GET /api/v1/groups": ("user:read", plain()),
    "GET /api/v1/groups/{group_id}": ("owner:read", plain()),
    "PUT /api/v1/groups/{group_id}": ("owner:write", plain(json={"color": "#102030"})),
    "DELETE /api/v1/groups/{group_id}": ("owner:write", new_group_of_ada),
    "POST /api/v1/groups/{group_id}/devices": ("owner:write", device_to_group),
    "POST /api/v1/groups/{group_id}/devices/bulk": ("owner:write", plain(json={"device_ids": [1]})),
    "GET /api/v1/groups/{group_id}/devices": ("owner:read", plain()),
    "DELETE /api/v1/groups/{group_id}/devices/{device_id}": ("owner:write", new_member),
    "GET /api/v1/admin/devices": ("admin", plain()),
    "GET /api/v1/admin/devices/statuses": ("admin", plain()),
    "GET /api/v1/admin/devices/{device_id}": ("admin", plain()),
    "PUT /api/v1/admin/devices/{device_id}": ("admin", plain(json={"location": "roof"})),
    "DELETE /api/v1/admin/devices/{device_id}": ("admin", new_device_of_ada),
    "PUT /api/v1/admin/devices/{device_id}/status": ("admin", plain(json={"status": "active"})),
    "GET /api/v1/admin/stats": ("admin", plain()),
    "POST /api/v1/alert-rules": ("owner:write", about_device(**RULE)),
    "GET /api/v1/alert-rules": ("user:read", plain()),
    "POST /api/v1/alert-rules/test": ("owner:read", about_device(condition=CONDITION)),
    "GET /api/v1/alert-rules/{rule_id}": ("owner:read", without_body(new_rule_of_ada)),
    "PUT /api/v1/alert-rules/{rule_id}": ("owner:write", new_rule_of_ada),
    "DELETE /api/v1/alert-rules/{rule_id}": ("owner:write", without_body(new_rule_of_ada)),
    "GET /api/v1/analytics/devices/{device_id}": ("owner:read", plain()),
    "GET /api/v1/analytics/devices/{device_id}/forecast": ("owner:read", hours_of_ada),
    "GET /api/v1/analytics/users/{user_id}": ("account:read", plain()),
    "POST /api/v1/analytics/reports": ("owner:write", about_device(**REPORT)),
    "GET /api/v1/analytics/reports": ("user:read", plain()),
    "GET /api/v1/analytics/reports/{report_id}": ("owner:read", new_report_of_ada),
    "GET /api/v1/alerts": ("user:read", plain()),
    "POST /api/v1/alerts": ("owner:write", about_device(**ALERT)),
    "GET /api/v1/alerts/{alert_id}": ("owner:read", new_alert_of_ada),
    "POST /api/v1/alerts/{alert_id}/acknowledge": ("owner:write", new_alert_of_ada),
    "POST /api/v1/alerts/{alert_id}/resolve": ("owner:write", new_alert_of_ada),
    "POST /api/v1/webhooks": ("user:write", new_webhook_url),
    "GET /api/v1/webhooks": ("user:read", plain()),
    "GET /api/v1/webhooks/{webhook_id}": ("owner:read", without_body(new_webhook_of_ada)),
    "PUT /api/v1/webhooks/{webhook_id}": ("owner:write", new_webhook_of_ada),
    "DELETE /api/v1/webhooks/{webhook_id}": ("owner:write", without_body(new_webhook_of_ada)),
    "POST /api/v1/webhooks/{webhook_id}/secret": ("owner:write", without_body(new_webhook_of_ada)),
    "GET /api/v1/webhooks/{webhook_id}/deliveries": ("owner:read", without_body(new_webhook_of_ada)),
    "POST /api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": ("owner:write", new_dead_delivery_of_ada),
    "GET /api/v1/stream": ("user:read", plain()),
    "GET /api/v1/events": ("user:read", plain()),
    "GET /health": ("anyone", plain()),
    "GET /health/live": ("anyone", plain()),
    "GET /health/ready": ("anyone", plain()),
    "GET /status": ("anyone", plain()),
    "GET /": ("anyone", plain()),
    # Last: an admitted caller has no valid token afterwards.
    "POST /api/v1/auth/logout": ("user", plain()),
}


async def test_every_principal_against_every_route(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_ATTEMPTS", 1)
    use_stand_in(monkeypatch)
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
                expected = expected_status(kind, group)
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
