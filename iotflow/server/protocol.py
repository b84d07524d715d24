"""HTTP/1.1 on one connection: uvicorn's protocol over httptools, with a bound and a deadline on all that a client does.

What differs from uvicorn, and why: docs/adr/0014-http-protocol.md.
"""

import math
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from iotflow.server.connection import HEAD_S, Phase
from iotflow.server.parser import BODY_S, RequestParser
from iotflow.server.refusals import Overload, Refusal, answer

SLOW_BODY_GRACE_S = 30.0
LEAST_BODY_RATE = 1_024
"""Bytes a second that a body brings on average once the grace is over; GPRS carries more."""
GONE_S = 1.0
"""A read that takes longer finds out whether a client that has ended its side is still there."""
ALWAYS_ANSWERED = b"/health/live"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpProtocol(RequestParser):
    """A connection's requests. Of several that come at once, the first is answered and few others are parsed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: uvicorn's own parameters, passed on
        super().__init__(*args, **kwargs)
        self._unfed = bytearray()

    # What arrives

    def data_received(self, data: bytes) -> None:
        if self.is_deaf:
            self.throw_away(len(data))
        elif refusal := self.received.grow(len(data)):
            self._reject(Refusal(503, refusal))
        else:
            self._unfed += data
            self._feed()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's returns None, asyncio takes both
        """Keep the connection open for the answers to what has come, but for TLS, which knows no half-closed one."""
        if self.is_deaf or self.scheme == "https":
            return False
        self.has_ended = True
        if not self._unfed:
            self._end_input()
        return not self.transport.is_closing()

    def _end_input(self) -> None:
        newest = self.newest
        if self.in_head:
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

    def _feed(self) -> None:
        """Parse on, as long as no request waits for the answer to another."""
        while self._unfed and not self.queue:
            size = self.piece_size()
            piece = self._unfed[:size]
            del self._unfed[:size]
            try:
                self.parse(piece)
            except Refusal as refusal:
                self._reject(refusal)
                return
            if self.running is None:
                self._start_next()
        if len(self._unfed) > HIGH_WATER_LIMIT:
            # Not earlier: while nothing is read, nobody notices that the client has left.
            self.flow.pause_reading()
        elif self._unfed:
            return
        elif self.has_ended:
            self._end_input()
        elif self.in_head and self.running is None and self.phase is not Phase.HEAD:
            self.enter(Phase.HEAD, HEAD_S)

    # Requests and their answers

    def _start_next(self) -> None:
        if not self.queue:
            return
        self.running = self.queue.popleft()
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
        elif self.queue:
            self._start_next()
        else:
            self._read_next()

    def _read_next(self) -> None:
        self.received.shrink(len(self._unfed) + self.unparsed)
        self.flow.resume_reading()
        if self.in_head:
            self.enter(Phase.HEAD, HEAD_S)
        else:
            self.enter(Phase.NEXT_REQUEST, self.timeout_keep_alive)
        self._feed()

    def read_body(self) -> None:
        if self.is_deaf or self.running is None:
            return
        self.flow.resume_reading()
        if self.phase is not Phase.BODY:
            self.running.body_since = self.loop.time()
            self.enter(Phase.BODY, BODY_S)

    def check_deadline(self) -> None:
        if self.phase is Phase.HEAD and self.deadline.is_over:
            self._reject(Refusal(408, f"the request's head did not arrive within {HEAD_S:.0f} s"))
        elif self.phase is Phase.BODY and self.flow.read_paused:
            self.deadline.set(BODY_S)
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
        newest = self.newest
        is_known = self.in_head
        if newest is not None and newest.more_body:
            if newest is self.running:
                newest.fail_body(refusal)
                return
            if newest.response_complete:
                self.end()
                return
            self.queue.pop()
            is_known = True
        last = self.queue[-1] if self.queue else self.running
        if last is not None:
            last.end_connection()
            if self.running is None:
                self._start_next()
            return
        method = self.parser.get_method().decode() if is_known and self.url else ""
        refused = answer(
            refusal, method, self.url if is_known else b"", self.headers or (), self.server_state.default_headers
        )
        self.transport.write(refused)
        self.end()

    def shutdown(self) -> None:
        """End the connection with the answers that are under way; a body that is still to come is not waited for."""
        self.is_stopping = True
        last = self.queue[-1] if self.queue else self.running
        if last is None:
            self.transport.close()
        elif last.more_body:
            self._reject(Refusal(503, "the service is stopping; try again"))
        else:
            last.end_connection()
