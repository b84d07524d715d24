"""The order of errors where several apply, and that no body is read earlier than needed."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from iotflow.settings import Settings
from tests.api.clients import (
    ADMIN,
    PASSWORD,
    ApiClient,
    DeviceClient,
    UserClient,
    login,
    new_device,
    new_group,
    new_token,
)
from tests.api.service import Service, run_service, with_changes
from tests.clock import FakeClock

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LARGE = b'"' + b"x" * 2**20 + b'"'
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")

Fault = tuple[int, dict[str, Any]]
"""A status, and the change to the request after which it is no longer the answer."""


class WatchedBody:
    """A body in chunks that records whether it was read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.was_read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.was_read = True
        for start in range(0, len(self.content), 65_536):
            yield self.content[start : start + 65_536]


@dataclass
class Wrong:
    """A request in which everything is wrong at the start."""

    client: httpx.AsyncClient
    path: str
    method: str
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/plain"
    encoding: str = "identity"
    content: bytes = LARGE
    query: dict[str, str] = field(default_factory=lambda: {"typo": "1"})

    async def answer(self) -> int:
        """Send the request and return the status. Checks that the body is read only when needed."""
        body = WatchedBody(self.content)
        answer = await self.client.request(
            self.method,
            self.path,
            headers={**self.headers, "Content-Type": self.content_type, "Content-Encoding": self.encoding},
            params=self.query,
            content=body,
        )
        if body.was_read:
            assert self.headers or self.path.startswith("/auth/")
            assert answer.status_code != 415
        return answer.status_code

    async def peel(self, *faults: Fault) -> list[int]:
        """Correct one fault after another; return the statuses."""
        statuses = []
        for _, mended in faults:
            statuses.append(await self.answer())
            for name, value in mended.items():
                assert getattr(self, name) != value, f"{name} was right already"
                setattr(self, name, value)
        return [*statuses, await self.answer()]


def packed(value: object) -> dict[str, Any]:
    return {"content": json.dumps(value).encode(), "query": {}}


def in_order(*faults: Fault, end: int) -> list[int]:
    return [status for status, _ in faults] + [end]


async def test_change_of_an_account(
    client: httpx.AsyncClient, admin: UserClient, ada: UserClient, bob: UserClient
) -> None:
    faults: list[Fault] = [
        (404, {"path": f"/users/{uuid4()}"}),
        (405, {"method": "PUT"}),
        (401, {"headers": ada.headers}),
        (403, {"headers": admin.headers}),
        (415, {"content_type": JSON}),
        (413, {"content": b'{"username": "ada"'}),
        (422, {"content": b'{"username": "ada"}'}),
        (422, {"query": {}}),
        (404, {"path": f"/users/{bob.user_id}"}),
        (409, {"content": b'{"username": "carol"}'}),
    ]
    request = Wrong(client, f"/users/{bob.user_id}/", "BREW")
    assert await request.peel(*faults) == in_order(*faults, end=200)


async def test_telemetry_of_a_device_in_maintenance(
    client: httpx.AsyncClient, ada: UserClient, device: DeviceClient
) -> None:
    resting = await new_device(ada, "resting")
    await ada.patch(f"/devices/{resting.id}", {"status": "maintenance"})
    faults: list[Fault] = [
        (404, {"path": "/telemetry"}),
        (405, {"method": "POST"}),
        (401, {"headers": ada.headers}),
        (401, {"headers": resting.headers}),
        (403, {"headers": device.headers}),
        (415, {"content_type": "application/json; charset=utf-8"}),
        (413, {"content": b'{"data": {}}'}),
        (422, packed({"data": {"t": 1}})),
    ]
    request = Wrong(client, "/telemetry/", "GET")
    assert await request.peel(*faults) == in_order(*faults, end=201)


async def test_config_of_a_device_in_maintenance(
    client: httpx.AsyncClient, ada: UserClient, device: DeviceClient
) -> None:
    await ada.patch(f"/devices/{device.id}", {"status": "maintenance"})
    faults: list[Fault] = [
        (405, {"method": "PUT"}),
        (401, {"headers": device.headers}),
        (415, {"content_type": JSON}),
        (413, {"content": b'{"status": "asleep"}'}),
        (422, packed({"status": "active"})),
        (403, packed({"status": "maintenance"}) | {"query": {"a": "b"}}),
        (422, {"query": {}}),
    ]
    request = Wrong(client, "/devices/config", "POST")
    assert await request.peel(*faults) == in_order(*faults, end=200)


async def test_batch_on_behalf_of_a_device(
    client: httpx.AsyncClient, ada: UserClient, bob: UserClient, device: DeviceClient
) -> None:
    record = {"timestamp": "2026-01-01T00:00:00Z", "data": {"t": 1}}
    faults: list[Fault] = [
        (405, {"method": "POST"}),
        (401, {"headers": bob.headers}),
        (415, {"encoding": "gzip"}),
        (415, {"content_type": JSON}),
        (422, {"encoding": "identity"}),
        (413, {"content": json.dumps([record] * 10_001).encode()}),
        (413, {"content": b"[]"}),
        (422, packed([record])),
        (422, {"path": f"/telemetry/{device.id}/batch"}),
        (404, {"headers": ada.headers}),
    ]
    request = Wrong(client, f"/telemetry/{2**53}/batch", "GET", encoding="br", content=b" " * 16 * 2**20 + b"[]")
    assert await request.peel(*faults) == in_order(*faults, end=200)


async def test_a_personal_access_token_without_the_scope(
    client: httpx.AsyncClient, ada: UserClient, bob: UserClient, device: DeviceClient
) -> None:
    _, reader = await new_token(ada, "reader", "read")
    _, stranger = await new_token(bob, "writer", "write")
    _, writer = await new_token(ada, "writer", "write")
    faults: list[Fault] = [
        (405, {"method": "PATCH"}),
        (401, {"headers": reader.headers}),
        (403, {"headers": stranger.headers}),
        (415, {"content_type": JSON}),
        (413, {"content": b'{"name": 7}'}),
        (422, packed({"location": "roof"})),
        (404, {"headers": writer.headers}),
    ]
    request = Wrong(client, f"/devices/{device.id}", "PUT", {"Authorization": "Bearer iotp_garbage"})
    assert await request.peel(*faults) == in_order(*faults, end=200)


async def test_personal_access_token(client: httpx.AsyncClient, ada: UserClient, bob: UserClient) -> None:
    taken, _ = await new_token(ada, "taken", "read")
    faults: list[Fault] = [
        (405, {"method": "POST"}),
        (401, {"headers": bob.headers}),
        (403, {"headers": ada.headers}),
        (415, {"content_type": JSON}),
        (413, {"content": b'{"name": "export"}'}),
        (422, packed({"name": taken["name"], "scopes": ["read"]})),
        (409, packed({"name": "export", "scopes": ["read"]}) | {"query": {"a": "b"}}),
        (422, {"query": {}}),
    ]
    request = Wrong(client, f"/users/{ada.user_id}/tokens", "PUT")
    assert await request.peel(*faults) == in_order(*faults, end=201)


async def test_member_of_a_group(
    client: httpx.AsyncClient, ada: UserClient, bob: UserClient, device: DeviceClient
) -> None:
    group_id, theirs = await new_group(ada), await new_device(bob)
    other = await new_device(ada, "other")
    await ada.post(f"/groups/{group_id}/devices", {"device_id": device.id})
    faults: list[Fault] = [
        (405, {"method": "POST"}),
        (401, {"headers": bob.headers}),
        (415, {"content_type": JSON}),
        (413, {"content": b'{"device_id": "1"}'}),
        (422, packed({"device_id": theirs.id})),
        (404, {"headers": ada.headers}),
        (404, {"content": json.dumps({"device_id": device.id}).encode()}),
        (409, {"content": json.dumps({"device_id": other.id}).encode()}),
    ]
    request = Wrong(client, f"/groups/{group_id}/devices", "PUT")
    assert await request.peel(*faults) == in_order(*faults, end=201)


async def test_metadata_of_a_device(
    client: httpx.AsyncClient, ada: UserClient, bob: UserClient, device: DeviceClient
) -> None:
    faults: list[Fault] = [
        (405, {"method": "PATCH"}),
        (401, {"headers": bob.headers}),
        (415, {"content_type": JSON}),
        (413, {"content": b'{"position": {"lat": 91, "lon": 0}}'}),
        (422, packed({"position": {"lat": 90, "lon": 0}})),
        (404, {"headers": ada.headers}),
    ]
    request = Wrong(client, f"/devices/{device.id}/metadata", "POST")
    assert await request.peel(*faults) == in_order(*faults, end=200)


async def test_preferences_of_a_user(client: httpx.AsyncClient, ada: UserClient, admin: UserClient) -> None:
    faults: list[Fault] = [
        (405, {"method": "PUT"}),
        (401, {"headers": admin.headers}),
        (403, {"headers": ada.headers}),
        (415, {"content_type": JSON}),
        (413, {"content": b"[]"}),
        (422, packed({"theme": "dark"})),
    ]
    request = Wrong(client, f"/users/{ada.user_id}/preferences", "POST")
    assert await request.peel(*faults) == in_order(*faults, end=200)


async def exhaust_attempts(client: httpx.AsyncClient, limit: int) -> None:
    """Send failed logins until the limit on the client's address refuses them.

    Redis counts by its clock: on a slow machine attempts become free again in between, so `limit` may not suffice.
    """
    for attempt in range(3 * limit):
        body = {"username": f"no{attempt}", "password": "x"}
        answer = await ApiClient(client).send("POST", "/auth/login", json=body)
        if answer.status_code == 429:
            assert attempt >= limit
            return
        assert answer.status_code == 401
    pytest.fail("no attempt was refused")


@pytest.mark.parametrize(("path", "content_type"), [("/auth/login", JSON), ("/auth/token", FORM)])
async def test_login(service: Service, ada: UserClient, path: str, content_type: str) -> None:
    async with service.client(address="192.0.2.66") as client:
        await exhaust_attempts(client, service.settings.login_attempts_per_address)
        request = Wrong(client, path, "GET")
        assert await request.peel((405, {"method": "POST"})) == [405, 429]
    bodies = (b"[", b"username=ada&password=wrong&grant_type=code") if content_type is FORM else (b"[", b'{"a": 1}')
    good = b"username=ada&password=" + PASSWORD.replace(" ", "+").encode()
    bad = b"username=ada&password=wrong"
    if content_type is JSON:
        good, bad = (json.dumps({"username": "ada", "password": word}).encode() for word in (PASSWORD, "wrong"))
    faults: list[Fault] = [
        (415, {"content_type": content_type}),
        (413, {"content": bodies[0]}),
        (422, {"content": bodies[1]}),
        (422, {"content": bad}),
        (422, {"query": {}}),
        (401, {"content": good}),
    ]
    async with service.client(address="192.0.2.67") as other:
        assert await Wrong(other, path, "POST").peel(*faults) == in_order(*faults, end=200)


async def test_closed_registration(settings: Settings, clock: FakeClock) -> None:
    closed = with_changes(settings, registration="closed")
    body = {"username": ADMIN, "email": "new@example.org", "password": PASSWORD}
    async with run_service(closed, clock) as service, service.client() as client:
        admin = await login(client, ADMIN)
        await admin.post("/auth/register", {**body, "username": "ada"})
        ada = await login(client, "ada")
        request = Wrong(client, "/auth/register", "GET")
        faults: list[Fault] = [
            (405, {"method": "POST"}),
            (401, {"headers": ada.headers}),
            (403, {"headers": admin.headers}),
            (415, {"content_type": JSON}),
            (413, {"content": b"{}"}),
            (422, packed(body)),
            (409, packed({**body, "username": "bob", "email": "bob@example.org"}) | {"query": {"a": "b"}}),
            (422, {"query": {}}),
        ]
        assert await request.peel(*faults) == in_order(*faults, end=201)


async def test_a_declared_length_past_the_limit_is_refused_unread(client: httpx.AsyncClient, ada: UserClient) -> None:
    body = WatchedBody(b"{}")
    headers = {**ada.headers, "Content-Type": JSON, "Content-Length": str(2**20 + 1)}
    answer = await client.post("/groups", headers=headers, content=body)
    assert (answer.status_code, body.was_read) == (413, False)


async def test_a_wrong_method_is_answered_with_all_allowed_ones(service: Service) -> None:
    paths = {path: {method.upper() for method in of_path} for path, of_path in service.app.openapi()["paths"].items()}
    assert len(paths) > 30
    async with service.client(root="") as client:
        for path, allowed in paths.items():
            ids = {"device_id": 1, "group_id": 1, "token_id": 1, "version": 1, "rule_id": 1, "alert_id": uuid4()}
            ids |= {"webhook_id": 1, "delivery_id": uuid4()}
            ids["report_id"] = uuid4()
            url = path.format(user_id=uuid4(), **ids)
            named = allowed | ({"HEAD"} if "GET" in allowed else set())
            for method in set(METHODS) - named:
                answer = await client.request(method, url)
                assert answer.status_code == 405, f"{method} {url}"
                assert answer.headers["Allow"] == ", ".join(sorted(named)), f"{method} {url}"


UNKNOWN_PATHS = [
    "/api/v1",
    "/api/v1/",
    "/api/v2/groups",
    "/api/v1/groups/",
    "/api/v1//groups",
    "/api/v1/Groups",
    "/api/v1/users/me/",
    "/api/v1/devices/abc",
    "/api/v1/devices/-1",
    "/api/v1/devices/1.0",
    "/api/v1/devices/%EF%BC%91",
    "/api/v1/devices/1%00",
    "/api/v1/telemetry/latest",
    "/api/v1/groups/1/devices/abc",
    "/health/",
    "/%00",
    "/%FF",
    "/" + "x" * 10_000,
]


async def test_unknown_paths(service: Service) -> None:
    async with service.client(root="") as client:
        for path in UNKNOWN_PATHS:
            for method in ("GET", "POST", "BREW"):
                answer = await client.request(method, path, content=WatchedBody(b"{}"))
                assert answer.status_code == 404, f"{method} {path[:100]}"
                assert "Location" not in answer.headers
