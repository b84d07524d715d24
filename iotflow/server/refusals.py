"""Problem responses of the server itself, for requests that never reach the app."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from iotflow.api.middleware import REFUSED, RequestLogging, choose_request_id, count_request
from iotflow.api.problems import MAX_LOCATION_LENGTH, MEDIA_TYPE, encode_problem, error_response

RETRY_AFTER_S = 1

logger = logging.getLogger(__name__)


class RequestRefused(HTTPException):
    """A request that the server refuses. The app responds with it if it has begun, else the server does."""

    def __init__(self, status: int, detail: str) -> None:
        retry = {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        super().__init__(status, detail, retry)


def encode_refusal(
    refusal: RequestRefused,
    method: str,
    url: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    default_headers: Sequence[tuple[bytes, bytes]],
) -> bytes:
    """Encode and log the response to a refused, possibly incomplete request. It is the last one on its connection."""
    path = url.partition(b"?")[0][:MAX_LOCATION_LENGTH].decode("ascii", "backslashreplace")
    request_id = choose_request_id(dict(headers).get(b"x-request-id", b"").decode("latin-1"))
    body = encode_problem(refusal.status_code, refusal.detail, path if path.startswith("/") else "/", request_id)
    called = (method or "-", path or "-", refusal.status_code, request_id, refusal.detail)
    logger.info("%s %s %d %s: %s", *called, extra={"request_id": request_id})
    count_request(method, REFUSED, refusal.status_code)
    fields: Mapping[str, str] = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "x-request-id": request_id,
        "x-content-type-options": "nosniff",
        "connection": "close",
        **(refusal.headers or {}),
    }
    lines = [STATUS_LINE.get(refusal.status_code, b"")]
    lines += [name + b": " + value + b"\r\n" for name, value in default_headers]
    lines += [f"{name.lower()}: {value}\r\n".encode() for name, value in fields.items()]
    return b"".join([*lines, b"\r\n", b"" if method == "HEAD" else body])


class RefusingApp:
    """An app that responds 503 to each request, with the exceeded limit."""

    def __init__(self, detail: str) -> None:
        self._detail = detail
        self._app = RequestLogging(self._refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = error_response(Request(scope), 503, self._detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        await refused(scope, receive, send)
