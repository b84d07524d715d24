"""Requests whose client disconnects."""

import asyncio
import logging

import pytest

from iotflow.server import protocol
from iotflow.server.connection import Connection
from tests.server.conftest import Served, serving

GET = b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def _short_probe_interval(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(protocol, "DISCONNECT_PROBE_INTERVAL_S", 0.1)
    caplog.set_level(logging.INFO)


@pytest.mark.parametrize("resets", [False, True])
async def test_a_read_is_cancelled_when_its_client_leaves(
    served: Served, caplog: pytest.LogCaptureFixture, resets: bool
) -> None:
    peer = (await served.connect()).send(GET)
    await served.until(lambda: served.began == 1)
    if resets:
        peer.reset()
    else:
        await peer.leave()
    await served.until(lambda: served.cancelled == 1)
    await served.until(lambda: not served.server.server_state.tasks)
    assert served.config.limits.requests.refusal_for(None, 320) is None
    assert "GET /held: the client left; cancelled" in caplog.messages
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("resets", [False, True])
async def test_a_write_completes_after_its_client_left(served: Served, resets: bool) -> None:
    peer = (await served.connect()).send(POST)
    await served.until(lambda: served.began == 1)
    if resets:
        peer.reset()
        await served.until(lambda: not served.server.server_state.connections)
    else:
        await peer.leave()
        await asyncio.sleep(0.3)
    served.released.set()
    await served.until(lambda: served.ended == 1)
    assert served.cancelled == 0


async def test_a_half_closed_client_gets_its_slow_response(served: Served) -> None:
    peer = (await served.connect()).send(GET)
    peer.writer.write_eof()
    await served.until(lambda: served.began == 1)
    assert (await peer.answer())[0] == 100
    served.released.set()
    while (answer := await peer.answer())[0] == 100:
        pass
    assert answer[0] == 200
    assert await peer.rest() == b""


async def test_pipelined_requests_of_a_client_that_left_never_begin(served: Served) -> None:
    peer = (await served.connect()).send(GET + POST)
    await served.until(lambda: served.began == 1)
    peer.reset()
    await served.until(lambda: served.cancelled == 1)
    await served.until(lambda: not served.server.server_state.tasks)
    assert served.began == 1


async def test_an_upload_ends_when_its_client_leaves(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    peer = (await served.connect()).send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1")
    await served.until(lambda: served.began == 1)
    peer.reset()
    await served.until(lambda: not served.server.server_state.tasks)
    assert "POST /echo: the client left before its body was read" in caplog.messages


def _all_are_stopping(served: Served) -> bool:
    found = served.server.server_state.connections
    return all(isinstance(connection, Connection) and connection.is_stopping for connection in found)


async def test_a_request_on_its_way_is_answered_while_the_service_stops(served: Served) -> None:
    live = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    kept, new = [await served.connect() for _ in range(2)]
    assert (await kept.send(live).answer())[0] == 200
    await served.until(lambda: len(served.server.server_state.connections) == 2)
    served.server.should_exit = True
    await served.until(lambda: _all_are_stopping(served))
    for peer in (kept, new):
        status, headers, _ = await peer.send(live).answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await peer.rest() == b""


async def test_a_body_on_its_way_is_received_while_the_service_stops(served: Served) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    waiting, idle = [await served.connect() for _ in range(2)]
    waiting.send(head)
    await served.until(lambda: served.began == 1)
    served.server.should_exit = True
    await served.until(lambda: _all_are_stopping(served))
    idle.send(head)
    await served.until(lambda: served.began == 2)
    for peer in (waiting, idle):
        status, headers, body = await peer.send(b"12345").answer()
        assert (status, headers["connection"], body) == (200, "close", b"12345")


async def test_the_service_stops_despite_slow_connections(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as served:
        idle, head, body, whole = [await served.connect() for _ in range(4)]
        assert (await idle.send(b"GET /health/live HTTP/1.1\r\n\r\n").answer())[0] == 200
        head.send(b"GET /")
        body.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1")
        whole.send(GET)
        await served.until(lambda: served.began == 2)
        served.server.should_exit = True
        assert await idle.rest() == b""
        assert (await head.problem())["detail"] == "the service is stopping; try again"
        assert (await body.problem())["detail"] == "the service is stopping; try again"
        served.released.set()
        status, headers, _ = await whole.answer()
        assert (status, headers["connection"]) == (200, "close")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
