"""Parses the input of a connection into requests, by httptools, with the limits that it lacks."""

import math
import urllib.parse
from collections import deque
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from iotflow.server.connection import Connection, Phase
from iotflow.server.cycle import RequestCycle
from iotflow.server.refusals import RequestRefused

MAX_HEAD_BYTES = 65_536
MAX_HEAD_FIELDS = 100
BODY_TIMEOUT_S = 30.0
"""Without a byte of a body that the app waits for."""
MAX_PIECE_BYTES = 1_024
"""Input given to the parser at a time: it parses all requests in it, and each takes memory."""


class RequestParser(Connection):
    """A connection that appends the parsed requests to `queue`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: uvicorn's own parameters, passed on
        super().__init__(*args, **kwargs)
        self.queue: deque[RequestCycle] = deque()
        self.newest: RequestCycle | None = None
        self.in_head = False
        self.unparsed = 0
        self._fields = 0
        self._is_upgrade = False

    def read_body(self) -> None:
        """Resume reading: the running request waits for its body."""
        raise NotImplementedError

    def piece_size(self) -> int:
        """Return the number of bytes to parse next: of a body with a known length, all of the rest."""
        newest = self.newest
        if newest is None or not newest.more_body or newest.body_left == math.inf:
            return min(MAX_PIECE_BYTES, MAX_HEAD_BYTES - self.unparsed)
        return max(1, int(newest.body_left))

    def parse(self, piece: bytearray) -> None:
        """Parse a piece of input. Raises RequestRefused if the rest of the input cannot be parsed."""
        self.unparsed += len(piece)
        try:
            while piece:
                try:
                    self.parser.feed_data(piece)
                    break
                except httptools.HttpParserUpgrade as upgrade:
                    piece = self._head_without_upgrade() + piece[upgrade.args[0] :]
                    self.parser = httptools.HttpRequestParser(self)
        except httptools.HttpParserError as error:
            raise _to_refusal(error) from None
        if self.unparsed >= MAX_HEAD_BYTES:
            raise RequestRefused(431, f"the request's head is larger than {MAX_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.in_head = True
        self._fields = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._fields > MAX_HEAD_FIELDS:
            raise RequestRefused(431, f"the request's head has more than {MAX_HEAD_FIELDS} fields")
        if self.in_head:
            # Ignore trailers: the request was routed and authenticated by its head.
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        self.unparsed = 0
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise RequestRefused(400, f"HTTP/{version} is not supported; expected HTTP/1.1")
        if self.parser.should_upgrade() and method != b"CONNECT":
            self._is_upgrade = True
            return
        target = httptools.parse_url(self.url)
        if target.path is None:
            raise RequestRefused(400, "the request's target has no path")
        self.in_head = False
        path = target.path.decode("ascii")
        self.scope["method"] = method.decode("ascii")
        self.scope["http_version"] = version
        self.scope["path"] = self.root_path + (urllib.parse.unquote(path) if "%" in path else path)
        self.scope["raw_path"] = self.root_path.encode("ascii") + target.path
        self.scope["query_string"] = target.query or b""
        self.newest = RequestCycle(
            self,
            body_length=self._body_length(),
            keep_alive=version == "1.1" and self.parser.should_keep_alive(),
            in_flight=self.limits.requests,
            client=self.peer,
            read_body=self.read_body,
        )
        self.queue.append(self.newest)

    def _body_length(self) -> float:
        for name, value in self.headers:
            if name == b"content-length":
                return int(value)
            if name == b"transfer-encoding":
                return math.inf
        return 0

    def on_body(self, body: bytes) -> None:
        self.unparsed = 0
        newest = self.newest
        assert newest is not None
        newest.received += len(body)
        newest.body_left -= len(body)
        if self.phase is Phase.BODY:
            self.deadline.set(self.input_timeout(BODY_TIMEOUT_S))
        if not newest.response_complete:
            newest.body += body
            newest.message_event.set()
            if len(newest.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()

    def on_message_complete(self) -> None:
        self.unparsed = 0
        if self._is_upgrade:
            self._is_upgrade = False
            return
        assert self.newest is not None
        self.newest.more_body = False
        self.newest.message_event.set()
        if self.running is not None:
            self.set_phase(Phase.ANSWER, math.inf)
        elif self.phase is Phase.BODY:
            self.received.shrink(0)
            self.set_phase(Phase.NEXT_REQUEST, self.timeout_keep_alive)

    def _head_without_upgrade(self) -> bytearray:
        """Return the last parsed head without its Upgrade fields, which a server may ignore (RFC 9110, 7.8)."""
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        for name, value in self.headers:
            if name == b"connection":
                options = [option for option in value.split(b",") if option.strip().lower() != b"upgrade"]
                lines.append(b"connection: " + b",".join(options))
            elif name != b"upgrade":
                lines.append(name + b": " + value)
        return bytearray(b"\r\n".join([*lines, b"", b""]))


def _to_refusal(error: httptools.HttpParserError) -> RequestRefused:
    if not isinstance(error, httptools.HttpParserCallbackError):
        return RequestRefused(400, f"the request is malformed: {error}")
    cause = error.__context__
    return cause if isinstance(cause, RequestRefused) else RequestRefused(400, "the request's target is malformed")
