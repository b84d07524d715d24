"""Internals of FastAPI and Starlette that the API depends on, each in one function or method.

They are not documented, so an update may break them; `tests/unit/test_fastapi_compat.py` tests each one. The other use
of a route class, `APIRoute.get_route_handler`, is documented (https://fastapi.tiangolo.com/how-to/custom-request-and-route/).
`iotflow/api/compiled` uses more of them, which `tests/api/test_compiled_routes.py` tests.
"""

from copy import copy
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI, Request, Response, params
from fastapi._body_limit import wrap_app_with_body_limit
from fastapi._compat import Undefined
from fastapi.datastructures import DefaultPlaceholder
from fastapi.routing import APIRoute, iter_route_contexts, request_response
from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.routing import compile_path

T = TypeVar("T")


class DecodedRequest(Request):
    """A request whose body FastAPI neither reads nor decodes: `set_body` or `set_json` must come first."""

    _decoded: object = None
    _is_decoded = False

    @property
    def headers(self) -> Headers:
        """The headers as sent. After `set_json` the content type is `application/json`.

        FastAPI calls `json` only if that is the content type and there is a body; it does not look at the bytes.
        """
        if not hasattr(self, "_headers"):
            headers = self.scope["headers"]
            if self._is_decoded:
                headers = [(name, text) for name, text in headers if name != b"content-type"]
                headers.append((b"content-type", b"application/json"))
            self._headers = Headers(raw=headers)
        return self._headers

    @property
    def decoded(self) -> object:
        """The body that was set, or FastAPI's mark of an absent one."""
        return self._decoded if self._is_decoded else self._body or Undefined

    async def json(self) -> Any:  # Any: Starlette's type for JSON
        return self._decoded

    def set_body(self, body: bytes) -> None:
        """Set the body: a form, still encoded, or no bytes."""
        self._body = body

    def set_json(self, value: object) -> None:
        """Set the decoded body."""
        self._body = b"1"
        self._decoded = value
        self._is_decoded = True
        if hasattr(self, "_headers"):
            del self._headers


def find_dependency(route: APIRoute, kind: type[T]) -> T:
    """Return a route's first dependency of this class, direct or nested by one level. Raises LookupError."""
    outer = route.dependant.dependencies
    inner = [dependency for parent in outer for dependency in parent.dependencies]
    for dependency in [*outer, *inner]:
        if isinstance(dependency.call, kind):
            return dependency.call
    raise LookupError(f"{route.path}: no dependency is a {kind.__name__}; add one to the endpoint's signature")


def query_parameters(route: APIRoute) -> frozenset[str]:
    """Return the names of the query parameters of the route's endpoint."""
    return frozenset(parameter.alias for parameter in route.dependant.query_params)


def has_body(route: APIRoute) -> bool:
    """Return whether the route's endpoint takes a body."""
    return route.body_field is not None


def has_form_body(route: APIRoute) -> bool:
    """Return whether the route's endpoint takes a form."""
    return route.body_field is not None and isinstance(route.body_field.field_info, params.Form)


def response_class(route: APIRoute) -> type[Response]:
    """Return the class of the route's responses."""
    given = route.response_class
    found: type[Response] = given.value if isinstance(given, DefaultPlaceholder) else given
    return found


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Add copies of a router's routes to the app, with the app's `dependency_overrides`.

    `include_router` would match each request twice.
    """
    for declared in router.routes:
        assert isinstance(declared, APIRoute)
        route = copy(declared)
        route.dependency_overrides_provider = app
        route.app = wrap_app_with_body_limit(request_response(route.get_route_handler()), route.max_body_size)
        app.router.routes.append(route)


def methods_of_path(request: Request) -> set[str]:
    """Return the methods of all routes that match the request's path."""
    path = get_route_path(request.scope)
    return {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.path and compile_path(route.path)[0].match(path)
        for method in route.methods or ()
    }
