"""Each internal of FastAPI and Starlette that the API uses still has the expected effect."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Form, Request, Response
from fastapi.routing import APIRoute

from iotflow.api.fastapi_compat import (
    DecodedRequest,
    add_routes,
    find_dependency,
    has_body,
    has_form_body,
    methods_of_path,
    query_parameters,
)


class Rule:
    """A dependency that is an object."""

    def __call__(self) -> int:
        return 1


RULE = Rule()


async def nested(value: Annotated[int, Depends(RULE)]) -> int:
    return value


def route_of(endpoint: Callable[..., Coroutine[Any, Any, None]]) -> APIRoute:
    return APIRoute("/", endpoint, methods=["POST"])


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def test_a_dependency_is_found_by_its_class() -> None:
    async def direct(value: Annotated[int, Depends(RULE)]) -> None: ...
    async def indirect(value: Annotated[int, Depends(nested)]) -> None: ...
    async def without() -> None: ...

    assert find_dependency(route_of(direct), Rule) is RULE
    assert find_dependency(route_of(indirect), Rule) is RULE
    with pytest.raises(LookupError, match="no dependency is a Rule"):
        find_dependency(route_of(without), Rule)


async def test_query_parameters_have_the_names_that_clients_send() -> None:
    async def endpoint(request: Request, limit: int, q: str = "") -> None: ...

    assert query_parameters(route_of(endpoint)) == {"limit", "q"}


async def test_a_form_is_distinguished_from_other_bodies() -> None:
    async def none(q: str) -> None: ...
    async def json(body: Annotated[list[int], Body()]) -> None: ...
    async def form(name: Annotated[str, Form()]) -> None: ...

    assert [has_body(route_of(endpoint)) for endpoint in (none, json, form)] == [False, True, True]
    assert [has_form_body(route_of(endpoint)) for endpoint in (none, json, form)] == [False, False, True]


def app_with_body(prepare: Callable[[DecodedRequest], None]) -> FastAPI:
    """Return an app whose routes handle a request that `prepare` changed after its body was read."""

    class PreparedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def prepare_and_handle(request: Request) -> Response:
                prepared = DecodedRequest(request.scope, request.receive)
                async for _ in prepared.stream():
                    pass
                assert prepared.headers["content-type"] == "application/x-ndjson"  # cached in the request
                prepare(prepared)
                return await handle(prepared)

            return prepare_and_handle

    router = APIRouter(route_class=PreparedRoute)

    @router.post("/json")
    async def json(body: Annotated[list[int] | None, Body()] = None) -> list[int] | None:
        return body

    app = FastAPI()
    add_routes(app, router)
    return app


async def test_a_decoded_body_is_validated_as_it_is() -> None:
    app = app_with_body(lambda request: request.set_json([1, 2]))
    async with client_of(app) as client:
        response = await client.post("/json", content=b"1\n2", headers={"Content-Type": "application/x-ndjson"})
    assert (response.status_code, response.json()) == (200, [1, 2])


async def test_an_empty_body_is_no_body() -> None:
    app = app_with_body(lambda request: request.set_body(b""))
    async with client_of(app) as client:
        response = await client.post("/json", content=b"x", headers={"Content-Type": "application/x-ndjson"})
    assert (response.status_code, response.json()) == (200, None)


async def test_a_form_is_parsed_from_the_set_body() -> None:
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    request = DecodedRequest({"type": "http", "headers": headers})
    request.set_body(b"name=a&name=b")
    assert (await request.form()).multi_items() == [("name", "a"), ("name", "b")]


@pytest.mark.parametrize("root_path", ["", "/iot"])
async def test_the_methods_of_a_path_are_those_of_all_its_routes(root_path: str) -> None:
    router = APIRouter()

    @router.get("/items/{item}")
    @router.put("/items/{item}")
    @router.post("/items")
    async def endpoint() -> None: ...

    app = FastAPI()
    add_routes(app, router)
    scope = {"type": "http", "app": app, "path": f"{root_path}/items/7", "root_path": root_path}
    assert methods_of_path(Request(scope)) == {"GET", "PUT"}
