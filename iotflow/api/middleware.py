"""What surrounds every request: its id, its log line, and the answer when nothing else has one."""

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

from iotflow.api.problems import problem
from iotflow.repositories.rate_limits import Admission, RateLimit

RATE_LIMITS = "iotflow.rate_limits"
"""Where a request's scope holds how its limits counted it, a list of `Admission`."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
"""Of answers outside of the API, which browsers may show, unless they have stricter or wider ones."""

logger = logging.getLogger(__name__)


def id_of_request(offered: str) -> str:
    """Return the id that a client offers for its request where it is well formed, else a new one."""
    return offered if REQUEST_ID.fullmatch(offered) else secrets.token_hex(16)


class Cors(CORSMiddleware):
    """Starlette's CORS, whose refusals of a preflight are problems like all others."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        return response if response.status_code < HTTPStatus.BAD_REQUEST else _PreflightRefusal(response)


class _PreflightRefusal(Response):
    def __init__(self, refusal: Response) -> None:
        super().__init__()
        self._detail = bytes(refusal.body).decode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem(Request(scope), HTTPStatus.BAD_REQUEST, self._detail, headers={"Vary": "Origin"})
        await answer(scope, receive, send)


@lru_cache(maxsize=1_024)
def _policy(limit: RateLimit) -> str:
    return f'"{limit.name}";q={limit.limit};w={limit.period_s}'


def _rate_limit_headers(counted: Sequence[Admission]) -> list[tuple[bytes, bytes]]:
    """The fields of draft-ietf-httpapi-ratelimit-headers-10."""
    policies = [_policy(one.limit) for one in counted]
    left = [f'"{one.limit.name}";r={one.remaining};t={one.reset_s}' for one in counted]
    return [(b"ratelimit-policy", ", ".join(policies).encode()), (b"ratelimit", ", ".join(left).encode())]


class RequestContext:
    """Gives each request an id, the client's own where it is well formed, and each answer the headers all share."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = id_of_request(Headers(scope=scope).get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        shared = [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
        # As it was sent: decoded, it could break the log's line.
        called = f"{scope['method']} {scope['raw_path'].decode('ascii', 'backslashreplace')}"
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *shared]
                if counted := scope.get(RATE_LIMITS):
                    message["headers"] += _rate_limit_headers(counted)
                if scope["path"].startswith("/api/"):
                    MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
                else:
                    for name, value in PAGE_HEADERS.items():
                        MutableHeaders(scope=message).setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            logger.info("%s: the client left before its body was read", called)
            return
        except Exception:
            logger.exception("%s failed (request %s)", called, request_id)
            if status:
                raise
            detail = "the service failed to answer; its log tells more under this request_id"
            await problem(Request(scope), 500, detail)(scope, receive, send_with_headers)
        logger.info("%s %d %.1f ms %s", called, status, (time.perf_counter() - started) * 1_000, request_id)
