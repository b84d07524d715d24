"""HTTP/1.1 on one connection: uvicorn's protocol over httptools, with a bound and a deadline on all that a client does.

What differs from uvicorn, and why: docs/adr/0012-http-protocol.md.
"""

import math
import urllib.parse
from collections import deque
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from iotflow.server.connection import HEAD_S, Connection, Phase
from iotflow.server.cycle import RequestCycle
from iotflow.server.refusals import Overload, Refusal, answer

MAX_HEAD_BYTES = 65_536
MAX_HEAD_FIELDS = 100
BODY_S = 30.0
"""Without a byte of a body that is waited for."""
SLOW_BODY_GRACE_S = 30.0
LEAST_BODY_RATE = 1_024
"""Bytes a second that a body brings on average once the grace is over; GPRS carries more."""
GONE_S = 1.0
"""A read that takes longer finds out whether a client that has ended its side is still there."""
PIECE_BYTES = 1_024
"""Given to the parser at a time, which makes requests of all that it is given, however many."""
ALWAYS_ANSWERED = b"/health/live"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpProtocol(Connection):
    """A connection's requests. Of several that come at once, the first is answered and few others are parsed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: uvicorn's own parameters, passed on
        super().__init__(*args, **kwargs)
        self._queue: deque[RequestCycle] = deque()
        self._newest: RequestCycle | None = None
        self._unfed = bytearray()
        self._unparsed = 0
        self._fields = 0
        self._in_head = False
        self._is_upgrade = False

    # What arrives

    def data_received(self, data: bytes) -> None:
        if self.is_deaf:
            self.throw_away(len(data))
        elif refusal := self.received.grow(len(data)):
            self._reject(Refusal(503, refusal))
        elif self._unfed or self._queue:
            self._unfed += data
            self._limit_unfed()
        else:
            self._feed(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's returns None, asyncio takes both
        """Keep the connection open for the answers to what has come, but for TLS, which knows no half-closed one."""
        if self.is_deaf or self.scheme == "https":
            return False
        self.has_ended = True
        if not self._unfed:
            self._end_input()
        return not self.transport.is_closing()

    def _end_input(self) -> None:
        newest = self._newest
        if self._in_head:
            self._reject(Refusal(400, "the request ended within its head"))
        elif newest is None or newest.response_complete:
            self.end()
        elif newest.more_body:
            self._reject(Refusal(400, "the request ended before its body was complete"))
        else:
            newest.end_connection()
            self.loop.call_later(GONE_S, self._find_out_whether_gone)

    def _find_out_whether_gone(self) -> None:
        """Send an interim answer, to which the system of a client that has left replies with a reset."""
        running = self.running
        if running is None or self.transport.is_closing() or not running.only_reads or running.response_started:
            return
        if running.scope["http_version"] == "1.1":
            self.transport.write(CONTINUE)
            self.loop.call_later(GONE_S, self._find_out_whether_gone)

    def _feed(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            size = min(PIECE_BYTES, MAX_HEAD_BYTES - self._unparsed)
            if not self._parse(rest[:size]):
                return
            rest = rest[size:]
            if self._queue and rest:
                self._unfed += rest
                self._limit_unfed()
                return
        if self.has_ended:
            self._end_input()
        elif self._in_head and self.running is None and self.phase is not Phase.HEAD:
            self.enter(Phase.HEAD, HEAD_S)

    def _limit_unfed(self) -> None:
        # While nothing is read, nobody notices that the client has left.
        if len(self._unfed) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def _parse(self, piece: memoryview | bytes) -> bool:
        """Parse on and start the next request. False if the input cannot be read on."""
        self._unparsed += len(piece)
        try:
            while piece:
                try:
                    self.parser.feed_data(piece)
                    break
                except httptools.HttpParserUpgrade as upgrade:
                    piece = self._head_without_upgrade() + bytes(piece[upgrade.args[0] :])
                    self.parser = httptools.HttpRequestParser(self)
        except httptools.HttpParserError as error:
            self._reject(_refusal_of(error))
            return False
        if self._unparsed >= MAX_HEAD_BYTES:
            self._reject(Refusal(431, f"the request's head is larger than {MAX_HEAD_BYTES} bytes"))
            return False
        if self.running is None:
            self._start_next()
        return True

    def _head_without_upgrade(self) -> bytes:
        """Return the head that was parsed last without what asks for another protocol: that may be ignored."""
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        for name, value in self.headers:
            if name == b"connection":
                options = [option for option in value.split(b",") if option.strip().lower() != b"upgrade"]
                lines.append(b"connection: " + b",".join(options))
            elif name != b"upgrade":
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    # What the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._fields = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._fields > MAX_HEAD_FIELDS:
            raise Refusal(431, f"the request's head has more than {MAX_HEAD_FIELDS} fields")
        if self._in_head:
            # A field behind a chunked body would come too late for all that was decided by the head.
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        self._unparsed = 0
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise Refusal(400, f"HTTP/{version} is not spoken here; expected HTTP/1.1")
        if self.parser.should_upgrade() and method != b"CONNECT":
            self._is_upgrade = True
            return
        target = httptools.parse_url(self.url)
        if target.path is None:
            raise Refusal(400, "the request's target has no path")
        self._in_head = False
        path = target.path.decode("ascii")
        self.scope["method"] = method.decode("ascii")
        self.scope["http_version"] = version
        self.scope["path"] = self.root_path + (urllib.parse.unquote(path) if "%" in path else path)
        self.scope["raw_path"] = self.root_path.encode("ascii") + target.path
        self.scope["query_string"] = target.query or b""
        self._newest = RequestCycle(
            self,
            keep_alive=version == "1.1" and self.parser.should_keep_alive(),
            in_flight=self.admission.requests,
            client=self.peer,
            read_body=self._read_body,
        )
        self._queue.append(self._newest)

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        newest = self._newest
        assert newest is not None
        newest.received += len(body)
        if self.phase is Phase.BODY:
            self.deadline.set(BODY_S)
        if not newest.response_complete:
            newest.body += body
            newest.message_event.set()
            if len(newest.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()

    def on_message_complete(self) -> None:
        self._unparsed = 0
        if self._is_upgrade:
            self._is_upgrade = False
            return
        assert self._newest is not None
        self._newest.more_body = False
        self._newest.message_event.set()
        if self.running is not None:
            self.enter(Phase.ANSWER, math.inf)
        elif self.phase is Phase.BODY:
            self.enter(Phase.NEXT_REQUEST, self.timeout_keep_alive)

    # Requests and their answers

    def _start_next(self) -> None:
        if not self._queue:
            return
        self.running = self._queue.popleft()
        self.enter(Phase.ANSWER, math.inf)
        refusal = self.admission.requests.refuses(self.peer) or self.admission.unread.refuses(self.peer)
        if refusal and self.running.scope["raw_path"] == ALWAYS_ANSWERED:
            refusal = None
        # Starlette and uvicorn have types for ASGI apps that fit each other's in nothing but their values.
        app = cast(ASGI3Application, Overload(refusal)) if refusal else self.app
        task = self.running.start(self.loop, app, counts=refusal is None)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        answered, self.running = self.running, None
        if answered is None or self.transport.is_closing():
            return
        if answered.ends_connection:
            self.end()
        elif answered.more_body:
            self.enter(Phase.BODY, BODY_S)
            self.flow.resume_reading()
        elif self._queue:
            self._start_next()
        else:
            self._read_next()

    def _read_next(self) -> None:
        self.received.shrink(len(self._unfed) + self._unparsed)
        self.flow.resume_reading()
        if self._in_head:
            self.enter(Phase.HEAD, HEAD_S)
        else:
            self.enter(Phase.NEXT_REQUEST, self.timeout_keep_alive)
        if self._unfed:
            unfed, self._unfed = bytes(self._unfed), bytearray()
            self._feed(unfed)

    def _read_body(self) -> None:
        if self.is_deaf or self.running is None:
            return
        self.flow.resume_reading()
        if self.phase is not Phase.BODY:
            self.running.body_since = self.loop.time()
            self.enter(Phase.BODY, BODY_S)

    def check_deadline(self) -> None:
        if self.phase is Phase.HEAD and self.deadline.is_over:
            self._reject(Refusal(408, f"the request's head did not arrive within {HEAD_S:.0f} s"))
        elif self.phase is Phase.BODY and self.deadline.is_over:
            self._reject(Refusal(408, f"{BODY_S:.0f} s passed without a byte of the body"))
        elif self.phase is Phase.BODY and self._is_slow():
            self._reject(Refusal(408, f"the body arrives with less than {LEAST_BODY_RATE} bytes a second"))
        else:
            super().check_deadline()

    def _is_slow(self) -> bool:
        if self.running is None or self.running.body_since is None:
            return False
        passed_s = self.loop.time() - self.running.body_since
        return passed_s > SLOW_BODY_GRACE_S and self.running.received < LEAST_BODY_RATE * passed_s

    def _reject(self, refusal: Refusal) -> None:
        """Read no more. Answers that are under way go out first; behind them the refusal is not told."""
        self.is_deaf = True
        self._unfed.clear()
        self.flow.pause_reading()
        if refusal.status_code in (408, 431):
            self.admission.log(refusal.detail, self.peer)
        newest = self._newest
        is_known = self._in_head
        if newest is not None and newest.more_body:
            if newest is self.running:
                newest.fail_body(refusal)
                return
            if newest.response_complete:
                self.end()
                return
            self._queue.pop()
            is_known = True
        last = self._queue[-1] if self._queue else self.running
        if last is not None:
            last.end_connection()
            if self.running is None:
                self._start_next()
            return
        method = self.parser.get_method().decode() if is_known and self.url else ""
        told = answer(
            refusal, method, self.url if is_known else b"", self.headers or (), self.server_state.default_headers
        )
        self.transport.write(told)
        self.end()

    def shutdown(self) -> None:
        """End the connection with the answers that are under way; a body that is still to come is not waited for."""
        self.is_stopping = True
        last = self._queue[-1] if self._queue else self.running
        if last is None:
            self.transport.close()
        elif last.more_body:
            self._reject(Refusal(503, "the service is stopping; try again"))
        else:
            last.end_connection()


def _refusal_of(error: httptools.HttpParserError) -> Refusal:
    if not isinstance(error, httptools.HttpParserCallbackError):
        return Refusal(400, f"the request is malformed: {error}")
    cause = error.__context__
    return cause if isinstance(cause, Refusal) else Refusal(400, "the request's target is malformed")
