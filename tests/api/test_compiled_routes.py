"""Compiled routes answer as FastAPI's own path does: the same status, headers and body, on good and bad input.

Each request goes to two services with the same data. One has an unused entry in `dependency_overrides`, with which
FastAPI executes all its routes.
"""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from iotflow.api.compiled.routes import compile_route
from iotflow.api.routing import ApiRoute
from iotflow.app import create_app
from iotflow.settings import Settings, load_settings
from tests.api.callers import Scenario, create_scenario
from tests.api.service import run_service
from tests.api.test_access_matrix import ROUTES
from tests.clock import FakeClock
from tests.waiting import wait_until

PATIENCE_S = 5.0
FIXED = {"X-Request-ID": "pair", "Accept-Encoding": "identity"}
"""Headers without which answers of the same content differ: gzip shortens random ids by different amounts."""
CALLERS = ("nobody", "garbage key", "owner", "another user", "admin", "device", "device in maintenance")
RANDOM = re.compile(
    r"iotp?_[\w-]+|whsec_[\w+/]+=|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w-]{43}"
    r'|[0-9a-f]{32}|"next_cursor":"[^"]*"|"(uptime_seconds|latency_ms)":[\d.]+|"cache":{"hits"[^}]*}'
)
"""What differs between two services with the same data: keys, ids, tokens, measured times, the use of caches."""
TIMED = ("/status", "/health", "/api/v1/admin/stats")
"""Paths of answers with such figures, whose number of digits differs."""
TEXTS = ["", "0", "1", "7", "-1", "me", "abc", "1e3", "true", "now", "-1h", "2026-01-01T00:00:00Z", "é", "\0", "9" * 30]
IDS = ["1", "2", "4", "0", "me", "abc", "9" * 30, "%C3%A9", str(UUID(int=2**100))]
ID_NAMES = (
    "user_id",
    "device_id",
    "group_id",
    "token_id",
    "version",
    "rule_id",
    "alert_id",
    "webhook_id",
    "delivery_id",
    "report_id",
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CONTENT_TYPES = ["application/json", "application/json; charset=utf-8", "text/plain", "", "application/x-ndjson"]


@dataclass
class Pair:
    """Two services, compiled and by FastAPI alone, with a client and the same scenario for each."""

    clients: list[httpx.AsyncClient]
    scenarios: list[Scenario]
    clocks: list[FakeClock]
    document: dict[str, Any] = field(default_factory=dict)

    async def answers(self, route: str, caller: str, parts: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """Send one request to both services. `parts` has the path's `ids` and httpx's arguments for each."""
        method, _, path = route.partition(" ")
        shown = []
        for clock in self.clocks:
            clock.advance(1)  # no caller meets its rate limit, and what prepared the request has used none of it
        for client, scenario, own in zip(self.clients, self.scenarios, parts, strict=True):
            headers = {**FIXED, **_headers_of(scenario, caller), **own.get("headers", {})}
            request = {name: value for name, value in own.items() if name not in ("ids", "headers")}
            answer = await client.request(method, path.format(**own["ids"]), headers=headers, **request)
            shown.append(_show(answer))
        return shown

    async def require_same(self, route: str, caller: str, parts: list[dict[str, Any]]) -> None:
        """Check that both answers are the same; those to GET at last, since events and counts follow a change later."""
        found = await self.answers(route, caller, parts)
        if found[0] != found[1] and route.startswith("GET"):

            async def are_same() -> bool:
                found[:] = await self.answers(route, caller, parts)
                return found[0] == found[1]

            with suppress(TimeoutError):
                await wait_until(are_same, PATIENCE_S)
        assert found[0] == found[1], f"{route} for {caller}: {parts[0]}"


def _headers_of(scenario: Scenario, name: str) -> dict[str, str]:
    return next(caller.headers for each, _, caller in scenario.callers if each == name)


def _show(answer: httpx.Response) -> tuple[Any, ...]:
    headers = [
        (name, value)
        for name, value in answer.headers.multi_items()
        if name != "content-length" or answer.url.path not in TIMED
    ]
    return answer.status_code, headers, RANDOM.sub("*", answer.text)


@asynccontextmanager
async def open_pair(prepared_data: Path, directory: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        pair = Pair([], [], [])
        for name in ("compiled", "fastapi"):
            shutil.copytree(prepared_data, directory / name)
            clock = FakeClock()
            settings = load_settings(data_dir=directory / name, webhook_allowed_networks="127.0.0.0/8")
            service = await stack.enter_async_context(run_service(settings, clock))
            if name == "fastapi":
                service.app.dependency_overrides[open_pair] = open_pair
            api = await stack.enter_async_context(service.client())
            pair.scenarios.append(await create_scenario(api, clock))
            pair.clients.append(await stack.enter_async_context(service.client(root="")))
            pair.clocks.append(clock)
            pair.document = service.app.openapi()
        yield pair


@pytest.fixture(autouse=True)
def _ids_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make random ids increase, so that lists have the same order in both services. Deliveries fail once.

    Background work takes ids too, so it polls as seldom as in production: rarely between two requests.
    """
    for worker in ("outbox_relay", "deliveries"):
        monkeypatch.setattr(f"iotflow.background.{worker}.POLL_INTERVAL_S", 0.5)
    monkeypatch.setattr("iotflow.background.deliveries.MAX_ATTEMPTS", 1)
    for module in ("accounts", "alerts", "audit_log"):
        monkeypatch.setattr(f"iotflow.services.{module}.uuid4", (UUID(int=number) for number in count(1)).__next__)


@pytest.fixture
async def pair(prepared_data: Path, tmp_path: Path) -> AsyncIterator[Pair]:
    async with open_pair(prepared_data, tmp_path) as pair:
        yield pair


async def test_every_route_answers_every_principal_as_by_fastapi(pair: Pair) -> None:
    for route, (_, prepare) in ROUTES.items():
        for caller in CALLERS:
            await pair.require_same(route, caller, [await prepare(scenario) for scenario in pair.scenarios])


@pytest.fixture
def runner_and_pair(prepared_data: Path, tmp_path: Path) -> Iterator[tuple[asyncio.Runner, Pair]]:
    """A pair and its event loop, for requests that Hypothesis generates."""
    with asyncio.Runner() as runner:
        opened = open_pair(prepared_data, tmp_path)
        yield runner, runner.run(opened.__aenter__())
        runner.run(opened.__aexit__(None, None, None))


@st.composite
def bad_requests(draw: st.DrawFn, operations: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Draw a route and a request that is as a rule invalid: path parameters, query, body and content type."""
    route = draw(st.sampled_from(sorted(operations)))
    operation = operations[route]
    names = [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
    query = draw(st.lists(st.tuples(st.sampled_from([*names, "unknown"]), st.sampled_from(TEXTS)), max_size=3))
    request: dict[str, Any] = {"ids": draw(st.fixed_dictionaries(dict.fromkeys(ID_NAMES, st.sampled_from(IDS))))}
    if query:
        request["params"] = query
    if "requestBody" in operation and draw(st.booleans()):
        fields = st.sampled_from([*operation["fields"], "unknown"])
        body = draw(JUNK | st.dictionaries(fields, JUNK, min_size=1))
        request["content"] = draw(st.sampled_from([json.dumps(body).encode(), b"", b"{", b"\xff", b"null"]))
        request["headers"] = {"Content-Type": draw(st.sampled_from(CONTENT_TYPES))}
    return route, request


def documented(document: dict[str, Any]) -> dict[str, Any]:
    """Return the operations of the document by route, with the names of their bodies' fields."""
    found = {}
    for path, of_path in document["paths"].items():
        for method, operation in of_path.items():
            content = operation.get("requestBody", {}).get("content", {})
            references = re.findall(r"#/components/schemas/(\w+)", json.dumps(content))
            schemas = [document["components"]["schemas"][name] for name in references]
            fields = [name for schema in schemas for name in schema.get("properties", ())]
            found[f"{method.upper()} {path}"] = {**operation, "fields": fields}
    return found


def test_generated_requests_are_answered_as_by_fastapi(runner_and_pair: tuple[asyncio.Runner, Pair]) -> None:
    runner, pair = runner_and_pair
    operations = documented(pair.document)

    @given(bad_requests(operations), st.sampled_from(CALLERS))
    @hypothesis_settings(max_examples=100, phases=[Phase.generate])  # a failure takes seconds to repeat
    def compare(generated: tuple[str, dict[str, Any]], caller: str) -> None:
        route, request = generated
        runner.run(pair.require_same(route, caller, [request, request]))

    compare()


def test_only_forms_are_left_to_fastapi(embedded_settings: Settings) -> None:
    routes = [route for route in create_app(embedded_settings).routes if isinstance(route, ApiRoute)]
    assert {route.operation_id for route in routes if compile_route(route) is None} == {"login_with_form"}
