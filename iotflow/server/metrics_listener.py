"""The listener of `IOTFLOW_METRICS_PORT`: `GET /metrics` alone, served by a thread with its own event loop.

So metrics can be read while the service is at its limits, and clients of the API cannot reach them.
"""

import hmac
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from iotflow.api.middleware import RequestLogging
from iotflow.api.problems import error_response
from iotflow.metrics.exposition import MEDIA_TYPE, render_metrics
from iotflow.server.config import ServerConfig
from iotflow.settings import Settings

MAX_CONNECTIONS = 64
MAX_REQUESTS = 8
STOP_TIMEOUT_S = 5.0


@contextmanager
def serve_metrics(settings: Settings, listener: socket.socket) -> Iterator[None]:
    """Serve the metrics on a listening socket during a block."""
    bounds = {"max_connections": MAX_CONNECTIONS, "max_requests_in_flight": MAX_REQUESTS, "drain_seconds": 0}
    config = ServerConfig(
        _create_app(settings.metrics_token), settings.model_copy(update=bounds), workers=1, tls_cert=None, tls_key=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="metrics listener", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STOP_TIMEOUT_S)


def _create_app(token: str) -> Starlette:
    """Return the app. With a token it asks for it, as the service's own port does."""

    def get_metrics(request: Request) -> Response:
        request.scope["route"] = route
        sent = request.headers.get("authorization", "")
        if token and not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            detail = "send Authorization: Bearer <token>, with the one of IOTFLOW_METRICS_TOKEN"
            return error_response(request, 401, detail, headers={"WWW-Authenticate": 'Bearer realm="iotflow"'})
        return Response(render_metrics(), media_type=MEDIA_TYPE)

    def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return error_response(request, error.status_code, "this port has GET /metrics alone", headers=error.headers)

    route = Route("/metrics", get_metrics)
    handlers: dict[int | type[Exception], ExceptionHandler] = {HTTPException: refuse}
    return Starlette(routes=[route], exception_handlers=handlers, middleware=[Middleware(RequestLogging)])
