"""Middleware that executes the API's routes by plans made once from FastAPI's declarations.

FastAPI resolves a route's signature again for each request and searches all routes for it. The plans read the same
declarations when the app is built; a request for which there is no plan passes to FastAPI, which has every route.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from fastapi._compat import Undefined
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import _is_coroutine_callable
from fastapi.exceptions import RequestValidationError
from fastapi.routing import serialize_response
from fastapi.utils import is_body_allowed_for_status_code
from starlette._utils import get_route_path
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from iotflow.api.compiled.arguments import ArgumentPlan, Unsupported
from iotflow.api.compiled.table import Match, NotInTable, RouteTable
from iotflow.api.fastapi_compat import DecodedRequest, response_class
from iotflow.api.responses import JSON
from iotflow.api.routing import ApiRoute

_OUTCOME = "iotflow.outcome"
"""Key in a request's scope of its error, or of a response that may still fail."""


@dataclass(frozen=True, slots=True)
class CompiledRoute:
    """A route and the coroutine function that handles its requests."""

    route: ApiRoute
    handle: Callable[[Request], Awaitable[Response]]


class CompiledRoutes:
    """Middleware that answers requests for compiled routes. It must be the innermost one.

    Requests pass to FastAPI's own path while `dependency_overrides` has any, and for routes that cannot be compiled.
    """

    def __init__(self, app: ASGIApp, *, fastapi: FastAPI) -> None:
        """`fastapi` has all its routes and error handlers."""
        self._app = app
        self._fastapi = fastapi
        self._table = _build_table(fastapi.router.routes)
        handlers = {
            kind: handler for kind, handler in fastapi.exception_handlers.items() if kind not in (500, Exception)
        }
        self._error_middleware = ExceptionMiddleware(_raise_or_send, handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = self._find(scope)
        if match is None or match.entry is None:
            await self._app(scope, receive, send)
            return
        route = match.entry.route
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        outcome: Response | Exception
        try:
            scope["path_params"] = {
                name: convertor.convert(text)
                for (name, convertor), text in zip(route.param_convertors.items(), match.parameters, strict=True)
            }
            outcome = await match.entry.handle(DecodedRequest(scope, receive, send))
        except Exception as error:  # noqa: BLE001  # the handlers of errors raise an unexpected one again
            outcome = error
        if type(outcome) is Response:
            await outcome(scope, receive, send)
            return
        scope[_OUTCOME] = outcome
        await self._error_middleware(scope, receive, send)

    def _find(self, scope: Scope) -> Match[CompiledRoute | None] | None:
        if scope["type"] != "http" or self._fastapi.dependency_overrides or "fastapi.telemetry" in scope:
            return None
        return self._table.find(scope["method"], get_route_path(scope))


async def _raise_or_send(scope: Scope, receive: Receive, send: Send) -> None:
    outcome = scope.pop(_OUTCOME)
    if isinstance(outcome, Exception):
        raise outcome
    await outcome(scope, receive, send)


def _build_table(routes: Iterable[BaseRoute]) -> RouteTable[CompiledRoute | None]:
    """Return a table of all routes; those that only FastAPI executes have the entry None."""
    table: RouteTable[CompiledRoute | None] = RouteTable()
    searched: set[str] = set()
    for route in routes:
        first = _first_segment(route)
        compiled = None
        if isinstance(route, ApiRoute) and not _may_be_hidden(first, searched):
            compiled = compile_route(route)
        try:
            table.add(route, compiled)
        except NotInTable:
            searched.add(first)
    return table


def _may_be_hidden(first: str, searched: set[str]) -> bool:
    """Return whether an earlier route that is not in the table, such as a mounted app, may match the same paths."""
    return any(other in (first, "") or "{" in first + other for other in searched)


def _first_segment(route: BaseRoute) -> str:
    return f"{getattr(route, 'path', '')}/".split("/")[1]


def compile_route(route: ApiRoute) -> CompiledRoute | None:
    """Return the compiled route; None if only FastAPI can execute it."""
    try:
        return CompiledRoute(route, route.wrap_handler(_Handler(route)))
    except Unsupported:
        return None


class _Handler:
    """What FastAPI does for a route after its access rule and the decoding of its body."""

    def __init__(self, route: ApiRoute) -> None:
        """Raises Unsupported."""
        if not _is_coroutine_callable(route.endpoint):
            raise Unsupported("the endpoint is not a coroutine function")
        if route.max_body_size is not None:
            raise Unsupported("FastAPI's limit of a body")
        self._route = route
        self._endpoint = route.endpoint
        self._plan = ArgumentPlan(route.dependant, embedded=route._embed_body_fields)
        self._has_body = route.body_field is not None
        self._dumps_json = route.response_field is not None and isinstance(route.response_class, DefaultPlaceholder)

    async def __call__(self, request: DecodedRequest) -> Response:
        body = request.decoded if self._has_body else Undefined
        arguments, solved = await self._plan.solve(request, body)
        if solved.errors:
            raise RequestValidationError(solved.errors, body=None if body is Undefined else body)
        result = await self._endpoint(**arguments)
        return result if isinstance(result, Response) else await self._respond(result, solved.response)

    async def _respond(self, result: object, changed: Response | None) -> Response:
        """Return the response with the endpoint's result and what the endpoint changed in the injected response."""
        route = self._route
        content = await serialize_response(
            field=route.response_field,
            response_content=result,
            include=route.response_model_include,
            exclude=route.response_model_exclude,
            by_alias=route.response_model_by_alias,
            exclude_unset=route.response_model_exclude_unset,
            exclude_defaults=route.response_model_exclude_defaults,
            exclude_none=route.response_model_exclude_none,
            dump_json=self._dumps_json,
        )
        status = (changed and changed.status_code) or route.status_code or 200
        if self._dumps_json:
            response = Response(content, status, media_type=JSON)
        else:
            response = response_class(route)(content, status)
        if not is_body_allowed_for_status_code(status):
            response.body = b""
        if changed is not None:
            response.headers.raw.extend(changed.headers.raw)
        return response
