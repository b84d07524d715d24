"""A TCP proxy that simulates failures of networks and servers."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

SSL_REQUEST_BYTES = 8


class Proxy:
    """A TCP proxy that forwards both directions until it is stopped or frozen."""

    def __init__(self, host: str, port: int, postgres_tls: ssl.SSLContext | None = None) -> None:
        """With `postgres_tls`, clients connect by TLS after PostgreSQL's SSLRequest."""
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
        """Delay of each chunk, in seconds."""

    async def start(self) -> None:
        """Listen; after `stop`, on the same port again."""
        self._listener = await asyncio.start_server(self._serve, "localhost", self.port, family=socket.AF_INET)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and abort the open ones, as if the server were killed."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.drop()
        if self._pipes:
            await asyncio.wait(self._pipes)

    def drop(self) -> None:
        """Abort the open connections."""
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Accept everything and forward nothing, as if the server hung or the network dropped it."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Forward the buffered data, and continue."""
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
    """Run a proxy in front of the server at this address."""
    proxy = Proxy(host, port, postgres_tls)
    await proxy.start()
    try:
        yield proxy
    finally:
        proxy.thaw()
        await proxy.stop()
