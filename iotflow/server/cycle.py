"""One request and its response on a connection."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPResponseStartEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from iotflow.domain.errors import Overloaded
from iotflow.server.limits import SharedLimit

MAX_UNREAD_REST_BYTES = 65_536
"""An unread rest of a body is read up to this size after an early response; a larger rest closes the connection."""

MAX_JOINED_BYTES = 65_536
"""A larger part of a body is written after the head: joining would copy it."""

logger = logging.getLogger(__name__)


class _JoiningTransport:
    """The connection's transport for one response: a head that waits leaves in one write with the start of its body."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.is_closing = transport.is_closing
        self._transport = transport
        self._holds_next = False
        self._head = b""

    def hold_next(self) -> None:
        """Let the next write wait for the one after it."""
        self._holds_next = True

    def write(self, data: bytes) -> None:
        """Write data, after the head that waits."""
        if self._holds_next:
            self._holds_next = False
            self._head = data
            return
        if len(data) <= MAX_JOINED_BYTES:
            data = self._head + data
        elif self._head:
            self._transport.write(self._head)
        self._head = b""
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection, after the head that waits."""
        if self._head:
            self.write(b"")
        self._transport.close()


class RequestCycle(RequestResponseCycle):
    """A request cycle that is in flight only while the worker works on it, not while it waits for its client."""

    def __init__(
        self,
        protocol: HttpToolsProtocol,
        *,
        keep_alive: bool,
        body_length: float,
        in_flight: SharedLimit,
        client: str | None,
        read_body: Callable[[], None],
    ) -> None:
        """`body_length` is in bytes; infinite for a chunked body.

        `read_body` resumes reading on the connection, with a timeout for the client.
        """
        output = _JoiningTransport(protocol.transport)
        super().__init__(
            scope=protocol.scope,
            transport=cast(asyncio.Transport, output),
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=False,
            default_headers=protocol.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=protocol.expect_100_continue,
            keep_alive=keep_alive,
            on_response=protocol.on_response_complete,
        )
        self.closes_connection = not keep_alive
        self.task: asyncio.Task[None] | None = None
        self.body_left = body_length
        self.received = 0
        self.body_since: float | None = None
        self._output = output
        self._in_flight = in_flight
        self._client = client
        self._read_body = read_body
        self._body_error: Exception | None = None
        self._is_working = False
        self._is_counted = False
        self._is_ending = False
        self._is_event_stream = False

    @property
    def is_safe(self) -> bool:
        """Whether the method is safe (RFC 9110, 9.2.1): the request may be cancelled at any time."""
        return self.scope["method"] in ("GET", "HEAD")

    def start(self, loop: asyncio.AbstractEventLoop, app: ASGI3Application) -> asyncio.Task[None]:
        """Run the app. The request counts as in flight."""
        self._is_counted = True
        self._resume_work()
        self.task = loop.create_task(self.run_asgi(self._cancellable(app)))
        self.task.add_done_callback(lambda _task: self._pause_work())
        return self.task

    def respond(self, encode: Callable[[bool], bytes]) -> None:
        """Write a response without running the app. `encode` gets whether the connection closes after it."""
        if self.more_body and not self._has_small_rest():
            self.close_after_response()
        self.response_started = self.response_complete = True
        self.transport.write(encode(self.closes_connection))

    def close_after_response(self) -> None:
        """Make this response the last one on its connection."""
        self.closes_connection = True
        if not self.response_started:
            self.keep_alive = False

    def end_stream(self) -> None:
        """Report a disconnect to an app that has begun to respond: a stream without an end then sends its last part."""
        if self.response_started:
            self._is_ending = True
            self.message_event.set()

    def fail_body(self, error: Exception) -> None:
        """Make `receive` raise `error`: the rest of the body will not arrive. The app's response is the last one."""
        self._body_error = error
        self.body.clear()
        self.close_after_response()
        self.message_event.set()

    def disconnect(self) -> None:
        """Stop after the client has left: cancel a safe request at once, let another one complete."""
        self.disconnected = True
        self.message_event.set()
        if self.task is not None and self.is_safe and not self.response_complete:
            self.task.cancel()

    async def receive(self) -> ASGIReceiveEvent:
        waits = self.more_body and not self.message_event.is_set() and not self.disconnected
        if waits:
            self._request_body()
            self._pause_work()
        try:
            if not (self.disconnected or self.response_complete or self._is_ending):
                await self.message_event.wait()
                self.message_event.clear()
        finally:
            # Refuse after a small body only, which the client can send again; a large one is processed.
            is_checked = waits and not self.more_body and self.received <= MAX_UNREAD_REST_BYTES
            refusal = self._in_flight.refusal_for(self._client) if is_checked else None
            # A stream of events waits here for its client to leave: that must not count as work.
            if waits:
                self._resume_work()
        if self.disconnected or self.response_complete or self._is_ending:
            return {"type": "http.disconnect"}
        if self._body_error is not None and self.more_body:
            raise self._body_error
        if refusal is not None:
            raise Overloaded(refusal)
        body = bytes(self.body)
        self.body = bytearray()
        if self.more_body:
            self._read_body()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: ASGISendEvent) -> None:
        self._resume_work()
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        # The short last part of a stream of events does not wait for a client that does not read.
        if self.flow.write_paused and not self.disconnected and not (self._is_event_stream and is_last):
            self._pause_work()
            try:
                await self.flow.drain()
            finally:
                self._resume_work()
        starts = not self.response_started
        if starts and self.more_body and not self._has_small_rest():
            self.keep_alive = False
        if message["type"] == "http.response.start":
            if self._body_follows(message):
                self._output.hold_next()
            else:
                self._is_event_stream = any(
                    name == b"content-type" and value.startswith(b"text/event-stream")
                    for name, value in message.get("headers", ())
                )
        await super().send(message)
        if starts:
            # The base class would close at once, and a reset could lose the response while the client still sends.
            self.closes_connection |= not self.keep_alive
            self.keep_alive = True
        if self.response_complete:
            # Not when the task is done: the client may have sent its next request by then.
            self._pause_work()
            self._is_counted = False
        elif self._is_event_stream:
            # It waits for events, which costs no work.
            self._pause_work()

    def _body_follows(self, start: HTTPResponseStartEvent) -> bool:
        """Return whether a body with a known length follows at once. A stream may wait before its first part."""
        return self.scope["method"] != "HEAD" and any(name == b"content-length" for name, _ in start.get("headers", ()))

    def _request_body(self) -> None:
        if self.waiting_for_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.waiting_for_100_continue = False
        self._read_body()

    def _has_small_rest(self) -> bool:
        # A client that waits for 100 may omit its body, so the start of the next request would be unknown.
        return self.body_left <= MAX_UNREAD_REST_BYTES and not self.waiting_for_100_continue

    def _pause_work(self) -> None:
        if self._is_working:
            self._is_working = False
            self._in_flight.release(self._client)

    def _resume_work(self) -> None:
        if self._is_counted and not self._is_working:
            self._is_working = True
            self._in_flight.acquire(self._client)

    def _cancellable(self, app: ASGI3Application) -> ASGI3Application:
        async def run(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:
                if not self.disconnected:
                    raise
                path = self.scope["raw_path"].decode("ascii", "backslashreplace")
                logger.info("%s %s: the client left; cancelled", self.scope["method"], path)

        return run
