"""Error responses: one table maps errors to statuses, and problem documents (RFC 9457) are the default format."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final, get_args

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core.core_schema import ErrorType
from starlette.exceptions import HTTPException
from starlette.responses import Response

from iotflow.api.fastapi_compat import methods_of_path
from iotflow.domain.errors import (
    Conflict,
    FieldError,
    Forbidden,
    InvalidInput,
    IoTFlowError,
    NotFound,
    NotInstalled,
    Overloaded,
    RateLimited,
    StoreUnavailable,
    Unauthenticated,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
"""The `Retry-After` of the response while a store is unavailable."""
MAX_LOCATION_LENGTH = 200
MAX_MESSAGE_LENGTH = 500
MAX_LISTED_ERRORS = 100
"""Maximum number of errors that a 422 lists; its detail has their total."""
MAX_RECORD_ERRORS = 5
"""Maximum number of errors that the response to a batch lists for one rejected record."""
MAX_RECORD_DETAIL = 300
"""Maximum length of the detail of one rejected record: 10,000 of them take at most 4 MB."""
MAX_RECORD_PLACE_LENGTH = 135
"""Maximum length of an error's location in that detail: `data.` and the longest name."""
MAX_RECORD_MESSAGE_LENGTH = 130

# The phrases of RFC 9110, which Python uses from 3.13 on.
_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}

_TEXT, _WHOLE, _NUMBER = "expected a string", "expected a whole number", "expected a number"
_BOOLEAN, _OBJECT, _LIST = "expected true or false", "expected an object", "expected a list"
_CHOICE, _FORM = "expected {expected}", "the text does not have the form that the documentation describes"
_WORDS: Final[Mapping[str, str]] = {
    "missing": "Field required",
    "extra_forbidden": "unknown field",
    "string_type": _TEXT,
    "string_too_short": "too short, expected {min_length} or more characters",
    "string_too_long": "too long, expected at most {max_length} characters",
    "string_pattern_mismatch": _FORM,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "expected a finite number",
    "greater_than": "expected a number above {gt}",
    "greater_than_equal": "expected a number of at least {ge}",
    "less_than": "expected a number below {lt}",
    "less_than_equal": "expected a number of at most {le}",
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "enum": _CHOICE,
    "literal_error": _CHOICE,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "list_type": _LIST,
    "too_short": "too few items, expected {min_length} or more",
    "too_long": "too many items, expected at most {max_length}",
}
"""The words of a 422 by pydantic's kind of error, with the constraint's value."""
_PYDANTIC_KINDS: Final = frozenset(get_args(ErrorType)) - {"value_error"}

logger = logging.getLogger(__name__)

STATUS_OF: Final[Mapping[type[IoTFlowError], int]] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    InvalidInput: 422,
    RateLimited: 429,
    NotInstalled: 501,
    Overloaded: 503,
    StoreUnavailable: 503,
}


def install(app: FastAPI) -> None:
    """Register the handlers of all errors."""
    app.add_exception_handler(IoTFlowError, _handle_domain_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)


@cache
def title(status: int) -> str:
    """Return the phrase of a status, the same in every version of Python."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


@cache
def type_uri(status: int) -> str:
    """Return the URI that identifies the type of problem."""
    return f"urn:iotflow:problem:{title(status).lower().replace(' ', '-')}"


ErrorRenderer = Callable[[Request, int, str, Sequence[FieldError]], tuple[bytes, str]]
"""A function that encodes an error: (request, status, detail, errors of fields) -> (body, media type)."""


def error_response(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response to an error, encoded by the route's `render_error`, by default as a problem document."""
    render: ErrorRenderer = getattr(request.scope.get("route"), "render_error", render_problem)
    body, media_type = render(request, status, detail, errors)
    return Response(body, status, headers, media_type)


def render_problem(request: Request, status: int, detail: str, errors: Sequence[FieldError]) -> tuple[bytes, str]:
    """Encode an error as a problem document: the `render_error` of routes without another one."""
    return encode_problem(status, detail, request.scope["path"], request.state.request_id, errors), MEDIA_TYPE


def encode_problem(status: int, detail: str, path: str, request_id: str, errors: Sequence[FieldError] = ()) -> bytes:
    """Return a problem document as JSON. A 422 lists the first `errors`, which name fields and never their values."""
    members: dict[str, object] = {
        "type": type_uri(status),
        "title": title(status),
        "status": status,
        "detail": detail,
        "instance": path,
        "request_id": request_id,
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        members["errors"] = [
            {
                "loc": [
                    part if isinstance(part, int) else _truncate(part, MAX_LOCATION_LENGTH) for part in error.location
                ],
                "msg": _truncate(error.message, MAX_MESSAGE_LENGTH),
                "type": error.kind,
            }
            for error in errors[:MAX_LISTED_ERRORS]
        ]
    return msgspec.json.encode(members)


def field_error(found: Mapping[str, Any], *within: str) -> FieldError:  # Any: pydantic's details of an error
    """Convert an error of pydantic. `within` is the location of the validated value."""
    return FieldError((*within, *found["loc"]), _words(found), found["type"])


def record_detail(invalid: InvalidInput) -> str:
    """Return the first errors of a record of a batch, in at most `MAX_RECORD_DETAIL` characters."""
    total = len(invalid.errors) + invalid.unlisted
    listed: list[str] = []
    room = MAX_RECORD_DETAIL - len(f"; and {total} more")
    for error in invalid.errors[:MAX_RECORD_ERRORS]:
        place = ".".join(_truncate(str(part), MAX_RECORD_PLACE_LENGTH) for part in error.location[1:]) or "record"
        line = f"{_truncate(place, MAX_RECORD_PLACE_LENGTH)}: {_truncate(error.message, MAX_RECORD_MESSAGE_LENGTH)}"
        if len(line) > room:
            break
        listed.append(line)
        room -= len("; ") + len(line)
    if total > len(listed):
        listed.append(f"and {total - len(listed)} more")
    return "; ".join(listed)


def _words(found: Mapping[str, Any]) -> str:  # Any: as above
    """Return the message of an error of pydantic without its terms: regular expressions, types and classes of Python.

    The kinds of the service's own validators carry their words.
    """
    kind, context = found["type"], found.get("ctx", {})
    if kind in _WORDS:
        return _WORDS[kind].format_map(context)
    if kind in _PYDANTIC_KINDS:
        return "invalid value"
    words: str = found["msg"]
    return words.removeprefix("Value error, ")


async def _handle_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, IoTFlowError)
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    match error:
        case InvalidInput():
            summary = _summarize(error.errors[0], len(error.errors) + error.unlisted)
            return error_response(request, status, summary, errors=error.errors)
        case RateLimited() | Overloaded():
            return error_response(request, status, str(error), headers={"Retry-After": str(error.retry_after_s)})
        case StoreUnavailable():
            logger.warning("the %s store is unavailable: %s", error.store, error)
            detail = f"the {error.store} store is unavailable: try again in {RETRY_AFTER_S} s"
            return error_response(request, status, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        case Unauthenticated():
            return error_response(request, status, str(error), headers={"WWW-Authenticate": "Bearer"})
    return error_response(request, status, str(error))


async def _handle_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    errors = [field_error(details) for details in found[:MAX_LISTED_ERRORS]]
    return error_response(request, 422, _summarize(errors[0], len(found)), errors=errors)


async def _handle_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"there is nothing at {request.scope['path'][:MAX_LOCATION_LENGTH]}"
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette's `Allow` has the methods of the first matching route only.
        methods = methods_of_path(request)
        headers = {"Allow": ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))}
        detail = f"{request.method[:MAX_LOCATION_LENGTH]} is not among the methods of this path: {headers['Allow']}"
    return error_response(request, error.status_code, detail, headers=headers)


def _summarize(first: FieldError, total: int) -> str:
    place = ".".join(_truncate(str(part), MAX_LOCATION_LENGTH) for part in first.location)
    more = f" (and {total - 1} more)" if total > 1 else ""
    return f"{place}: {_truncate(first.message, MAX_MESSAGE_LENGTH)}{more}"


def _truncate(text: str, max_length: int) -> str:
    return text if len(text) <= max_length else text[:max_length] + "…"
