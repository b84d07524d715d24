"""A receiver of webhooks on a raw socket, with scripted answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from iotflow.concurrency.tasks import cancel_and_wait
from tests.waiting import wait_until

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

DEADLINE_S = 15.0

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""The bytes of an answer, or a function that writes it."""


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived. The names of its headers are in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A running receiver. Each request takes the next answer; the last one is repeated."""

    port: int = 0
    answers: list[Answer] = field(default_factory=lambda: [OK])
    requests: list[ReceivedRequest] = field(default_factory=list)
    connections: int = 0
    handlers: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Return a URL of the receiver."""
        return f"http://{host}:{self.port}{path}"

    async def wait_for(self, number: int) -> list[ReceivedRequest]:
        """Wait until this number of requests has arrived, and return them."""

        async def have_arrived() -> bool:
            return len(self.requests) >= number

        await wait_until(have_arrived, DEADLINE_S, interval_s=0.02)
        return self.requests

    async def close(self) -> None:
        """End all answers under way."""
        for task in list(self.handlers):
            await cancel_and_wait(task)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a request, note it and answer."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.handlers.add(task)
        task.add_done_callback(self.handlers.discard)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append(ReceivedRequest(head[0], headers, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client has left.
        finally:
            writer.close()


async def hang(_writer: asyncio.StreamWriter) -> None:
    """Answer nothing until the receiver is closed."""
    await asyncio.Event().wait()


@asynccontextmanager
async def running_receiver(*answers: Answer, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """Run a receiver that answers the requests in turn, with 204 by default."""
    receiver = Receiver(answers=list(answers) or [OK])
    server = await asyncio.start_server(receiver.handle, host)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.close()
