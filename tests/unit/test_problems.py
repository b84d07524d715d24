"""Errors as answers, where a client cannot bring them about at will."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from iotflow.api import problems
from iotflow.api.middleware import RequestContext
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.sql.dialect import Contention
from iotflow.stores.sql.postgres import NoTurn


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestContext)
    return app


async def get(app: FastAPI, path: bytes, query: bytes = b"") -> tuple[int, dict[bytes, bytes], dict[str, Any]]:
    """Status, headers and body of an answer to a request as a server passes it on, whatever bytes it has."""
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


@pytest.mark.parametrize("kind", [StoreUnavailable, Contention, NoTurn])
async def test_whatever_makes_a_store_unavailable_is_answered_503(app: FastAPI, kind: type[StoreUnavailable]) -> None:
    @app.get("/")
    async def fail() -> None:
        raise kind("sql", "reasons of the store's own")

    status, headers, problem = await get(app, b"/")
    assert (status, headers[b"retry-after"]) == (503, b"2")
    assert problem["detail"] == "the sql store is unavailable: try again in 2 s"


async def test_a_query_that_is_no_text_is_answered_like_any_other(app: FastAPI) -> None:
    status, headers, problem = await get(app, b"/nowhere", b"\xff\xfe=\x80")
    assert (status, headers[b"content-type"]) == (404, b"application/problem+json")
    assert problem["instance"] == "/nowhere"
    assert headers[b"x-request-id"].decode() == problem["request_id"]
