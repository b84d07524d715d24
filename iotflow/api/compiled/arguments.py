"""The arguments of endpoints and dependencies, read from a request by a plan that is made once.

The plan follows FastAPI's own analysis of a signature (`Dependant`), and a request is read as FastAPI's
`solve_dependencies` reads it: dependencies in order, each once, then parameters, then the body; all errors are
collected. What the plan does not support raises `Unsupported` when it is made.
"""

from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from fastapi import Request, Response, params
from fastapi._compat import ModelField, Undefined, field_annotation_is_sequence, get_missing_field_error
from fastapi.dependencies.models import Dependant, _get_cache_key, _is_async_gen_callable, _is_coroutine_callable
from fastapi.dependencies.utils import (
    _get_form_models,
    _get_multidict_value,
    _get_param_aliases,
    _get_param_model,
    _is_json_field,
    _should_embed_body_fields,
)
from starlette.datastructures import QueryParams

_NO_QUERY = QueryParams()
_ABSENT = object()
_IMMUTABLE = (type(None), str, bytes, bool, int, float, Enum)


class Unsupported(Exception):
    """A signature that only FastAPI's own path executes; the message names the part."""


@dataclass(slots=True)
class SolvedRequest:
    """What is solved of one request. `dependencies` has the values of dependencies by their number."""

    request: Request
    body: object
    dependencies: list[object]
    response: Response | None = None
    errors: list[Any] = field(default_factory=list)  # Any: FastAPI's type of an error


class _Parameter:
    """A parameter of the path, the query or a header."""

    def __init__(self, parameter: ModelField) -> None:
        info = parameter.field_info
        assert isinstance(info, params.Param)
        aliases = _get_param_aliases(parameter)
        if _get_param_model(parameter) is not None or len(aliases) != 1:
            raise Unsupported(f"parameter {parameter.name}: a model or several aliases")
        self.name, self._alias = parameter.name, aliases[0][1]
        self._field = parameter
        self._location = (info.in_.value, self._alias)
        self._is_simple = not _is_json_field(parameter) and not field_annotation_is_sequence(info.annotation)
        self._is_required = info.is_required()
        self._default = Undefined if self._is_required else parameter.default
        self._validates_default = bool(info.validate_default)
        self._copies_default = info.default_factory is not None or not isinstance(self._default, _IMMUTABLE)

    def read(self, received: Mapping[str, Any], values: dict[str, object], errors: list[Any]) -> None:
        """Add the parameter's valid value, or its errors."""
        if self._is_simple:
            value = received.get(self._alias, Undefined)
        else:
            value = _get_multidict_value(self._field, received, alias=self._alias)
        if value is Undefined:
            if self._is_required:
                errors.append(get_missing_field_error(loc=self._location))
                return
            value = deepcopy(self._field.default) if self._copies_default else self._default
            if not self._validates_default:
                values[self.name] = value
                return
        value, found = self._field.validate(value, values, loc=self._location)
        if found:
            errors += found
        else:
            values[self.name] = value


class _Body:
    """A JSON body that is validated as a whole."""

    def __init__(self, body: ModelField, *, embedded: bool) -> None:
        if isinstance(body.field_info, params.Form) or _get_form_models(body):
            raise Unsupported("a form")
        if embedded or _should_embed_body_fields([body]):
            raise Unsupported(f"body {body.name}: embedded in an object")
        self._name = body.name
        self._field = body

    def read(self, body: object, values: dict[str, object], errors: list[Any]) -> None:
        """Add the valid body, or its errors."""
        if body is not Undefined:
            values[self._name], found = self._field.validate(body, {}, loc=("body",))
            errors += found
        elif self._field.field_info.is_required():
            errors.append(get_missing_field_error(loc=("body",)))
        elif self._field.field_info.validate_default:
            values[self._name], found = self._field.validate(deepcopy(self._field.default), {}, loc=("body",))
            errors += found
        else:
            values[self._name] = deepcopy(self._field.default)


@dataclass(frozen=True, slots=True)
class _Dependency:
    """A call whose result is an argument, or is discarded (`name` None). `number` is its place in `dependencies`."""

    name: str | None
    call: Callable[..., Awaitable[object]]
    plan: "CallPlan"
    number: int
    use_cache: bool


class CallPlan:
    """The plan of one callable's arguments."""

    def __init__(self, dependant: Dependant, numbers: dict[object, int], *, embedded: bool) -> None:
        """`numbers` are the numbers of dependencies by FastAPI's cache key; new ones are added. Raises Unsupported."""
        unsupported = {
            "cookies": dependant.cookie_params,
            "background tasks": dependant.background_tasks_param_name,
            "a connection": dependant.http_connection_param_name or dependant.websocket_param_name,
            "security scopes": dependant.security_scopes_param_name,
            "several body parameters": dependant.body_params[1:],
        }
        if found := [name for name, present in unsupported.items() if present]:
            raise Unsupported(", ".join(found))
        self._dependencies = [_dependency(inner, numbers, embedded=embedded) for inner in dependant.dependencies]
        self._path = [_Parameter(parameter) for parameter in dependant.path_params]
        self._query = [_Parameter(parameter) for parameter in dependant.query_params]
        self._headers = [_Parameter(parameter) for parameter in dependant.header_params]
        self._body = [_Body(body, embedded=embedded) for body in dependant.body_params]
        self._request_name = dependant.request_param_name
        self._response_name = dependant.response_param_name

    async def solve(self, solved: SolvedRequest) -> dict[str, object]:
        """Return the arguments. They are incomplete if errors were added to `solved`."""
        values: dict[str, object] = {}
        request, errors = solved.request, solved.errors
        for dependency in self._dependencies:
            before = len(errors)
            arguments = await dependency.plan.solve(solved)
            if len(errors) > before:
                continue
            result = solved.dependencies[dependency.number]
            if result is _ABSENT or not dependency.use_cache:
                called = await dependency.call(**arguments)
                if result is _ABSENT:
                    solved.dependencies[dependency.number] = called
                result = called
            if dependency.name is not None:
                values[dependency.name] = result
        for parameter in self._path:
            parameter.read(request.path_params, values, errors)
        if self._query:
            query = request.query_params if request.scope["query_string"] else _NO_QUERY
            for parameter in self._query:
                parameter.read(query, values, errors)
        for parameter in self._headers:
            parameter.read(request.headers, values, errors)
        for body in self._body:
            body.read(solved.body, values, errors)
        if self._request_name is not None:
            values[self._request_name] = request
        if self._response_name is not None:
            values[self._response_name] = solved.response = solved.response or _empty_response()
        return values


class ArgumentPlan:
    """The plan of an endpoint's arguments, its dependencies included."""

    def __init__(self, dependant: Dependant, *, embedded: bool) -> None:
        """Raises Unsupported."""
        numbers: dict[object, int] = {}
        self._plan = CallPlan(dependant, numbers, embedded=embedded)
        self._unsolved = [_ABSENT] * len(numbers)

    async def solve(self, request: Request, body: object) -> tuple[dict[str, object], SolvedRequest]:
        """Return the arguments and the solved request, whose errors make the arguments invalid."""
        solved = SolvedRequest(request, body, self._unsolved.copy())
        return await self._plan.solve(solved), solved


def _dependency(dependant: Dependant, numbers: dict[object, int], *, embedded: bool) -> _Dependency:
    call = dependant.call
    assert call is not None
    if not _is_coroutine_callable(call) or _is_async_gen_callable(call) or dependant.concurrency is not None:
        raise Unsupported(f"dependency {call!r}: not a coroutine function")
    plan = CallPlan(dependant, numbers, embedded=embedded)
    number = numbers.setdefault(_get_cache_key(dependant=dependant), len(numbers))
    return _Dependency(dependant.name, cast(Callable[..., Awaitable[object]], call), plan, number, dependant.use_cache)


def _empty_response() -> Response:
    """Return the response that a dependency or an endpoint may change: it has neither status nor headers."""
    response = Response()
    del response.headers["content-length"]
    response.status_code = None  # type: ignore[assignment]  # FastAPI's value of a status that is not set
    return response
