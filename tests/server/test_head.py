"""HEAD over raw connections: not a byte of a body, so that the next response begins where the client expects it."""

import pytest

from tests.server.conftest import LARGE, Served

REQUEST = b"%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n"


@pytest.mark.parametrize(
    ("path", "status", "length"), [(b"/health/live", 200, 5), (b"/large", 200, LARGE), (b"/nowhere", 404, 0)]
)
@pytest.mark.parametrize("pipelined", [False, True])
async def test_head_has_the_headers_of_get_and_no_body(
    served: Served, path: bytes, status: int, length: int, pipelined: bool
) -> None:
    peer = await served.connect()
    head, live = REQUEST % (b"HEAD", path, b""), REQUEST % (b"GET", b"/health/live", b"")
    peer.send(head + live if pipelined else head)
    lines = (await peer.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    assert int(lines[0].split()[1]) == status
    assert int(headers["content-length"]) == length or status == 404
    assert "transfer-encoding" not in headers
    if not pipelined:
        peer.send(live)
    assert (await peer.answer())[2] == b"alive"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_nothing_follows_the_head_on_a_connection_that_closes(served: Served, version: bytes) -> None:
    request = (REQUEST % (b"HEAD", b"/large", b"Connection: close\r\n")).replace(b"HTTP/1.1", b"HTTP/" + version)
    answer = await (await served.connect()).send(request).rest()
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")
    assert answer.count(b"\r\n\r\n") == 1


async def test_a_read_by_head_is_cancelled_when_its_client_leaves(served: Served) -> None:
    peer = (await served.connect()).send(REQUEST % (b"HEAD", b"/held", b""))
    await served.until(lambda: served.began == 1)
    peer.reset()
    await served.until(lambda: served.cancelled == 1)


async def test_a_refused_head_has_no_body(served: Served) -> None:
    answer = await (await served.connect()).send(b"HEAD / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000).rest()
    assert answer.startswith(b"HTTP/1.1 431")
    assert answer.endswith(b"\r\n\r\n")
