"""Clients of the API, and the requests that most tests send."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Self

import httpx

PASSWORD = "correct horse battery"
ADMIN = "root"


class ApiClient:
    """A client with these headers as credentials, or with none."""

    def __init__(self, client: httpx.AsyncClient, headers: Mapping[str, str] | None = None) -> None:
        self.client = client
        self.headers = dict(headers or {})

    async def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request and return any answer. `request` has httpx's arguments."""
        headers = {**self.headers, **request.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **request)

    async def get(self, path: str, **query: Any) -> Any:
        """Send a request that must succeed, and return the answer's body."""
        return _successful(await self.send("GET", path, params=query))

    async def post(self, path: str, body: Any = None, **request: Any) -> Any:
        """Send a request that must succeed, and return the answer's body."""
        return _successful(await self.send("POST", path, **_with(body), **request))

    async def put(self, path: str, body: Any = None) -> Any:
        """Send a request that must succeed, and return the answer's body."""
        return _successful(await self.send("PUT", path, **_with(body)))

    async def patch(self, path: str, body: Any = None) -> Any:
        """Send a request that must succeed, and return the answer's body."""
        return _successful(await self.send("PATCH", path, **_with(body)))

    async def delete(self, path: str, body: Any = None, **query: Any) -> Any:
        """Send a request that must succeed, and return the answer's body."""
        return _successful(await self.send("DELETE", path, **_with(body), params=query))

    async def refused(self, status: int, method: str, path: str, body: Any = None, **request: Any) -> Any:
        """Send a request that must be answered with this status, and return the problem."""
        answer = await self.send(method, path, **_with(body), **request)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json()

    async def wrong_fields(self, method: str, path: str, body: Any = None, **request: Any) -> list[str]:
        """Return the fields that a 422 names, each as `body.data.temp`, in the answer's order."""
        problem = await self.refused(422, method, path, body, **request)
        return [".".join(str(part) for part in error["loc"]) for error in problem["errors"]]


class UserClient(ApiClient):
    """A client with a user's access token."""

    def __init__(self, client: httpx.AsyncClient, login: Mapping[str, Any], password: str) -> None:
        self.token: str = login["access_token"]
        super().__init__(client, {"Authorization": f"Bearer {self.token}"})
        self.user_id: str = login["user"]["user_id"]
        self.username: str = login["user"]["username"]
        self.password = password


class DeviceClient(ApiClient):
    """A client with a device's key."""

    def __init__(self, client: httpx.AsyncClient, device: Mapping[str, Any]) -> None:
        self.key: str = device["api_key"]
        super().__init__(client, {"X-API-Key": self.key})
        self.id: int = device["id"]
        self.name: str = device["name"]

    def with_key(self, device: Mapping[str, Any]) -> Self:
        """Return the same device with the key from the answer to a rotation."""
        return type(self)(self.client, device)


async def register(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> dict[str, Any]:
    """Register an account and return it."""
    body = {"username": username, "email": f"{username}@example.org", "password": password}
    user: dict[str, Any] = (await ApiClient(client).post("/auth/register", body))["user"]
    return user


async def login(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> UserClient:
    """Log in."""
    answer = await ApiClient(client).post("/auth/login", {"username": username, "password": password})
    return UserClient(client, answer, password)


async def sign_up(client: httpx.AsyncClient, username: str) -> UserClient:
    """Register an account and log in."""
    await register(client, username)
    return await login(client, username)


async def new_device(
    owner: UserClient, name: str = "probe", device_type: str = "sensor", **fields: Any
) -> DeviceClient:
    """Register a device of the owner."""
    answer = await owner.post("/devices/register", {"name": name, "device_type": device_type, **fields})
    return DeviceClient(owner.client, answer["device"])


async def new_group(owner: UserClient, name: str = "shed", **fields: Any) -> int:
    """Create a group of the owner and return its id."""
    group_id: int = (await owner.post("/groups", {"name": name, **fields}))["group"]["id"]
    return group_id


async def new_token(
    owner: UserClient, name: str, *scopes: str, user: str = "me", **fields: Any
) -> tuple[dict[str, Any], ApiClient]:
    """Create a personal access token, and return it with a client that sends its secret."""
    answer = await owner.post(f"/users/{user}/tokens", {"name": name, "scopes": list(scopes), **fields})
    return answer["token"], ApiClient(owner.client, {"Authorization": f"Bearer {answer['secret']}"})


async def submit(device: DeviceClient, at: object = None, metadata: object = None, **data: Any) -> Any:
    """Submit one record."""
    body: dict[str, Any] = {"data": data}
    if at is not None:
        body["timestamp"] = at
    if metadata is not None:
        body["metadata"] = metadata
    return await device.post("/telemetry", body)


async def events(reader: ApiClient, at_least: int, deadline_s: float = 10.0, **query: Any) -> list[dict[str, Any]]:
    """Wait until a query has this number of events, which follow a change within seconds; newest first."""
    give_up_at = time.monotonic() + deadline_s
    while True:
        found: list[dict[str, Any]] = (await reader.get("/events", limit=1_000, **query))["events"]
        if len(found) >= at_least:
            return found
        assert time.monotonic() < give_up_at, f"only {len(found)} of {at_least} events: {found}"
        await asyncio.sleep(0.02)


def _with(body: Any) -> dict[str, Any]:
    return {} if body is None else {"json": body}


def _successful(answer: httpx.Response) -> Any:
    request = answer.request
    assert answer.is_success, f"{request.method} {request.url}: {answer.status_code} {answer.text[:1000]}"
    return answer.json() if answer.content else None
