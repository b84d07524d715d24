"""The writes in which a response leaves."""

import asyncio

import pytest

from iotflow.server.protocol import HttpProtocol
from tests.server.conftest import LARGE, Served


class RecordingTransport:
    """A transport that keeps the size of each write."""

    def __init__(self, transport: asyncio.BaseTransport, sizes: list[int]) -> None:
        self._transport = transport
        self._sizes = sizes

    def write(self, data: bytes) -> None:
        self._sizes.append(len(data))
        self._transport.write(data)  # type: ignore[attr-defined]  # a stream's transport

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all writes of the server."""
    found: list[int] = []
    original = HttpProtocol.connection_made

    def connection_made(protocol: HttpProtocol, transport: asyncio.BaseTransport) -> None:
        original(protocol, RecordingTransport(transport, found))  # type: ignore[arg-type]  # delegates the rest

    monkeypatch.setattr(HttpProtocol, "connection_made", connection_made)
    return found


async def test_a_small_response_leaves_in_one_write(sizes: list[int], served: Served) -> None:
    peer = await served.connect()
    for body in (b"", b"x", b"x" * 10_000):
        peer.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        assert (await peer.answer())[2] == body
    assert len(sizes) == 3


async def test_pipelined_responses_leave_in_a_write_each(sizes: list[int], served: Served) -> None:
    peer = (await served.connect()).send(2 * b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    assert [(await peer.answer())[2] for _ in range(2)] == [b"x", b"x"]
    assert len(sizes) == 2


async def test_a_large_body_is_not_copied_to_its_head(sizes: list[int], served: Served) -> None:
    peer = (await served.connect()).send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len((await peer.answer())[2]) == LARGE
    assert len(sizes) == 2
    assert sizes[1] == LARGE


async def test_the_head_of_a_stream_does_not_wait_for_its_first_part(served: Served) -> None:
    peer = (await served.connect()).send(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    status, headers, _ = await peer.answer()
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    served.released.set()
    assert await peer.reader.readuntil(b"0\r\n\r\n") == b"5\r\nparts\r\n0\r\n\r\n"
