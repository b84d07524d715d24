"""The service in the test process: the whole app with its lifespan, behind httpx."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotflow.app import create_app
from iotflow.settings import Settings, load_settings
from tests.clock import FakeClock

API = "/api/v1"
PROBLEM_MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


class _Stateful:
    """An ASGI wrapper that gives each request the lifespan's state, as a server does."""

    def __init__(self, app: ASGIApp, state: dict[str, object]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/stream"):
            receive = _leave_after(receive)
        await self._app({**scope, "state": dict(self._state)}, receive, send)


def _leave_after(receive: Receive) -> Receive:
    """Return the `receive` of a client that leaves once it has sent its request: httpx reads whole bodies."""
    messages = [receive]

    async def receive_once() -> Message:
        return await messages.pop()() if messages else {"type": "http.disconnect"}

    return receive_once


@dataclass(frozen=True)
class Service:
    """A running service. Every answer to its clients is checked against the contract."""

    app: FastAPI
    asgi: ASGIApp
    settings: Settings
    clock: FakeClock

    def client(self, root: str = API, address: str = "192.0.2.1") -> httpx.AsyncClient:
        """Return a client whose paths are below `root` and whose peer address is `address`."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.asgi, client=(address, 50_000)),
            base_url=f"http://iotflow.test{root}",
            event_hooks={"response": [check_answer]},
        )


@asynccontextmanager
async def run_service(settings: Settings, clock: FakeClock) -> AsyncIterator[Service]:
    """Run a service with these settings over migrated stores."""
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        yield Service(app, _Stateful(app, dict(state)), settings, clock)


def with_changes(settings: Settings, **changes: object) -> Settings:
    """Return a copy of the settings with these changes."""
    return load_settings(**{**settings.model_dump(), **changes})


async def check_answer(response: httpx.Response) -> None:
    """Check that an answer has a request id, and that one that is no success is a problem."""
    await response.aread()
    request_id = response.headers["X-Request-ID"]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", request_id)
    if response.is_success:
        return
    assert response.headers["Content-Type"] == "application/problem+json"
    if response.request.method == "HEAD":
        return
    problem = response.json()
    status = response.status_code
    assert problem.keys() == PROBLEM_MEMBERS | ({"errors"} if status == 422 else set())
    assert (problem["status"], problem["request_id"]) == (status, request_id)
    assert problem["instance"] == response.request.url.path
    assert problem["title"]
    assert problem["detail"]
    if status == 401:
        assert response.headers["WWW-Authenticate"]
    if status in (429, 503):
        assert int(response.headers["Retry-After"]) >= 1
    if status == 422:
        assert problem["errors"]
        for error in problem["errors"]:
            assert error.keys() == {"loc", "msg", "type"}
            assert error["loc"][0] in ("body", "query", "path", "header")
            assert error["msg"]
