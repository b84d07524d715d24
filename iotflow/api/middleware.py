"""Middleware: request ids, shared headers, request log, CORS, and the response to an unhandled error."""

import logging
import re
import secrets
import time
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotflow.api.problems import error_response
from iotflow.repositories.cache import Admission, RateLimit

RATE_LIMITS = "iotflow.rate_limits"
"""Key in a request's scope of its list of `Admission`, one for each rate limit that applies to it."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
"""Defaults for responses outside the API, which browsers may render."""

logger = logging.getLogger(__name__)


def choose_request_id(sent: str) -> str:
    """Return the client's request id if it is valid, else a new one."""
    return sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)


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


@lru_cache(maxsize=1_024)
def _format_policy(limit: RateLimit) -> str:
    return f'"{limit.name}";q={limit.limit};w={limit.period_s}'


def _rate_limit_headers(admissions: Sequence[Admission]) -> list[tuple[bytes, bytes]]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers-10."""
    policies = [_format_policy(admission.limit) for admission in admissions]
    remaining = [f'"{admission.limit.name}";r={admission.remaining};t={admission.reset_s}' for admission in admissions]
    return [(b"ratelimit-policy", ", ".join(policies).encode()), (b"ratelimit", ", ".join(remaining).encode())]


class RequestLogging:
    """Middleware that assigns request ids, adds the headers of all responses, and logs each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = choose_request_id(Headers(scope=scope).get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        shared = [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
        # The path stays percent-encoded: a decoded line break would forge a log line.
        request_line = f"{scope['method']} {scope['raw_path'].decode('ascii', 'backslashreplace')}"
        extra = {"request_id": request_id}
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *shared]
                if admissions := scope.get(RATE_LIMITS):
                    message["headers"] += _rate_limit_headers(admissions)
                if scope["path"].startswith("/api/"):
                    MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
                else:
                    for name, value in PAGE_HEADERS.items():
                        MutableHeaders(scope=message).setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            logger.info("%s: the client left before its body was read", request_line, extra=extra)
            return
        except Exception:
            logger.exception("%s failed (request %s)", request_line, request_id, extra=extra)
            if status:
                raise
            detail = "internal error: the service logged the details under this request_id"
            await error_response(Request(scope), 500, detail)(scope, receive, send_with_headers)
        logger.info(
            "%s %d %.1f ms %s", request_line, status, (time.perf_counter() - started) * 1_000, request_id, extra=extra
        )
