"""Problems that the server answers itself, where no request ever reaches the app."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from iotflow.api.middleware import RequestContext, id_of_request
from iotflow.api.problems import LONGEST_LOCATION, MEDIA_TYPE, document, problem

RETRY_AFTER_S = 1

logger = logging.getLogger(__name__)


class Refusal(HTTPException):
    """A request that is refused for how it came: the app answers with it where it has begun, else the server does."""

    def __init__(self, status: int, detail: str) -> None:
        retry = {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        super().__init__(status, detail, retry)


def answer(
    refusal: Refusal,
    method: str,
    url: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    default_headers: Sequence[tuple[bytes, bytes]],
) -> bytes:
    """Return and log the answer to what was received of a request. It is the last one on its connection."""
    path = url.partition(b"?")[0][:LONGEST_LOCATION].decode("ascii", "backslashreplace")
    request_id = id_of_request(dict(headers).get(b"x-request-id", b"").decode("latin-1"))
    body = document(refusal.status_code, refusal.detail, path if path.startswith("/") else "/", request_id)
    logger.info("%s %s %d %s: %s", method or "-", path or "-", refusal.status_code, request_id, refusal.detail)
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


class Overload:
    """The app that answers when there are too many requests in flight."""

    def __init__(self, detail: str) -> None:
        self._detail = detail
        self._app = RequestContext(self._refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = problem(Request(scope), 503, self._detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        await refused(scope, receive, send)
