"""Compression of responses by gzip, for clients that accept it. Other clients' responses pass untouched."""

import zlib
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotflow.api.negotiation import weights
from iotflow.concurrency.time_slices import TimeSlice, wait_for_turn

MIN_COMPRESSED_BYTES = 1_024
"""Bodies up to this size are sent as they are: they fit into one packet either way."""
COMPRESSION_LEVEL = 1
"""A page of rounded values shrinks to a seventh; level 6, to an eighth, takes more than twice the CPU time."""
PIECE_BYTES = 65_536
"""Bytes compressed between two looks at the clock: less than a millisecond of work."""
_FINAL_FORMS = frozenset({b"content-encoding", b"content-range", b"etag"})
"""Headers of a body whose bytes are fixed."""


class Compression:
    """Middleware that compresses complete bodies of more than `MIN_COMPRESSED_BYTES`, not streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            accepted = b",".join([value for name, value in scope["headers"] if name == b"accept-encoding"])
            if accepted:
                send = _CompressingSend(send, accepted)
        await self._app(scope, receive, send)


class _CompressingSend:
    """The `send` of one response. It holds the head of a body to compress until the body comes."""

    def __init__(self, send: Send, accepted: bytes) -> None:
        self._send = send
        self._accepted = accepted
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._may_compress(dict(message["headers"])):
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            if not message.get("more_body", False):
                message = {**message, "body": await gzip(message.get("body", b""))}
                headers = MutableHeaders(scope=head)
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(message["body"]))
                headers.add_vary_header("Accept-Encoding")
            await self._send(head)
        await self._send(message)

    def _may_compress(self, headers: Mapping[bytes, bytes]) -> bool:
        """Return whether a response with these headers is large text whose bytes are not fixed yet."""
        if int(headers.get(b"content-length", b"0")) <= MIN_COMPRESSED_BYTES:
            return False
        media_type = headers.get(b"content-type", b"").partition(b";")[0]
        is_text = media_type.startswith(b"text/") or media_type.endswith((b"json", b"javascript"))
        return is_text and _FINAL_FORMS.isdisjoint(headers) and _accepts_gzip(self._accepted)


async def gzip(body: bytes) -> bytes:
    """Compress a body. A large one waits for time slices, as other long work does."""
    if len(body) > PIECE_BYTES:
        await wait_for_turn()
    time_slice = TimeSlice()
    compressor = zlib.compressobj(COMPRESSION_LEVEL, wbits=16 + zlib.MAX_WBITS)
    view = memoryview(body)
    compressed = bytearray()
    for start in range(0, len(view), PIECE_BYTES):
        compressed += compressor.compress(view[start : start + PIECE_BYTES])
        await time_slice.pause()
    return bytes(compressed + compressor.flush())


def _accepts_gzip(accept_encoding: bytes) -> bool:
    """Return whether a client accepts gzip, and does not prefer a body without an encoding."""
    accepted = weights(accept_encoding.decode("latin-1"))
    named = [accepted[name] for name in ("gzip", "x-gzip") if name in accepted]
    gzip_weight = max(named, default=accepted.get("*", 0.0))
    return gzip_weight > 0 and gzip_weight >= accepted.get("identity", 0.0)
