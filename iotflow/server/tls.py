"""HTTPS: the TLS handshake of a counted connection, with the timeout of a request's head.

Uvicorn leaves the handshake to asyncio, before any protocol receives the connection: idle ones would be uncounted and
last a minute each.
"""

import asyncio
import ssl
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from iotflow.server.config import ServerConfig
from iotflow.server.connection import HEAD_TIMEOUT_S
from iotflow.server.protocol import HttpProtocol


class TlsProtocol(asyncio.Protocol):
    """A protocol that does the TLS handshake, then hands the connection over to an `HttpProtocol`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's type for the lifespan's state
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        assert isinstance(config, ServerConfig)
        assert config.tls is not None
        self._context = config.tls
        self._http = HttpProtocol(config, server_state, app_state, _loop)
        self._loop = self._http.loop
        self._tasks = server_state.tasks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        self._transport = transport
        self._first_byte_timer = self._loop.call_later(HEAD_TIMEOUT_S, transport.abort)
        if self._http.admit(get_remote_addr(transport)) is not None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._first_byte_timer.cancel()
        # The TLS layer reads the rest.
        self._transport.pause_reading()
        task = self._loop.create_task(self._do_handshake(data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        self._first_byte_timer.cancel()
        self._http.release_connection()

    async def _do_handshake(self, hello: bytes) -> None:
        early = _EarlyInput()
        try:
            async with asyncio.timeout(HEAD_TIMEOUT_S):
                starting = self._loop.start_tls(self._transport, early, self._context, server_side=True)
                secured, _ = await asyncio.gather(starting, self._replay(hello))
        except (OSError, ssl.SSLError, TimeoutError):
            secured = None
        if secured is None or early.is_lost:
            self._http.release_connection()
            self._transport.abort()
            return
        secured.set_protocol(self._http)
        self._http.connection_made(secured)
        if early.data:
            self._http.data_received(bytes(early.data))

    async def _replay(self, hello: bytes) -> None:
        """Pass the input before `start_tls` to the TLS layer, one turn of the loop after `start_tls` has begun."""
        await asyncio.sleep(0)
        tls = cast(asyncio.BufferedProtocol, self._transport.get_protocol())
        rest = memoryview(hello)
        while rest:
            room = memoryview(tls.get_buffer(len(rest)))
            size = min(len(room), len(rest))
            room[:size] = rest[:size]
            tls.buffer_updated(size)
            rest = rest[size:]


class _EarlyInput(asyncio.Protocol):
    """Buffers input that arrives with the end of the handshake, before the task of the handshake resumes."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
