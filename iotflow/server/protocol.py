"""HTTP/1.1 on one connection: uvicorn's protocol over httptools, with limits and timeouts for the client.

Differences from uvicorn and their reasons: docs/adr/0014-http-protocol.md.
"""

import math
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from iotflow.server.connection import HEAD_TIMEOUT_S, UNCOUNTED_REQUEST_BYTES, Phase
from iotflow.server.cycle import RequestCycle
from iotflow.server.draining import LAST_REQUEST_GRACE_S
from iotflow.server.parser import BODY_TIMEOUT_S, RequestParser
from iotflow.server.refusals import RequestRefused, encode_refusal

SLOW_BODY_GRACE_S = 30.0
MIN_BODY_BYTES_PER_S = 1_024
"""Minimum average rate of a body after the grace time; GPRS is faster."""
MIN_SMALL_BODY_BYTES_PER_S = 4
"""The same for a body of at most UNCOUNTED_REQUEST_BYTES: modems on a weak link send a record at 5 bytes a second."""
DISCONNECT_PROBE_INTERVAL_S = 1.0
"""Interval at which a read probes whether a client that has closed its side is still connected."""
UNLIMITED_PATH = b"/health/live"
STOPPING = "the service is stopping; try again"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpProtocol(RequestParser):
    """The requests of a connection, answered in order; few pipelined ones are parsed ahead."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: uvicorn's own parameters, passed on
        super().__init__(*args, **kwargs)
        self._pending = bytearray()
        self._refused = b""

    # Input

    def data_received(self, data: bytes) -> None:
        if self.ignores_input:
            self.discard_input(len(data))
        elif refusal := self.received.grow(len(data)):
            self._reject(RequestRefused(503, refusal))
        else:
            self._pending += data
            self._parse_pending()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn's returns None, asyncio takes both
        """Keep the connection open for pending responses. TLS has no half-closed connections, so it is closed."""
        if self.ignores_input or self.scheme == "https":
            return False
        self.input_ended = True
        if not self._pending:
            self._handle_end_of_input()
        return not self.transport.is_closing()

    def _handle_end_of_input(self) -> None:
        newest = self.newest
        if self.in_head:
            self._reject(RequestRefused(400, "the request ended within its head"))
        elif newest is None or newest.response_complete:
            self.close_gracefully()
        elif newest.more_body:
            self._reject(RequestRefused(400, "the request ended before its body was complete"))
        else:
            newest.close_after_response()
            self.loop.call_later(DISCONNECT_PROBE_INTERVAL_S, self._probe_disconnect)

    def _probe_disconnect(self) -> None:
        """Send an interim response: the system of a client that has left replies with a reset."""
        running = self.running
        if running is None or self.transport.is_closing() or not running.is_safe or running.response_started:
            return
        if running.scope["http_version"] == "1.1":
            self.transport.write(CONTINUE)
            self.loop.call_later(DISCONNECT_PROBE_INTERVAL_S, self._probe_disconnect)

    def _parse_pending(self) -> None:
        """Parse pending input until a request waits for the response to another."""
        while self._pending and not self.queue:
            size = self.piece_size()
            piece = self._pending[:size]
            del self._pending[:size]
            try:
                self.parse(piece)
            except RequestRefused as refusal:
                self._reject(refusal)
                return
            if self.running is None:
                self._start_next()
        if len(self._pending) > HIGH_WATER_LIMIT:
            # Not earlier: a disconnect is noticed only while reading.
            self.flow.pause_reading()
        elif self._pending:
            return
        elif self.input_ended:
            self._handle_end_of_input()
        elif self.in_head and self.running is None and self.phase is not Phase.HEAD:
            self.set_phase(Phase.HEAD, self.input_timeout(HEAD_TIMEOUT_S))

    # Requests and responses

    def _start_next(self) -> None:
        if not self.queue:
            return
        self.running = self.queue.popleft()
        self.set_phase(Phase.ANSWER, math.inf)
        if self.is_stopping or self.draining.is_active:
            self.running.scope["state"]["is_draining"] = True
            self.running.close_after_response()
        refusal = self.limits.requests.refusal_for(self.peer) or self.limits.unread.refusal_for(self.peer)
        if refusal and self.running.scope["raw_path"] == UNLIMITED_PATH:
            refusal = None
        if refusal:
            self._refuse_running(self.running, RequestRefused(503, refusal))
            return
        task = self.running.start(self.loop, self.app)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _refuse_running(self, running: RequestCycle, refusal: RequestRefused) -> None:
        """Respond without the app and without a task, so that what is refused leaves the time to what is accepted."""
        if self.flow.write_paused:
            # The client pipelines requests and does not read: further responses would wait in memory.
            self.close_gracefully()
            return
        scope, defaults = running.scope, self.server_state.default_headers
        running.respond(
            lambda closes: encode_refusal(
                refusal,
                scope["method"],
                scope["raw_path"],
                scope["headers"],
                defaults,
                is_overload=True,
                closes=closes,
            )
        )
        # Not at once: each of many pipelined requests would be answered within the call of the one before.
        self.loop.call_soon(self.on_response_complete)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        answered, self.running = self.running, None
        if answered is None or self.transport.is_closing():
            return
        if answered.closes_connection:
            self.close_gracefully()
        elif answered.more_body:
            self.set_phase(Phase.BODY, BODY_TIMEOUT_S)
            self.flow.resume_reading()
        elif self.queue:
            self._start_next()
        elif self._refused:
            self._send_refused()
        else:
            self._await_next_request()

    def _await_next_request(self) -> None:
        self.received.shrink(len(self._pending) + self.unparsed)
        self.flow.resume_reading()
        if self.in_head:
            self.set_phase(Phase.HEAD, HEAD_TIMEOUT_S)
        else:
            self.set_phase(Phase.NEXT_REQUEST, self.timeout_keep_alive)
        self._parse_pending()

    def read_body(self) -> None:
        if self.ignores_input or self.running is None:
            return
        self.flow.resume_reading()
        if self.phase is not Phase.BODY:
            self.running.body_since = self.loop.time()
            self.set_phase(Phase.BODY, self.input_timeout(BODY_TIMEOUT_S))

    def check_deadline(self) -> None:
        if self.is_stopping and self.phase in (Phase.HEAD, Phase.BODY) and self.deadline.is_over:
            self._reject(RequestRefused(503, STOPPING))
        elif self.phase is Phase.HEAD and self.deadline.is_over:
            self._reject(RequestRefused(408, f"the request's head did not arrive within {HEAD_TIMEOUT_S:.0f} s"))
        elif self.phase is Phase.BODY and self.flow.read_paused:
            self.deadline.set(BODY_TIMEOUT_S)
        elif self.phase is Phase.BODY and self.deadline.is_over:
            self._reject(RequestRefused(408, f"{BODY_TIMEOUT_S:.0f} s passed without a byte of the body"))
        elif self.phase is Phase.BODY and (missed := self._missed_rate()):
            self._reject(RequestRefused(408, f"the body arrives at less than {missed} bytes a second"))
        else:
            super().check_deadline()

    def _missed_rate(self) -> int | None:
        """Return the minimum rate if the body arrives more slowly, in bytes per second; None if it is fast enough."""
        running = self.running
        if running is None or running.body_since is None:
            return None
        passed_s = self.loop.time() - running.body_since
        size = running.received + (0 if running.body_left == math.inf else running.body_left)
        rate = MIN_SMALL_BODY_BYTES_PER_S if size <= UNCOUNTED_REQUEST_BYTES else MIN_BODY_BYTES_PER_S
        return rate if passed_s > SLOW_BODY_GRACE_S and running.received < rate * passed_s else None

    def _reject(self, refusal: RequestRefused) -> None:
        """Stop reading and refuse the rest of the input, after the pending responses."""
        self.ignores_input = True
        self._pending.clear()
        self.flow.pause_reading()
        if refusal.status_code in (408, 431):
            self.limits.log("slow_request" if refusal.status_code == 408 else "request_head", refusal.detail, self.peer)
        newest = self.newest
        if newest is not None and newest.more_body:
            if newest is self.running:
                newest.fail_body(refusal)
                return
            if newest.response_complete:
                self.close_gracefully()
                return
            self.queue.pop()
        last = self.queue[-1] if self.queue else self.running
        if last is None or not last.closes_connection:
            # Encoded now: a stored exception would keep the input alive by its traceback.
            self._refused = self._encode_refusal(refusal)
        if self.running is None:
            self._start_next()
        if last is None:
            self._send_refused()

    def _encode_refusal(self, refusal: RequestRefused) -> bytes:
        """Encode the response to the newest request, which never starts."""
        is_known = self.in_head or (self.newest is not None and self.newest.more_body)
        method = self.parser.get_method().decode() if is_known and self.url else ""
        url = self.url if is_known else b""
        return encode_refusal(refusal, method, url, self.headers or (), self.server_state.default_headers)

    def _send_refused(self) -> None:
        self.transport.write(self._refused)
        self.close_gracefully()

    def shutdown(self) -> None:
        """Close the connection after the pending responses.

        A client that waits to send, or whose request is incomplete, gets `LAST_REQUEST_GRACE_S` for its next byte: a
        request may be on its way, and many clients send the body in another packet.
        """
        self.is_stopping = True
        last = self.queue[-1] if self.queue else self.running
        if self.phase is Phase.CLOSE:
            self.transport.close()
            return
        if last is not None:
            last.close_after_response()
        if self.running is not None:
            self.running.end_stream()
        if self.phase is not Phase.ANSWER:
            self.set_phase(self.phase, LAST_REQUEST_GRACE_S)
