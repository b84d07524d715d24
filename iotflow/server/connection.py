"""The life cycle of a connection: admission, timeouts, and closing."""

import asyncio
import logging
import math
from enum import Enum, auto
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from iotflow.server.config import ServerConfig
from iotflow.server.cycle import RequestCycle
from iotflow.server.deadline import Deadline
from iotflow.server.draining import LAST_REQUEST_GRACE_S
from iotflow.server.limits import MAX_REFUSED_CONNECTIONS, Allocation
from iotflow.server.refusals import RequestRefused, encode_refusal

HEAD_TIMEOUT_S = 10.0
"""For a request's head, from its first byte on, and for the first byte of a connection."""
ANSWER_READ_TIMEOUT_S = 60.0
"""Without a byte of a response read by the client, after the socket buffers are full."""
CLOSE_TIMEOUT_S = 5.0
"""For a client to read the last response, while its further input is discarded."""
MAX_DISCARDED_BYTES = 16 * 2**20
"""Input discarded before the connection is closed: the rest of a refused upload."""
DISCARD_INTERVAL_S = 0.02
"""Interval between two reads of discarded input, so that it does not keep the worker busy."""
REFUSED_CLOSE_TIMEOUT_S = 1.0
"""CLOSE_TIMEOUT_S of a refused connection."""
UNCOUNTED_REQUEST_BYTES = 8_192
"""Input of a connection that is not counted as received bytes: at the limit, devices can still send records."""

logger = logging.getLogger(__name__)


class Phase(Enum):
    """The event that a connection waits for."""

    FIRST_BYTE = auto()
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    NEXT_REQUEST = auto()
    CLOSE = auto()


class Connection(HttpToolsProtocol):
    """A connection that counts the resources of its client and closes without losing the last response."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's type for the lifespan's state
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, ServerConfig)
        self.limits = config.limits
        self.draining = config.draining
        self.peer: str | None = None
        self.phase = Phase.FIRST_BYTE
        self.running: RequestCycle | None = None
        self.ignores_input = False
        self.input_ended = False
        self.is_stopping = False
        self.deadline = Deadline(self.loop, self.check_deadline)
        self._read_deadline = Deadline(self.loop, self._check_read_deadline)
        self._unsent = 0
        self._discarded = 0
        self._is_admitted = False
        self._is_refused = False

    def admit(self, address: tuple[str, int] | None) -> str | None:
        """Count the connection. Return the reason for the client if a limit refuses it, else None."""
        self.peer = self.limits.client(address[0] if address else "")
        self.received = Allocation(self.limits.received, self.peer, UNCOUNTED_REQUEST_BYTES)
        self._unread = Allocation(self.limits.unread, self.peer)
        refusal = self.limits.connections.refusal_for(self.peer)
        if refusal is None:
            self._is_admitted = True
            self.limits.connections.acquire(self.peer)
        return refusal

    def release_connection(self) -> None:
        """Stop counting the connection. A repeated call has no effect."""
        if self._is_admitted:
            self._is_admitted = False
            self.limits.connections.release(self.peer)
        if self._is_refused:
            self._is_refused = False
            self.limits.refused_connections -= 1

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        refusal = None if self._is_admitted else self.admit(self.client)
        if refusal is None:
            self.set_phase(Phase.FIRST_BYTE, HEAD_TIMEOUT_S)
            return
        transport.write(encode_refusal(RequestRefused(503, refusal), "", b"", (), self.server_state.default_headers))
        if self.limits.refused_connections < MAX_REFUSED_CONNECTIONS:
            self._is_refused = True
            self.limits.refused_connections += 1
            self.close_gracefully(REFUSED_CLOSE_TIMEOUT_S)
        else:
            self.ignores_input = True
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.phase = Phase.CLOSE
        self.deadline.cancel()
        self._read_deadline.cancel()
        self._unread.shrink(0)
        self.release_connection()
        running = self.running
        if running is not None and running.task is not None and not running.task.done():
            running.disconnect()
            running.task.add_done_callback(lambda _task: self.received.shrink(0))
        else:
            self.received.shrink(0)

    def input_timeout(self, seconds: float) -> float:
        """Return the time to wait for the next byte of a request, in seconds: `seconds`, or less during a shutdown."""
        return LAST_REQUEST_GRACE_S if self.is_stopping else seconds

    def set_phase(self, phase: Phase, seconds: float) -> None:
        """Wait for the phase's event, for at most `seconds`; infinity is no timeout."""
        self.phase = phase
        self.deadline.set(seconds)

    def close_gracefully(self, seconds: float = CLOSE_TIMEOUT_S) -> None:
        """Close when the client has closed its side, at the latest after `seconds`.

        Closing at once would reset a connection with unread input, so the client could lose the response.
        """
        self.ignores_input = True
        self.set_phase(Phase.CLOSE, seconds)
        self.received.shrink(0)
        if self.input_ended or self.is_stopping or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()
            self.flow.resume_reading()

    def discard_input(self, amount: int) -> None:
        """Discard input after the last response; close when it exceeds MAX_DISCARDED_BYTES."""
        self._discarded += amount
        if self._discarded > MAX_DISCARDED_BYTES:
            self.transport.close()
        else:
            self.flow.pause_reading()
            self.loop.call_later(DISCARD_INTERVAL_S, self.flow.resume_reading)

    def check_deadline(self) -> None:
        """Close a connection whose timeout passed in a phase that needs no response."""
        if self.deadline.is_over and self.phase in (Phase.FIRST_BYTE, Phase.NEXT_REQUEST):
            logger.debug("connection closed: timeout; phase=%s client=%s", self.phase.name, self.peer)
            self.close_gracefully(0)
        elif self.deadline.is_over and self.phase is Phase.CLOSE:
            unsent = self.transport.get_write_buffer_size()
            if self.transport.is_closing() and unsent >= self._unsent:
                self.transport.abort()
                return
            self._unsent = unsent
            self.transport.close()
            self.deadline.set(ANSWER_READ_TIMEOUT_S)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self.transport.get_write_buffer_size()
        self._unread.grow(self._unsent)
        self._read_deadline.set(ANSWER_READ_TIMEOUT_S)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread.shrink(0)
        self._read_deadline.set(math.inf)

    def _check_read_deadline(self) -> None:
        if not self._read_deadline.is_over:
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent >= self._unsent:
            self.limits.log("slow_reader", f"{ANSWER_READ_TIMEOUT_S:.0f} s without a byte of an answer read", self.peer)
            self.transport.abort()
            return
        self._unsent = unsent
        self._unread.shrink(unsent)
        self._read_deadline.set(ANSWER_READ_TIMEOUT_S)
