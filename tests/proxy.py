"""A server behind a proxy that can fail as networks and servers do."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

SSL_REQUEST_BYTES = 8


class Proxy:
    """Passes on what clients and the server send each other, until it is told otherwise."""

    def __init__(self, host: str, port: int, postgres_tls: ssl.SSLContext | None = None) -> None:
        """With `postgres_tls`, clients are spoken to by TLS, in the way that PostgreSQL's begin it."""
        self._tls = postgres_tls
        self._upstream = (host, port)
        self._listener: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.connections = 0
        self.delay_s = 0.0
        """How long each piece is held back."""

    async def start(self) -> None:
        """Listen; again, on the same port, after `stop`."""
        self._listener = await asyncio.start_server(self._serve, "localhost", self.port, family=socket.AF_INET)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections and break those that there are: the server was killed."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.drop()
        if self._pipes:
            await asyncio.wait(self._pipes)

    def drop(self) -> None:
        """Break the connections that there are."""
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Accept everything and answer nothing: the server hangs, or the network has lost it."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on what has gathered, and go on."""
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            if self._tls is not None:
                await reader.readexactly(SSL_REQUEST_BYTES)
                writer.write(b"S")
                await writer.start_tls(self._tls)
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
            self._writers.add(upstream_writer)
            for source, target in ((reader, upstream_writer), (upstream_reader, writer)):
                pipe = asyncio.create_task(self._pass_on(source, target))
                self._pipes.add(pipe)
                pipe.add_done_callback(self._pipes.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await asyncio.sleep(self.delay_s)
                await self._flowing.wait()
                target.write(data)
                await target.drain()
        target.close()
        self._writers.discard(target)


@asynccontextmanager
async def proxied(host: str, port: int, postgres_tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """A proxy before the server at this place."""
    proxy = Proxy(host, port, postgres_tls)
    await proxy.start()
    try:
        yield proxy
    finally:
        proxy.thaw()
        await proxy.stop()
