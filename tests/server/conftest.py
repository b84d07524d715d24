"""A server in the test's process, and clients on raw connections."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.responses import StreamingResponse

from iotflow.api import problems
from iotflow.api.middleware import HeadRequests, RequestLogging
from iotflow.server.config import ServerConfig
from iotflow.settings import load_settings

PATIENCE_S = 20.0
LARGE = 24 * 2**20
"""Larger than the socket buffers."""


@dataclass
class Served:
    """A running server. `/held` answers once `released` is set, `/echo` with its body, `/large` with `LARGE` bytes.

    `/stream` answers at once with a head, and with a body once `released` is set.
    """

    port: int
    server: uvicorn.Server
    config: ServerConfig
    released: asyncio.Event = field(default_factory=asyncio.Event)
    began: int = 0
    ended: int = 0
    cancelled: int = 0
    peers: list["Peer"] = field(default_factory=list)

    async def connect(self, source: str = "127.0.0.1") -> "Peer":
        """Open a connection from this address of the machine."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0), limit=2**20)
        peer = Peer(reader, writer)
        self.peers.append(peer)
        return peer

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  # nothing signals changes of the server's figures
                await asyncio.sleep(0.005)


class Peer:
    """The client side of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> "Peer":
        self.writer.write(data)
        return self

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the next response."""
        async with asyncio.timeout(PATIENCE_S):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:] if line)
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(lines[0].split()[1]), headers, body

    async def problem(self) -> dict[str, Any]:
        """Return the problem of the next response."""
        problem: dict[str, Any] = json.loads((await self.answer())[2])
        return problem

    async def rest(self) -> bytes:
        """Return the bytes up to the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    async def leave(self) -> None:
        """Close the connection before the response."""
        self.writer.close()
        await self.writer.wait_closed()

    def reset(self) -> None:
        """Reset the connection."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@asynccontextmanager
async def serving(tls: Path | None = None, **settings: object) -> AsyncIterator[Served]:
    """Run a server with these settings. `tls` contains a certificate and its key; None is without TLS."""
    app = FastAPI()
    problems.install(app)
    app.add_middleware(HeadRequests)
    app.add_middleware(RequestLogging)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_000)
    config = ServerConfig(app, load_settings(**settings), workers=1, tls_cert=tls, tls_key=tls)
    served = Served(listener.getsockname()[1], uvicorn.Server(config), config)
    _add_routes(app, served)
    task = asyncio.create_task(served.server.serve(sockets=[listener]))
    try:
        await served.until(lambda: served.server.started)
        yield served
    finally:
        served.released.set()
        for peer in served.peers:
            peer.writer.transport.abort()
        served.server.should_exit = True
        async with asyncio.timeout(PATIENCE_S):
            await task


def _add_routes(app: FastAPI, served: Served) -> None:
    async def held() -> Response:
        served.began += 1
        try:
            await served.released.wait()
        except asyncio.CancelledError:
            served.cancelled += 1
            raise
        served.ended += 1
        return Response(b"held")

    async def echo(request: Request) -> Response:
        served.began += 1
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
        return Response(bytes(body))

    async def large() -> Response:
        return Response(bytes(LARGE))

    async def stream() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            await served.released.wait()
            yield b"parts"

        return StreamingResponse(parts())

    async def live() -> Response:
        return Response(b"alive")

    handlers: dict[str, Callable[..., Awaitable[Response]]] = {
        "/held": held,
        "/echo": echo,
        "/large": large,
        "/stream": stream,
        "/health/live": live,
    }
    for path, handler in handlers.items():
        app.add_api_route(path, handler, methods=["GET", "POST"])


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as served:
        yield served
