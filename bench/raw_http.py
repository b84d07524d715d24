"""Raw HTTP/1.1: requests whose times are left open, and a connection that costs little.

`TIME` in the body of a request stands for an epoch time in milliseconds, which has 13 digits.
"""

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httptools

TIME = "\x02"
TIME_DIGITS = 13
SEPARATOR = b"\x01"
TIMEOUT_S = 60
RECEIVED_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Template:
    """A request in pieces, with a time between each two."""

    pieces: Sequence[bytes]

    @property
    def times(self) -> int:
        """The number of its times."""
        return len(self.pieces) - 1

    def with_times(self, first_ms: int) -> bytes:
        """Return the request with times from `first_ms` on, a second apart."""
        if not self.times:
            return self.pieces[0]
        times = (b"%d" % (first_ms + 1_000 * number) for number in range(self.times))
        return b"".join(part for pair in zip(self.pieces, (*times, b""), strict=True) for part in pair)


def templates(requests: Iterable[bytes]) -> list[Template]:
    """Return requests split at their times."""
    return [Template(request.split(TIME.encode())) for request in requests]


def write_requests(path: Path, requests: Sequence[bytes]) -> None:
    """Write requests for `replay.lua`."""
    path.write_bytes(SEPARATOR.join(requests))


def raw_request(method: str, path: str, headers: Mapping[str, str], body: str = "") -> bytes:
    """Return a request. Each `TIME` in its body counts as the digits of a time."""
    content = body.encode()
    length = len(content) + (TIME_DIGITS - len(TIME)) * body.count(TIME)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if method == "POST":
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def host_and_port(url: str) -> tuple[str, int]:
    """Return both of a URL that has both."""
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"{url}: no host and port; expected http://HOST:PORT")
    return parts.hostname, parts.port


class Answer:
    """Parses one response with a body, whole or in parts, as a protocol of httptools."""

    def __init__(self) -> None:
        self.body = b""
        self.complete = False
        self._parser = httptools.HttpResponseParser(self)

    @property
    def status(self) -> int:
        """The status code, of a complete answer."""
        return int(self._parser.get_status_code())

    def feed(self, data: bytes) -> None:
        """Take what the connection has received."""
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


class Connection:
    """A blocking keep-alive connection, for requests in sequence. It costs far less than a client library."""

    def __init__(self, url: str) -> None:
        self._socket = socket.create_connection(host_and_port(url), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer. Raises ValueError unless the status is 2xx."""
        self._socket.sendall(request)
        answer = Answer()
        while not answer.complete:
            data = self._socket.recv(RECEIVED_BYTES)
            if not data:
                raise ConnectionResetError("the server closed the connection before its answer was complete")
            answer.feed(data)
        if not 200 <= answer.status < 300:
            raise ValueError(f"{request[:80]!r}: {answer.status} {answer.body[:300]!r}")
        return answer.body

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
