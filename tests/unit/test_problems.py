"""Problem answers to errors that a client cannot cause at will."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute

from iotflow.api import problems
from iotflow.api.middleware import RequestLogging
from iotflow.domain.errors import FieldError, RateLimited, StoreUnavailable
from iotflow.stores.sql.database import SerializationConflict
from iotflow.stores.sql.pool import PoolExhausted


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestLogging)
    return app


async def get(app: FastAPI, path: bytes, query: bytes = b"") -> tuple[int, dict[bytes, bytes], dict[str, Any]]:
    """Send a request of any bytes as a server passes it on; return status, headers and body."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path.decode(),
        "raw_path": path,
        "root_path": "",
        "scheme": "http",
        "query_string": query,
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(body)


@pytest.mark.parametrize("kind", [StoreUnavailable, SerializationConflict, PoolExhausted])
async def test_every_unavailable_store_is_answered_503(app: FastAPI, kind: type[StoreUnavailable]) -> None:
    @app.get("/")
    async def fail() -> None:
        raise kind("sql", "reasons of the store's own")

    status, headers, problem = await get(app, b"/")
    assert (status, headers[b"retry-after"]) == (503, b"2")
    assert problem["detail"] == "the sql store is unavailable: try again in 2 s"


async def test_a_query_that_is_not_utf_8_is_answered_like_any_other(app: FastAPI) -> None:
    status, headers, problem = await get(app, b"/nowhere", b"\xff\xfe=\x80")
    assert (status, headers[b"content-type"]) == (404, b"application/problem+json")
    assert problem["instance"] == "/nowhere"
    assert headers[b"x-request-id"].decode() == problem["request_id"]


async def test_a_route_chooses_how_its_errors_are_encoded(app: FastAPI) -> None:
    """InfluxDB's clients, for one, expect `{"code", "message"}`."""

    class PlainErrors(APIRoute):
        @staticmethod
        def render_error(
            _request: Request, status: int, detail: str, _errors: Sequence[FieldError]
        ) -> tuple[bytes, str]:
            return json.dumps({"code": str(status), "message": detail}).encode(), "application/json"

    router = APIRouter(route_class=PlainErrors)

    @router.get("/plain")
    async def fail() -> None:
        raise RateLimited("too many", 7)

    app.include_router(router)
    status, headers, body = await get(app, b"/plain")
    assert (status, headers[b"retry-after"], headers[b"content-type"]) == (429, b"7", b"application/json")
    assert body == {"code": "429", "message": "too many"}
    _, headers, _ = await get(app, b"/nowhere")
    assert headers[b"content-type"] == b"application/problem+json"
