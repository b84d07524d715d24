"""A reverse proxy of the real service that alters responses for a test."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STOP_DEADLINE_S = 30.0
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass
class Answer:
    """A response of the service, which a test changes in place, with the headers of its request."""

    method: str
    path: str
    sent: dict[str, str]
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The JSON body of the response."""
        return json.loads(self.content)

    @body.setter
    def body(self, body: Any) -> None:
        self.content = json.dumps(body).encode()


@contextmanager
def misbehaving_server(url: str, alter: Callable[[Answer], None]) -> Iterator[str]:
    """Run a proxy that alters the responses of the service at `url`, and yield its URL."""

    async def answer(request: Request) -> Response:
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=60) as http:
            headers = {name: value for name, value in request.headers.items() if name not in ("host", "connection")}
            target = httpx.URL(path=request.url.path, query=request.url.query.encode())
            real = await http.request(request.method, target, content=await request.body(), headers=headers)
        kept = {"Content-Type": real.headers.get("Content-Type", "application/json")}
        altered = Answer(request.method, request.url.path, headers, real.status_code, kept, real.content)
        alter(altered)
        return Response(altered.content, altered.status, altered.headers)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_level="warning"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Connections wait in the backlog until uvicorn accepts them.
        listener.listen()
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(STOP_DEADLINE_S)
            assert not thread.is_alive()
