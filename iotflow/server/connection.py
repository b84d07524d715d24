"""A connection's life: whether it is admitted, how long it may wait for its client, and how it ends."""

import asyncio
import math
from enum import Enum, auto
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from iotflow.server.admission import REFUSED_CONNECTIONS, Holding
from iotflow.server.config import ServerConfig
from iotflow.server.cycle import RequestCycle
from iotflow.server.deadline import Deadline
from iotflow.server.refusals import Refusal, answer

HEAD_S = 10.0
"""For a request's head from its first byte on, and for the first byte of a connection."""
READER_S = 60.0
"""Without a byte of an answer read, beyond what the socket holds."""
CLOSING_S = 5.0
"""For a client to read the last answer, while what it still sends is thrown away."""
CLOSING_BYTES = 16 * 2**20
"""Thrown away at most: the rest of an upload that was refused."""
THROW_AWAY_EACH_S = 0.02
"""One read in this time: input that nobody wants must not keep the worker busy."""
REFUSED_S = 1.0
"""CLOSING_S of a connection that was refused."""
SMALL_REQUEST_BYTES = 8_192
"""Not counted among the bytes being received: whoever holds all of these keeps no device from sending a record."""


class Phase(Enum):
    """What a connection waits for."""

    FIRST_BYTE = auto()
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    NEXT_REQUEST = auto()
    CLOSE = auto()


class Connection(HttpToolsProtocol):
    """Counts what its client holds, and closes so that the client can read the last answer."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's type for the lifespan's state
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, ServerConfig)
        self.admission = config.admission
        self.peer: str | None = None
        self.phase = Phase.FIRST_BYTE
        self.running: RequestCycle | None = None
        self.is_deaf = False
        self.has_ended = False
        self.is_stopping = False
        self.deadline = Deadline(self.loop, self.check_deadline)
        self._reader_deadline = Deadline(self.loop, self._check_reader)
        self._unsent = 0
        self._thrown_away = 0
        self._is_admitted = False
        self._is_refused = False

    def admit(self, address: tuple[str, int] | None) -> str | None:
        """Count the connection. Return which limit refuses it, or None."""
        self.peer = self.admission.client(address[0] if address else "")
        self.received = Holding(self.admission.received, self.peer, SMALL_REQUEST_BYTES)
        self._unread = Holding(self.admission.unread, self.peer)
        refusal = self.admission.connections.refuses(self.peer)
        if refusal is None:
            self._is_admitted = True
            self.admission.connections.take(self.peer)
        return refusal

    def leave(self) -> None:
        """Count the connection no more."""
        if self._is_admitted:
            self._is_admitted = False
            self.admission.connections.give_back(self.peer)
        if self._is_refused:
            self._is_refused = False
            self.admission.refused_connections -= 1

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        refusal = None if self._is_admitted else self.admit(self.client)
        if refusal is None:
            self.enter(Phase.FIRST_BYTE, HEAD_S)
            return
        transport.write(answer(Refusal(503, refusal), "", b"", (), self.server_state.default_headers))
        if self.admission.refused_connections < REFUSED_CONNECTIONS:
            self._is_refused = True
            self.admission.refused_connections += 1
            self.end(REFUSED_S)
        else:
            self.is_deaf = True
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.phase = Phase.CLOSE
        self.deadline.cancel()
        self._reader_deadline.cancel()
        self._unread.shrink(0)
        self.leave()
        running = self.running
        if running is not None and running.task is not None and not running.task.done():
            running.disconnect()
            running.task.add_done_callback(lambda _task: self.received.shrink(0))
        else:
            self.received.shrink(0)

    def enter(self, phase: Phase, seconds: float) -> None:
        """Wait for something, for so many seconds; infinity is for as long as it takes."""
        self.phase = phase
        self.deadline.set(seconds)

    def end(self, seconds: float = CLOSING_S) -> None:
        """Close when the client has closed its side, or after some seconds.

        To close at once would reset a connection with input that nobody has read, and the client might lose the answer.
        """
        self.is_deaf = True
        self.enter(Phase.CLOSE, seconds)
        self.received.shrink(0)
        if self.has_ended or self.is_stopping or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()
            self.flow.resume_reading()

    def throw_away(self, amount: int) -> None:
        """Take input that nobody reads any more."""
        self._thrown_away += amount
        if self._thrown_away > CLOSING_BYTES:
            self.transport.close()
        else:
            self.flow.pause_reading()
            self.loop.call_later(THROW_AWAY_EACH_S, self.flow.resume_reading)

    def check_deadline(self) -> None:
        """End what has waited for too long for its client, where that needs no answer."""
        if self.deadline.is_over and self.phase in (Phase.FIRST_BYTE, Phase.NEXT_REQUEST):
            self.end(0)
        elif self.deadline.is_over and self.phase is Phase.CLOSE:
            unsent = self.transport.get_write_buffer_size()
            if self.transport.is_closing() and unsent >= self._unsent:
                self.transport.abort()
                return
            self._unsent = unsent
            self.transport.close()
            self.deadline.set(READER_S)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self.transport.get_write_buffer_size()
        self._unread.grow(self._unsent)
        self._reader_deadline.set(READER_S)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread.shrink(0)
        self._reader_deadline.set(math.inf)

    def _check_reader(self) -> None:
        if not self._reader_deadline.is_over:
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent >= self._unsent:
            self.admission.log(f"{READER_S:.0f} s without a byte of an answer read", self.peer)
            self.transport.abort()
            return
        self._unsent = unsent
        self._unread.shrink(unsent)
        self._reader_deadline.set(READER_S)
