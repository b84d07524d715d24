"""Declarations that the API's routes do not have yet are executed as FastAPI executes them, compiled or not."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

import httpx
import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from iotflow.api import problems
from iotflow.api.auth import PublicContext
from iotflow.api.bodies import BodiesInFlight
from iotflow.api.compiled.routes import CompiledRoutes, compile_route
from iotflow.api.dependencies import AppState
from iotflow.api.fastapi_compat import add_routes
from iotflow.api.routing import ApiRoute, api_router
from iotflow.domain.errors import NotFound
from iotflow.services.container import Services
from iotflow.settings import load_settings
from tests.clock import FakeClock

router = api_router("Test", prefix="")


class Item(BaseModel):
    """A body and an answer."""

    name: str = Field(max_length=5)
    size: int = 1
    secret: str | None = None


async def serial(request: Request, step: Annotated[int, Query(ge=1)] = 1) -> int:
    """Return another number at each call."""
    request.scope["serial"] = request.scope.get("serial", 0) + step
    number: int = request.scope["serial"]
    return number


async def doubled(number: Annotated[int, Depends(serial)]) -> int:
    return 2 * number


async def marked(response: Response) -> None:
    response.headers["X-Marked"] = "yes"
    response.status_code = 202


async def closed_late(request: Request) -> AsyncIterator[str]:
    request.scope["state"]["log"].append("opened")
    try:
        yield "value"
    finally:
        request.scope["state"]["log"].append("closed")


def in_a_thread() -> str:
    return "thread"


@router.get("/shared")
async def shared(
    context: PublicContext,
    number: Annotated[int, Depends(serial)],
    again: Annotated[int, Depends(serial)],
    twice: Annotated[int, Depends(doubled)],
    fresh: Annotated[int, Depends(serial, use_cache=False)],
) -> list[int]:
    return [number, again, twice, fresh]


@router.get("/parameters/{x:int}/{y}")
async def parameters(
    context: PublicContext,
    x: int,
    y: float,
    names: Annotated[list[str], Query(max_length=2)] = ["a"],  # noqa: B006  # FastAPI copies it
    made: Annotated[list[int], Query(default_factory=list)] = ...,  # type: ignore[assignment]
    checked: Annotated[int, Query(validate_default=True, le=3)] = 5,
    x_token: Annotated[str | None, Header()] = None,
) -> dict[str, Any]:
    return {"x": x, "y": y, "names": names, "made": made, "checked": checked, "token": x_token}


@router.get("/required/{x}")
async def required(
    context: PublicContext, x: int, q: Annotated[str, Query(min_length=2)], x_token: Annotated[int, Header()]
) -> list[object]:
    return [x, q, x_token]


@router.post("/items", status_code=201, response_model=Item, response_model_exclude={"secret"})
async def create(context: PublicContext, item: Item, marked: Annotated[None, Depends(marked)]) -> dict[str, Any]:
    return {"name": item.name, "secret": "s"}


@router.post("/optional", dependencies=[Depends(marked)])
async def optional(context: PublicContext, response: Response, item: Item | None = None) -> Item | None:
    response.headers["X-Own"] = "1"
    return item


@router.post("/embedded")
async def embedded(context: PublicContext, a: Item, b: Item) -> list[Item]:
    return [a, b]


@router.post("/limited", max_body_size=20)
async def limited(context: PublicContext, item: Item) -> Item:
    return item


@router.delete("/items/{name}", status_code=204)
async def delete(context: PublicContext, name: str) -> None:
    if name == "gone":
        raise NotFound("there is no such item")
    if name == "teapot":
        raise HTTPException(418, "short and stout", {"X-Pot": "1"})


@router.get("/plain", response_class=PlainTextResponse)
async def plain(context: PublicContext) -> str:
    return "text"


@router.get("/own")
async def own(context: PublicContext) -> Response:
    return JSONResponse({"own": True}, 203, {"X-Own": "1"})


@router.get("/stream")
async def stream(context: PublicContext) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    return StreamingResponse(parts(), media_type="text/plain")


@router.get("/closing")
async def closing(
    context: PublicContext,
    request: Request,
    late: Annotated[str, Depends(closed_late)],
    early: Annotated[str, Depends(closed_late, scope="function", use_cache=False)],
) -> list[str]:
    log: list[str] = request.scope["state"]["log"]
    return [late, early, *log]


@router.get("/thread")
async def thread(context: PublicContext, value: Annotated[str, Depends(in_a_thread)]) -> str:
    return value


@router.get("/shadow/{name}")
async def shadowing(context: PublicContext, name: str) -> str:
    return f"first {name}"


@router.get("/shadow/fixed")
async def shadowed(context: PublicContext) -> str:
    return "second"


@router.get("/mounted/route")
async def behind_a_mounted_app(context: PublicContext) -> str:
    return "never called"


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    *(("GET", "/shared", {"params": query}) for query in ({}, {"step": 3}, {"step": 0}, {"step": "x"})),
    ("GET", "/parameters/7/1.5", {}),
    ("GET", "/parameters/7/1.5?checked=1&names=b&names=c&made=1&made=2", {"headers": {"X-Token": "t"}}),
    ("GET", "/parameters/7/text?checked=9&names=a&names=b&names=c&made=x", {}),
    ("GET", "/parameters/seven/1", {}),
    *(("GET", path, {}) for path in ("/required/1", "/required/x", "/required/1?q=a", "/required/1?q=ab")),
    ("GET", "/required/1?q=ab", {"headers": {"X-Token": "5"}}),
    ("GET", "/required/x?q=a", {"headers": {"X-Token": "t"}}),
    ("POST", "/items", {"json": {"name": "a"}}),
    ("POST", "/items", {"json": {"name": "too long", "size": "x"}}),
    ("POST", "/items", {}),
    ("POST", "/items", {"content": b"null", "headers": {"Content-Type": "application/json"}}),
    ("POST", "/optional", {}),
    ("POST", "/optional", {"json": {"name": "a"}}),
    ("POST", "/optional", {"json": [1]}),
    ("POST", "/embedded", {"json": {"a": {"name": "a"}, "b": {"name": "b"}}}),
    ("POST", "/embedded", {"json": {"a": {"name": "a"}}}),
    ("POST", "/limited", {"json": {"name": "a"}}),
    ("POST", "/limited", {"json": {"name": "a", "size": 1_000_000}}),
    ("DELETE", "/items/a", {}),
    ("DELETE", "/items/gone", {}),
    ("DELETE", "/items/teapot", {}),
    *(("GET", path, {}) for path in ("/plain", "/own", "/stream", "/closing", "/thread", "/shadow/fixed", "/nothing")),
    ("GET", "/mounted/route", {}),
    ("PUT", "/plain", {}),
    ("HEAD", "/plain", {}),
]


def create_app(*, compiled: bool) -> FastAPI:
    app = FastAPI()
    app.mount("/mounted", PlainTextResponse("the mounted app"))
    add_routes(app, router)
    problems.install(app)
    if compiled:
        app.add_middleware(CompiledRoutes, fastapi=app)
    return app


class WithState:
    """Gives each request a state, and keeps the log that dependencies write to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.log: list[str] = []
        self._state = AppState(load_settings(), FakeClock(), 0.0, cast(Services, None), BodiesInFlight(2**20))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.log.append("request")
        scope["state"] = {"app": self._state, "request_id": "r", "log": self.log}
        await self._app(scope, receive, send)


async def answer(app: ASGIApp, method: str, path: str, request: dict[str, Any]) -> tuple[Any, ...]:
    served = WithState(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as client:
        found = await client.request(method, path, **request)
    return found.status_code, found.headers.multi_items(), found.content, served.log


@pytest.mark.parametrize(("method", "path", "request_"), REQUESTS)
async def test_an_answer_is_fastapis(method: str, path: str, request_: dict[str, Any]) -> None:
    found = await answer(create_app(compiled=True), method, path, request_)
    assert found == await answer(create_app(compiled=False), method, path, request_)


def test_what_is_not_supported_is_left_to_fastapi() -> None:
    routes = [route for route in create_app(compiled=False).routes if isinstance(route, ApiRoute)]
    assert {route.name for route in routes if compile_route(route) is None} == {
        "embedded",
        "limited",
        "closing",
        "thread",
    }


@pytest.mark.parametrize("compiled", [True, False])
async def test_an_override_takes_the_place_of_a_dependency(*, compiled: bool) -> None:
    app = create_app(compiled=compiled)
    before = await answer(app, "GET", "/shared", {})

    async def seven() -> int:
        return 7

    app.dependency_overrides[serial] = seven
    overridden = await answer(app, "GET", "/shared", {})
    app.dependency_overrides.clear()
    assert [before[2], overridden[2]] == [b"[1,1,2,2]", b"[7,7,14,7]"]
    assert await answer(app, "GET", "/shared", {}) == before


async def test_apps_on_the_same_routes_have_separate_overrides() -> None:
    first, second = create_app(compiled=True), create_app(compiled=True)

    async def seven() -> int:
        return 7

    first.dependency_overrides[serial] = seven
    assert (await answer(second, "GET", "/shared", {}))[2] == b"[1,1,2,2]"
