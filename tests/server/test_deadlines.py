"""Timeouts of a client."""

import asyncio

import pytest

from iotflow.server import connection, parser, protocol
from tests.server.conftest import LARGE, serving

POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


async def test_a_connection_that_never_sends_anything_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", 0.1)
    async with serving() as served:
        assert await (await served.connect()).rest() == b""


async def test_a_head_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.3)
    async with serving() as served:
        peer = await served.connect()
        sending = asyncio.create_task(_trickle(peer.writer, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 1_000))
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (408, "close")
        sending.cancel()
        # The next head of a connection has its own timeout.
        peer = await served.connect()
        assert (await peer.send(b"GET /health/live HTTP/1.1\r\n\r\nGET /").answer())[0] == 200
        assert (await peer.problem())["detail"] == "the request's head did not arrive within 0 s"


async def test_a_body_that_stalls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    set_body_timeout(monkeypatch, 0.3)
    async with serving() as served:
        peer = (await served.connect()).send(POST % 10 + b"12345")
        problem = await peer.problem()
        assert (problem["status"], problem["instance"]) == (408, "/echo")
        assert await peer.rest() == b""


async def test_a_body_that_is_too_slow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    set_body_timeout(monkeypatch, 0.2)
    monkeypatch.setattr(protocol, "SLOW_BODY_GRACE_S", 0.3)
    async with serving() as served:
        peer = await served.connect()
        sending = asyncio.create_task(_trickle(peer.writer, POST % 10_000 + b"x" * 10_000))
        problem = await peer.problem()
        assert (problem["status"], problem["detail"]) == (408, "the body arrives at less than 1024 bytes a second")
        sending.cancel()


def test_a_record_of_200_bytes_may_take_40_seconds() -> None:
    assert protocol.MIN_SMALL_BODY_BYTES_PER_S < 200 / 40
    assert parser.BODY_TIMEOUT_S == protocol.SLOW_BODY_GRACE_S == 30.0


@pytest.mark.parametrize(("minimum", "status"), [(100, 200), (4_000, 408)])
async def test_a_small_body_has_a_lower_minimum_rate(
    monkeypatch: pytest.MonkeyPatch, minimum: int, status: int
) -> None:
    set_body_timeout(monkeypatch, 0.2)
    monkeypatch.setattr(protocol, "SLOW_BODY_GRACE_S", 0.1)
    monkeypatch.setattr(protocol, "MIN_BODY_BYTES_PER_S", 4_000)
    monkeypatch.setattr(protocol, "MIN_SMALL_BODY_BYTES_PER_S", minimum)
    async with serving() as served:
        peer = await served.connect()
        sending = asyncio.create_task(_trickle(peer.writer, POST % 300 + b"x" * 300))
        assert (await peer.answer())[0] == status
        await sending


async def test_a_body_above_the_minimum_rate_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    set_body_timeout(monkeypatch, 0.2)
    monkeypatch.setattr(protocol, "SLOW_BODY_GRACE_S", 0.1)
    async with serving() as served:
        peer = await served.connect()
        sending = asyncio.create_task(_trickle(peer.writer, POST % 20_000 + b"x" * 20_000, each=1_000))
        assert (await peer.answer())[0] == 200
        await sending


async def test_the_unread_rest_of_a_body_has_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    set_body_timeout(monkeypatch, 0.2)
    async with serving() as served:
        peer = await served.connect()
        peer.send(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        assert (await peer.answer())[0] == 404
        assert await peer.rest() == b""


async def test_a_response_that_is_not_read_resets_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_READ_TIMEOUT_S", 0.3)
    async with serving() as served:
        peer = await served.connect()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport of a socket can also read
        peer.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        await served.until(lambda: served.server.server_state.total_requests == 1)
        await served.until(lambda: not served.server.server_state.connections)


async def test_a_response_that_is_read_slowly_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_READ_TIMEOUT_S", 0.3)
    async with serving() as served:
        peer = (await served.connect()).send(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = 0
        while more := await peer.reader.read(LARGE // 16):
            received += len(more)
            await asyncio.sleep(0.02)
        assert received > LARGE


async def test_an_idle_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", 0.1)
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.1)
    async with serving() as served:
        peer = await served.connect()
        for _ in range(2):
            assert (await peer.send(b"GET /health/live HTTP/1.1\r\n\r\n").answer())[0] == 200
            await asyncio.sleep(0.3)


def set_body_timeout(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for module in (parser, protocol):
        monkeypatch.setattr(module, "BODY_TIMEOUT_S", seconds)


async def _trickle(writer: asyncio.StreamWriter, data: bytes, *, each: int = 10) -> None:
    """Send `each` bytes every 20 ms."""
    for start in range(0, len(data), each):
        writer.write(data[start : start + each])
        await asyncio.sleep(0.02)
