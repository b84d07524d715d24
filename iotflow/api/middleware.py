"""Middleware: request ids, shared headers, request log, HEAD, CORS, and the response to an unhandled error."""

import asyncio
import logging
import random
import re
import time
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotflow.api.problems import error_response
from iotflow.domain.principals import DevicePrincipal, UserPrincipal
from iotflow.logs import log_request
from iotflow.metrics import definitions
from iotflow.repositories.cache import RateLimit, RateLimitResult

RATE_LIMITS = "iotflow.rate_limits"
"""Key in a request's scope of its list of `RateLimitResult`, one for each rate limit that applies to it."""
CONTEXT = "iotflow.context"
"""Key in a request's scope of the context that its access rule returned."""
IS_HEAD = "iotflow.is_head"
"""Key in the scope of a GET that stands for HEAD."""
UNMATCHED, REFUSED = "unmatched", "refused"
"""Labels in place of a route: of a path without one, and of a request that the server refused before."""
CLIENT_LEFT = 499
"""The status, in metrics and traces, of a request whose client left before its answer; nginx introduced it."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
API_HEADERS = [(b"cache-control", b"no-store")]
"""Defaults for responses of the API."""
PAGE_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
"""Defaults for responses outside the API, which browsers may render."""

logger = logging.getLogger(__name__)

_random = random.Random()  # noqa: S311  # a request id is no secret; the system's generator is called once, not per id


def choose_request_id(sent: str) -> str:
    """Return the client's request id if it is valid, else a new one."""
    return sent if REQUEST_ID.fullmatch(sent) else f"{_random.getrandbits(128):032x}"


class Cors(CORSMiddleware):
    """Starlette's CORS middleware, with a problem document in the response to a refused preflight request."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        return response if response.status_code < HTTPStatus.BAD_REQUEST else _PreflightRefusal(response)


class _PreflightRefusal(Response):
    def __init__(self, refusal: Response) -> None:
        super().__init__()
        self._detail = bytes(refusal.body).decode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = error_response(Request(scope), HTTPStatus.BAD_REQUEST, self._detail, headers={"Vary": "Origin"})
        await response(scope, receive, send)


class HeadRequests:
    """Middleware that runs HEAD as GET, so that each route of GET answers it with the same headers.

    The server leaves out the body: its scope, of which this one is a copy, keeps the method.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        scope.setdefault(RATE_LIMITS, [])  # shared by both: the access rule adds to it, and it becomes headers
        inner = {**scope, "method": "GET", IS_HEAD: True}
        try:
            await self._app(inner, receive, send)
        finally:
            scope.update({key: inner[key] for key in ("route", CONTEXT) if key in inner})


@lru_cache(maxsize=1_024)
def _format_policy(limit: RateLimit) -> str:
    return f'"{limit.name}";q={limit.limit};w={limit.period_s}'


def _rate_limit_headers(results: Sequence[RateLimitResult]) -> list[tuple[bytes, bytes]]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers-10."""
    policies = [_format_policy(result.limit) for result in results]
    remaining = [f'"{result.limit.name}";r={result.remaining};t={result.reset_s}' for result in results]
    return [(b"ratelimit-policy", ", ".join(policies).encode()), (b"ratelimit", ", ".join(remaining).encode())]


def _complete_headers(
    headers: Sequence[tuple[bytes, bytes]], scope: Scope, request_id: str
) -> list[tuple[bytes, bytes]]:
    """Return a response's headers with those of all responses, and the defaults of those that it does not have."""
    complete = [*headers, (b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
    if results := scope.get(RATE_LIMITS):
        complete += _rate_limit_headers(results)
    present = {name for name, _ in headers}
    defaults = API_HEADERS if scope["path"].startswith("/api/") else PAGE_HEADERS
    complete += [header for header in defaults if header[0] not in present]
    return complete


def _sent_request_id(scope: Scope) -> str:
    sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return bytes(sent).decode("latin-1")


def route_template(scope: Scope) -> str:
    """Return the path of the request's route with the names of its parameters."""
    return getattr(scope.get("route"), "path_format", UNMATCHED)


def count_request(method: str, route: str, status: int, duration_s: float | None = None) -> None:
    """Count an answered request."""
    known = method if method in METHODS else "other"
    definitions.REQUESTS.add(1, known, route, str(status))
    if duration_s is not None:
        definitions.REQUEST_DURATION.observe(duration_s, known, route)


def _principal_kind(scope: Scope) -> str:
    principal = getattr(scope.get(CONTEXT), "principal", None)
    if isinstance(principal, DevicePrincipal):
        return "device"
    if isinstance(principal, UserPrincipal):
        return "user" if principal.grant is None else "personal_token"
    return "anonymous"


class RequestLogging:
    """Middleware that assigns request ids, adds the headers of all responses, and logs and counts each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(_sent_request_id(scope))
        scope.setdefault("state", {})["request_id"] = request_id
        # The path stays percent-encoded: a decoded line break would forge a log line.
        request_line = f"{scope['method']} {scope['raw_path'].decode('ascii', 'backslashreplace')}"
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _complete_headers(message["headers"], scope, request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            count_request(scope["method"], route_template(scope), CLIENT_LEFT)
            log_request(logger, f"{request_line}: the client left before its body was read", request_id)
            return
        except asyncio.CancelledError:
            count_request(scope["method"], route_template(scope), CLIENT_LEFT)
            raise
        except Exception:
            logger.exception("%s failed (request %s)", request_line, request_id, extra={"request_id": request_id})
            if status:
                raise
            detail = "internal error: the service logged the details under this request_id"
            await error_response(Request(scope), 500, detail)(scope, receive, send_with_headers)
        _record_answer(scope, request_line, status, time.perf_counter() - started)


def _record_answer(scope: Scope, request_line: str, status: int, duration_s: float) -> None:
    """Count and log an answered request."""
    method, route, request_id = scope["method"], route_template(scope), scope["state"]["request_id"]
    count_request(method, route, status, duration_s)
    duration_ms = duration_s * 1_000
    log_request(
        logger,
        f"{request_line} {status} {duration_ms:.1f} ms {request_id}",
        request_id,
        lambda: {
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(duration_ms, 3),
            "principal": _principal_kind(scope),
            **({"trace_id": scope["state"]["trace_id"]} if "trace_id" in scope["state"] else {}),
        },
    )
