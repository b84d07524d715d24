"""Errors as HTTP answers: RFC 9457 problem details, from one table."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from iotflow.domain.errors import (
    Conflict,
    FieldError,
    Forbidden,
    InvalidInput,
    IoTFlowError,
    NotFound,
    Overloaded,
    RateLimited,
    StoreUnavailable,
    Unauthenticated,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
LONGEST_LOCATION = 200
LONGEST_MESSAGE = 500
MAX_LISTED_ERRORS = 100
"""Errors that a 422 lists; its detail counts all. One mistake repeated is understood from fewer."""
MAX_RECORD_FAULTS = 5
"""Faults that a batch's answer tells of one bad record."""
MAX_RECORD_DETAIL = 300
"""Characters in which it does: 10,000 bad records are answered in 4 MB at most."""
LONGEST_RECORD_PLACE = 135
"""Characters of a fault's place there: `data.` and the longest name."""
LONGEST_RECORD_MESSAGE = 130

# RFC 9110's names, which Python has from 3.13 on.
_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}

logger = logging.getLogger(__name__)

STATUS_OF: Final[Mapping[type[IoTFlowError], int]] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    InvalidInput: 422,
    RateLimited: 429,
    Overloaded: 503,
    StoreUnavailable: 503,
}


def install(app: FastAPI) -> None:
    """Have the app answer every error as a problem."""
    app.add_exception_handler(IoTFlowError, _answer_domain_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)


def title(status: int) -> str:
    """A status in words, the same for every version of Python."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def type_uri(status: int) -> str:
    """What identifies the kind of problem."""
    return f"urn:iotflow:problem:{title(status).lower().replace(' ', '-')}"


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as an answer. `errors`, listed up to a limit, name the fields that are wrong, never their values."""
    body = document(status, detail, request.scope["path"], request.state.request_id, errors)
    return Response(body, status, headers, MEDIA_TYPE)


def document(status: int, detail: str, path: str, request_id: str, errors: Sequence[FieldError] = ()) -> bytes:
    """Return a problem's JSON; a 422 has `errors`."""
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
                    part if isinstance(part, int) else _shortened(part, LONGEST_LOCATION) for part in error.location
                ],
                "msg": _shortened(error.message, LONGEST_MESSAGE),
                "type": error.kind,
            }
            for error in errors[:MAX_LISTED_ERRORS]
        ]
    return msgspec.json.encode(members)


def field_error(found: Mapping[str, Any], *within: str) -> FieldError:  # Any: pydantic's details of an error
    """One of pydantic's errors in the project's words; `within` leads to what pydantic validated."""
    return FieldError((*within, *found["loc"]), found["msg"].removeprefix("Value error, "), found["type"])


def record_detail(invalid: InvalidInput) -> str:
    """Word what is wrong with a record of a batch: its first faults, in at most `MAX_RECORD_DETAIL` characters."""
    total = len(invalid.errors) + invalid.unlisted
    faults: list[str] = []
    room = MAX_RECORD_DETAIL - len(f"; and {total} more")
    for error in invalid.errors[:MAX_RECORD_FAULTS]:
        place = ".".join(_shortened(str(part), LONGEST_RECORD_PLACE) for part in error.location[1:]) or "record"
        fault = f"{_shortened(place, LONGEST_RECORD_PLACE)}: {_shortened(error.message, LONGEST_RECORD_MESSAGE)}"
        if len(fault) > room:
            break
        faults.append(fault)
        room -= len("; ") + len(fault)
    if total > len(faults):
        faults.append(f"and {total - len(faults)} more")
    return "; ".join(faults)


async def _answer_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, IoTFlowError)
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    match error:
        case InvalidInput():
            summary = _summary(error.errors[0], len(error.errors) + error.unlisted)
            return problem(request, status, summary, errors=error.errors)
        case RateLimited() | Overloaded():
            return problem(request, status, str(error), headers={"Retry-After": str(error.retry_after_s)})
        case StoreUnavailable():
            logger.warning("the %s store is unavailable: %s", error.store, error)
            detail = f"the {error.store} store is unavailable: try again in {RETRY_AFTER_S} s"
            return problem(request, status, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        case Unauthenticated():
            return problem(request, status, str(error), headers={"WWW-Authenticate": "Bearer"})
    return problem(request, status, str(error))


async def _answer_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    errors = [field_error(details) for details in found[:MAX_LISTED_ERRORS]]
    return problem(request, 422, _summary(errors[0], len(found)), errors=errors)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"there is nothing at {request.scope['path'][:LONGEST_LOCATION]}"
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names the methods of the first route alone.
        headers = {"Allow": ", ".join(sorted(_methods_of_path(request)))}
        detail = f"{request.method[:LONGEST_LOCATION]} is not among the methods of this path: {headers['Allow']}"
    return problem(request, error.status_code, detail, headers=headers)


def _methods_of_path(request: Request) -> set[str]:
    path = get_route_path(request.scope)
    return {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.path and compile_path(route.path)[0].match(path)
        for method in route.methods or ()
    }


def _summary(first: FieldError, total: int) -> str:
    place = ".".join(_shortened(str(part), LONGEST_LOCATION) for part in first.location)
    more = f" (and {total - 1} more)" if total > 1 else ""
    return f"{place}: {_shortened(first.message, LONGEST_MESSAGE)}{more}"


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
