"""A client that sends raw bytes, and reads answers one by one."""

import json
import socket
import struct
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.processes import ServiceProcess

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Raw:
    """A connection from the loopback address `source`, with a receive buffer of this size (None: the usual one)."""

    def __init__(
        self, service: ServiceProcess, *, source: str = "127.0.0.1", receive_buffer: int | None = None
    ) -> None:
        self.service = service
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", service.port))
        self._received = b""

    def send(self, *parts: bytes) -> Self:
        """Send each part in a separate packet."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            try:
                self.socket.sendall(part)
            except OSError:
                # The service may have closed the connection; its earlier answers can still be read.
                break
        return self

    def answer(self, *, to: str = "GET") -> Answer:
        """Read the next final answer. `to` is the method of its request."""
        answer = self.any_answer(to=to)
        while answer.status < 200:
            answer = self.any_answer(to=to)
        return answer

    def any_answer(self, *, to: str = "GET") -> Answer:
        """Read the next answer, interim ones included."""
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, *_ = head[0].split(" ")
        assert version == "HTTP/1.1"
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        length = 0 if to == "HEAD" or int(status) < 200 else int(headers.get("content-length", 0))
        return Answer(int(status), headers, self._take(length))

    def rest(self) -> bytes:
        """Read until the service closes the connection. Raises ConnectionResetError if it resets it."""
        while more := self.socket.recv(65_536):
            self._received += more
        return self._received

    def is_closed_within(self, seconds: float) -> bool:
        """Return whether the service closes the connection within this time."""
        self.socket.settimeout(seconds)
        try:
            return self.rest() is not None
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        finally:
            self.socket.settimeout(PATIENCE_S)

    def half_close(self) -> Self:
        """Close the sending side of the connection."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _until(self, end: bytes) -> bytes:
        deadline = time.monotonic() + PATIENCE_S
        while end not in self._received:
            more = self.socket.recv(65_536)
            if not more:
                raise EOFError(self._received)
            self._received += more
            assert time.monotonic() < deadline
        found, _, self._received = self._received.partition(end)
        return found + end

    def _take(self, length: int) -> bytes:
        while len(self._received) < length:
            more = self.socket.recv(65_536)
            if not more:
                raise EOFError(self._received)
            self._received += more
        taken, self._received = self._received[:length], self._received[length:]
        return taken


def request(method: str, path: str, *fields: str, body: bytes | None = None, version: str = "1.1") -> bytes:
    """Return the bytes of a request; with a body, its Content-Length is added."""
    lines = [f"{method} {path} HTTP/{version}", "Host: iotflow.test", *fields]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
