"""Limits per client and per worker."""

import logging

import pytest

from tests.server.conftest import LARGE, Peer, Served, serving

GET = b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
MIB = 2**20
SHARE = 9 * MIB // 8
"""Received bytes of one client, for a largest batch of 1 MiB."""
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


async def hold(served: Served, number: int, source: str = "127.0.0.1") -> list[Peer]:
    """Start `number` requests from this address that are in flight."""
    began = served.began
    peers = [(await served.connect(source)).send(GET) for _ in range(number)]
    await served.until(lambda: served.began == began + number)
    return peers


async def test_requests_in_flight_are_limited() -> None:
    async with serving(max_requests_in_flight=5) as served:
        held = await hold(served, 4)
        one_more = await served.connect()
        status, headers, body = await one_more.send(GET).answer()
        assert (status, headers["retry-after"], headers["content-type"]) == (503, "1", "application/problem+json")
        assert b"requests in flight: at most 4 of one client at a time" in body
        assert (await one_more.send(LIVE).answer())[0] == 200, "the connection stays usable for health checks"
        held += await hold(served, 1, "127.0.0.2")
        assert b"at most 5 at a time" in (await (await served.connect("127.0.0.3")).send(GET).answer())[2]
        served.released.set()
        assert [(await peer.answer())[0] for peer in held] == [200] * 5
        assert [(await peer.send(GET).answer())[0] for peer in held] == [200] * 5


async def test_a_trusted_proxy_has_no_limit_per_client() -> None:
    async with serving(max_requests_in_flight=5, trusted_proxies="127.0.0.1") as served:
        await hold(served, 5)
        assert (await (await served.connect()).send(GET).answer())[0] == 503


async def test_a_request_that_waits_for_its_client_is_not_in_flight() -> None:
    async with serving(max_requests_in_flight=2) as served:
        uploads = [(await served.connect()).send(POST % 5 + b"1") for _ in range(3)]
        await served.until(lambda: served.began == 3)
        readers = [(await served.connect()).send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" * 2) for _ in range(2)]
        await served.until(lambda: served.server.server_state.total_requests == 2)
        (held,) = await hold(served, 1)
        problem = await uploads[0].send(b"2345").problem()
        assert problem["detail"].startswith("requests in flight: at most 1 of one client")
        served.released.set()
        await held.answer()
        assert (await uploads[1].send(b"2345").answer())[2] == b"12345"
        for reader in readers:
            reader.reset()


async def test_connections_are_limited() -> None:
    async with serving(max_connections=8) as served:
        own = [await served.connect() for _ in range(2)]
        refused = await served.connect()
        status, headers, body = await refused.answer()
        assert (status, headers["connection"], headers["retry-after"]) == (503, "close", "1")
        assert b"open connections: at most 2 of one client at a time" in body
        refused.writer.write(LIVE)
        assert await refused.rest() == b""
        others = [await served.connect(f"127.0.0.{host}") for host in (2, 2, 3, 3, 4, 4)]
        assert b"at most 8 at a time" in (await (await served.connect("127.0.0.5")).answer())[2]
        for peer in (*own, *others):
            assert (await peer.send(LIVE).answer())[0] == 200
        await own[0].leave()
        await served.until(lambda: len(served.server.server_state.connections) < 8)
        assert (await (await served.connect()).send(LIVE).answer())[0] == 200


async def test_received_bytes_are_limited() -> None:
    async with serving(max_batch_bytes=MIB, max_body_bytes=MIB) as served:
        received = served.config.limits.received
        first = (await served.connect()).send(POST % MIB + bytes(MIB - 1))
        await served.until(lambda: received.refusal_for("127.0.0.1", SHARE // 2) is not None)
        second = (await served.connect()).send(POST % MIB + bytes(MIB - 1))
        assert "bytes of requests being received" in (await second.problem())["detail"]
        small = await served.connect()
        assert (await small.send(POST % 4_000 + bytes(4_000)).answer())[0] == 200, "small requests do not count"
        other = (await served.connect("127.0.0.2")).send(POST % MIB + bytes(MIB))
        assert (await other.answer())[0] == 200
        assert len((await first.send(b"1").answer())[2]) == MIB
        await served.until(lambda: received.refusal_for("127.0.0.1", SHARE) is None)


async def test_incomplete_heads_and_pipelined_requests_count_as_received() -> None:
    async with serving() as served:
        received = served.config.limits.received
        share = SHARE * 16
        head = (await served.connect()).send(b"GET / HTTP/1.1\r\nx: " + b"x" * 60_000)
        await served.until(lambda: received.refusal_for("127.0.0.1", share - 50_000) is not None)
        pipelined = (await served.connect()).send(GET + LIVE * 3_000)
        await served.until(lambda: received.refusal_for("127.0.0.1", share - 110_000) is not None)
        served.released.set()
        assert [(await pipelined.answer())[0] for _ in range(3_001)] == [200] * 3_001
        head.reset()
        await served.until(lambda: received.refusal_for("127.0.0.1", share) is None)


async def test_unread_responses_are_limited() -> None:
    async with serving() as served:
        readers: list[Peer] = []
        while served.config.limits.unread.refusal_for("127.0.0.1") is None:
            readers.append((await served.connect()).send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"))
            await served.until(lambda: served.server.server_state.total_requests == len(readers))
        refused = await served.connect()
        assert b"bytes of answers being read" in (await refused.send(GET).answer())[2]
        assert (await refused.send(LIVE).answer())[0] == 200
        assert [len((await reader.answer())[2]) for reader in readers] == [LARGE] * len(readers)
        served.released.set()
        assert (await refused.send(GET).answer())[0] == 200


async def test_a_line_is_logged_when_a_limit_is_met(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(max_requests_in_flight=1) as served:
        await hold(served, 1)
        for _ in range(5):
            await (await served.connect()).send(GET).answer()
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert lines == ["limit met: requests in flight: 1 in a worker, 1 of one client; by 127.0.0.1; times=1"]
