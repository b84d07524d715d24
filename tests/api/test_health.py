"""Health, status, the index and the documentation pages."""

from collections.abc import AsyncIterator

import pytest

import iotflow
from tests.api.clients import ApiClient
from tests.api.service import Service


@pytest.fixture
async def whole(service: Service) -> AsyncIterator[ApiClient]:
    """A client without credentials, whose paths have no prefix."""
    async with service.client(root="") as client:
        yield ApiClient(client)


async def test_health(whole: ApiClient) -> None:
    brief = await whole.get("/health")
    assert (brief["status"], brief["version"]) == ("healthy", iotflow.__version__)
    assert not brief.get("stores")
    detailed = await whole.get("/health", detailed="true")
    assert detailed["status"] == "healthy"
    assert detailed["stores"].keys() == {"sql", "telemetry", "documents", "cache"}
    for store in detailed["stores"].values():
        assert store["available"] is True
        assert store["latency_ms"] >= 0
    assert await whole.get("/health/live") == {"status": "alive"}
    assert await whole.get("/health/ready") == {"status": "ready"}


async def test_status_and_index(whole: ApiClient) -> None:
    status = await whole.get("/status")
    assert status["version"] == iotflow.__version__
    assert status["uptime_seconds"] >= 0
    assert all(isinstance(backend, str) for backend in status["stores"].values())
    index = await whole.get("/")
    assert (index["name"], index["version"]) == ("IoTFlow", iotflow.__version__)
    for link in ("docs", "redoc", "openapi"):
        answer = await whole.send("GET", index[link])
        assert answer.status_code == 200, link


async def test_telemetry_status(anonymous: ApiClient) -> None:
    answer = await anonymous.get("/telemetry/status")
    assert answer["status"] == "healthy"
    assert answer["stores"]
    for store in answer["stores"].values():
        assert store.keys() == {"available", "role", "backend"}


async def test_the_documentation_loads_nothing_from_elsewhere(whole: ApiClient) -> None:
    for page in ("/docs", "/redoc"):
        answer = await whole.send("GET", page)
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "://" not in answer.text.replace("http://iotflow.test", "").replace("http://www.w3.org", "")


async def test_answers_have_security_headers(whole: ApiClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/redoc.js", "/static-offline-docs/favicon.png", "/", "/nowhere"):
        headers = (await whole.send("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        policy = headers.get_list("Content-Security-Policy")
        assert len(policy) == 1, path
        assert policy[0].startswith("default-src 'none'; "), path
        assert policy[0].endswith("frame-ancestors 'none'"), path
        assert "unsafe-eval" not in policy[0]


async def test_answers_are_not_cached(anonymous: ApiClient) -> None:
    for path in ("/telemetry/status", "/groups"):
        assert (await anonymous.send("GET", path)).headers["Cache-Control"] == "no-store"
