"""Silent, slow, unfinished and very many connections to a service process."""

import asyncio
import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.abuse.harm import MIB, memory, unharmed
from tests.abuse.raw import Raw, request
from tests.processes import ServiceProcess
from tests.waiting import wait_until

LIVE = request("GET", "/health/live")
LOGIN = request("POST", "/api/v1/auth/login", body=b'{"username": "nobody", "password": "wrong password"}')
ATTACKER = "127.0.0.2"
SILENT = 5_000
"""The number of silent connections: more than one client may have by default."""
CLOSED_WITHIN_S = 25.0
TAKES_EFFECT_WITHIN_S = 30.0
SERVES_AGAIN_WITHIN_S = 1.0
DESCRIPTORS = 100
IDLE = 10_000
SLOW = 200
ASKED = 200
WATCHED_S = 2.0
"""How long another client is measured while an attack goes on."""


@pytest.fixture(autouse=True)
def _descriptors() -> Iterator[None]:
    """Raise the test process's limit on file descriptors to its hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + SLOW + 1_000:
        pytest.skip(f"the system allows a process {hard} file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def open_connections(
    service: ServiceProcess, number: int, *sources: str, first: bytes = b""
) -> Iterator[list[socket.socket]]:
    """Open this number of connections, from these addresses in turn, and send `first` on each."""
    peers: list[socket.socket] = []
    try:
        for index in range(number):
            source = (sources[index % len(sources)], 0)
            peers.append(socket.create_connection(("127.0.0.1", service.port), 30, source))
            peers[-1].sendall(first)
        yield peers
    finally:
        for peer in peers:
            peer.close()


def check_alive(peer: socket.socket) -> None:
    """Check that the next answer is that of `LIVE`."""
    received = b""
    while b'"alive"}' not in received:
        more = peer.recv(65_536)
        assert more, received
        received += more
    assert received.startswith(b"HTTP/1.1 200 OK")


def wait_until_closed(peers: list[socket.socket], seconds: float) -> None:
    """Wait until the service has closed all of these. Raises TimeoutError after this number of seconds."""
    deadline = time.monotonic() + seconds
    for peer in peers:
        peer.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            while peer.recv(65_536):
                pass
        except ConnectionResetError:
            pass


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a"], ids=["silent", "half-sent"])
async def test_connections_without_a_complete_request(service: ServiceProcess, sent: bytes) -> None:
    async with unharmed(service, memory_mib=128):
        with open_connections(service, SILENT, ATTACKER, first=sent) as peers:
            await wait_until(lambda: _logs(service, f"of one client; by {ATTACKER}"), TAKES_EFFECT_WITHIN_S)
            with Raw(service, source=ATTACKER) as refused:
                answer = refused.answer()
                assert (answer.status, answer.headers["connection"]) == (503, "close")
                assert "open connections: at most" in answer.json()["detail"]
            await asyncio.to_thread(wait_until_closed, peers, CLOSED_WITHIN_S)
    assert f"of one client; by {ATTACKER}; times=1" in service.log()


async def test_descriptors_that_run_out(embedded: ServiceProcess) -> None:
    service = embedded.start()
    limits = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, limits[1]))
    with open_connections(service, 3 * DESCRIPTORS, ATTACKER):
        await wait_until(lambda: _has_no_descriptor_left(service), TAKES_EFFECT_WITHIN_S)
    await wait_until(lambda: _serves(service), SERVES_AGAIN_WITHIN_S)


async def test_ten_thousand_idle_connections_and_two_hundred_slow_ones(embedded: ServiceProcess) -> None:
    service = embedded.start()
    alone_s = _median(service)
    before = memory(service, "VmRSS")
    sources = [f"127.0.0.{host}" for host in range(2, 12)]
    with open_connections(service, IDLE, *sources, first=LIVE) as idle:
        for peer in idle:
            check_alive(peer)
        with open_connections(service, SLOW, *sources) as slow:
            beside_s = _median(service, trickle=slow)
            held = memory(service, "VmRSS") - before
            print(f"median {alone_s * 1e3:.2f} ms alone, {beside_s * 1e3:.2f} ms beside them; {held / MIB:.0f} MiB")
            for peer in idle[:: IDLE // 100]:
                peer.sendall(LIVE)
                check_alive(peer)
    assert beside_s < 2 * alone_s + 0.002
    assert held < 256 * MIB
    assert service.stop() == 0
    assert "limit met" not in service.log()


HASHING_MIB = 20
"""Memory of one password verification (`services/passwords.py`), which another client's login takes at that time."""


async def test_bodies_that_never_end(service: ServiceProcess) -> None:
    upload = request("POST", "/api/v1/auth/register", "Content-Type: application/json", f"Content-Length: {MIB}")
    statuses: list[int] = []
    async with unharmed(service, memory_mib=64 + HASHING_MIB):
        with open_connections(service, 300, ATTACKER, first=upload) as peers:
            await asyncio.to_thread(_send_to_all, peers, b" " * (MIB // 2 - 1))
            await wait_until(lambda: _are_answered(peers, 201), TAKES_EFFECT_WITHIN_S)
            with Raw(service, source=ATTACKER) as raw:
                assert raw.send(LOGIN).answer().status == 401, "a small request needs no place"
            for peer in peers:
                peer.setblocking(False)
                with suppress(BlockingIOError, ConnectionResetError):
                    statuses.append(int(peer.recv(65_536).split()[1]))
    assert set(statuses) <= {429, 503}, "too many registrations, or too many bytes"
    assert len(statuses) > 200


async def test_requests_piled_up_behind_a_slow_one(service: ServiceProcess) -> None:
    async with unharmed(service, memory_mib=64):
        with open_connections(service, 20, ATTACKER, first=LOGIN) as peers:
            await asyncio.to_thread(_send_to_all, peers, b"GET /health/live HTTP/1.1\r\n\r\n" * 100_000)
            await wait_until(lambda: _are_answered(peers, len(peers)), TAKES_EFFECT_WITHIN_S)
            await asyncio.sleep(WATCHED_S)


async def test_pipelining_beyond_the_limit_loses_no_answer(embedded: ServiceProcess) -> None:
    with Raw(embedded.start()) as raw:
        sending = asyncio.create_task(asyncio.to_thread(raw.send, LOGIN + LIVE * 10_000))
        answers = await asyncio.to_thread(lambda: [raw.answer().status for _ in range(10_001)])
        await sending
    assert answers == [401] + [200] * 10_000


async def _logs(service: ServiceProcess, text: str) -> bool:
    return text in service.log()


async def _serves(service: ServiceProcess) -> bool:
    """Return whether a new connection is served. It is closed while the service has not noticed that others left."""
    with Raw(service) as raw, suppress(ConnectionError):
        return raw.send(LIVE).answer().status == 200
    return False


async def _has_no_descriptor_left(service: ServiceProcess) -> bool:
    return _open_descriptors(service) >= DESCRIPTORS


def _open_descriptors(service: ServiceProcess) -> int:
    return len(list(Path(f"/proc/{service.pid}/fd").iterdir()))


async def _are_answered(peers: list[socket.socket], at_least: int) -> bool:
    """Return whether this number of peers has an answer to read, or is closed."""
    poll = select.poll()
    for peer in peers:
        poll.register(peer, select.POLLIN)
    return len(poll.poll(0)) >= at_least


def _send_to_all(peers: list[socket.socket], data: bytes) -> None:
    """Send the data to each peer twice, as far as its buffer takes it."""
    for _ in range(2):
        for peer in peers:
            peer.setblocking(False)
            with suppress(BlockingIOError, ConnectionResetError, BrokenPipeError):
                peer.send(data)


def _median(service: ServiceProcess, trickle: list[socket.socket] | None = None) -> float:
    """Return the median time of an answer to a separate client, while each of `trickle` sends single bytes."""
    head = b"GET / HTTP/1.1\r\nX: " + b"x" * ASKED
    times = []
    with httpx.Client(base_url=service.base_url, trust_env=False) as client:
        for index in range(ASKED):
            for peer in trickle or []:
                if index % 20 == 0:
                    peer.sendall(head[index // 20 : index // 20 + 1])
            began = time.perf_counter()
            client.get("/health/live").raise_for_status()
            times.append(time.perf_counter() - began)
            time.sleep(0.01)
    return sorted(times)[len(times) // 2]
