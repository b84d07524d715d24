"""HTTPS: connections are counted and limited before the handshake."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from iotflow.server import tls
from tests.server.conftest import serving

LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Create a certificate of localhost and its key, in one file."""
    path = tmp_path / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1", "-out", path, "-keyout", path], check=True)
    return path


async def live(port: int, certificate: Path) -> bytes:
    """Send a request right after the handshake, trusting this certificate; return the response."""
    context = ssl.create_default_context(cafile=str(certificate))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(LIVE * 2)
    answers = b""
    async with asyncio.timeout(20):
        while answers.count(b"alive") < 2:
            answers += await reader.read(65_536)
    writer.close()
    await writer.wait_closed()
    return answers


async def test_requests_are_answered(certificate: Path) -> None:
    async with serving(certificate) as served:
        for answers in await asyncio.gather(*(live(served.port, certificate) for _ in range(10))):
            assert answers.count(b"200 OK") == 2
        await served.until(lambda: served.config.limits.connections.refusal_for("127.0.0.1", 3_000) is None)


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n"])
async def test_a_connection_without_a_handshake_is_counted_and_times_out(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(tls, "HEAD_TIMEOUT_S", 1.0)
    async with serving(certificate, max_connections=8) as served:
        silent = [(await served.connect()).send(sent) for _ in range(2)]
        if b"GET" not in sent:
            assert await (await served.connect()).rest() == b"", "the connection was not refused"
        for peer in silent:
            await peer.rest()
        await served.until(lambda: served.config.limits.connections.refusal_for("127.0.0.1", 2) is None)
        assert (await live(served.port, certificate)).count(b"200 OK") == 2
