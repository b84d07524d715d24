"""Problem responses of the server itself, for requests that never reach the app."""

import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from iotflow.api.middleware import REFUSED, choose_request_id, count_request
from iotflow.api.problems import MAX_LOCATION_LENGTH, MEDIA_TYPE, encode_problem
from iotflow.logs import log_request

RETRY_AFTER_S = 1
CLOSE = "connection: close\r\n"

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
    headers: Iterable[tuple[bytes, bytes]],
    default_headers: Sequence[tuple[bytes, bytes]],
    *,
    is_overload: bool = False,
    closes: bool = True,
) -> bytes:
    """Encode, count and log the response to a refused, possibly incomplete request.

    `is_overload`: thousands a second are refused, so they are not logged one by one: the limit logs their number.
    `closes`: the response is the last one on its connection.
    """
    path = url.partition(b"?")[0][:MAX_LOCATION_LENGTH].decode("ascii", "backslashreplace")
    sent_id = next((value for name, value in headers if name == b"x-request-id"), b"")
    request_id = choose_request_id(sent_id.decode("latin-1"))
    status = refusal.status_code
    body = encode_problem(status, refusal.detail, path if path.startswith("/") else "/", request_id)
    if not is_overload:
        log_request(logger, f"{method or '-'} {path or '-'} {status} {request_id}: {refusal.detail}", request_id)
    count_request(method, REFUSED, status)
    fields = "".join(f"{name.lower()}: {value}\r\n" for name, value in (refusal.headers or {}).items())
    head = (
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
        f"x-content-type-options: nosniff\r\n{fields}{CLOSE if closes else ''}\r\n"
    )
    lines = [STATUS_LINE.get(status, b""), *(name + b": " + value + b"\r\n" for name, value in default_headers)]
    return b"".join([*lines, head.encode(), b"" if method == "HEAD" else body])
