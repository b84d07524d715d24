"""docs/devices.md: its raw requests are answered as written when they are sent byte for byte."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.abuse.raw import Raw, request
from tests.api.clients import PASSWORD
from tests.docs.documents import ROOT, Block, blocks
from tests.processes import ServiceProcess

PAGE = ROOT / "docs" / "devices.md"
REQUESTS = [block for block in blocks(PAGE) if block.language == "http"]

PACKETS: dict[str, Callable[[bytes, bytes], list[bytes]]] = {
    "one-packet": lambda head, body: [head + body],
    "head-and-body": lambda head, body: [head, body],
    "byte-by-byte": lambda head, body: [bytes([byte]) for byte in head + body],
    "with-ctrl-z": lambda head, body: [head + body + b"\x1a"],
}
"""How a client sends a request: the packets of its head and its body."""


@dataclass(frozen=True)
class Target:
    """A running service, and the key of a device."""

    service: ServiceProcess
    key: str


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with (
        ServiceProcess(tmp_path_factory.mktemp("devices") / "data") as service,
        httpx.Client(base_url=f"{service.base_url}/api/v1", trust_env=False) as client,
    ):
        account = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
        client.post("/auth/register", json=account).raise_for_status()
        login = client.post("/auth/login", json={"username": "ada", "password": PASSWORD}).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        device = client.post("/devices/register", json={"name": "probe", "device_type": "sensor"}).raise_for_status()
        yield Target(service, device.json()["device"]["api_key"])


@pytest.mark.parametrize("block", REQUESTS, ids=lambda block: f"line {block.line}")
def test_raw_requests(target: Target, block: Block) -> None:
    status, packets = block.info.split()
    head, body = (part.encode() for part in block.text.removesuffix("\n").split("\n\n", 1))
    lines = head.replace(b"$KEY", target.key.encode()).split(b"\n")
    fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
    assert int(fields[b"content-length"]) == len(body), block.place
    with Raw(target.service) as raw:
        answer = raw.send(*PACKETS[packets](b"\r\n".join([*lines, b"", b""]), body)).answer()
        assert answer.status == int(status), f"{block.place}: {answer}"
        if answer.status < 300:
            assert answer.json()["accepted"] >= 1
            assert "rejected" not in answer.json() or answer.json()["rejected"] == 0
        if lines[0].endswith(b"HTTP/1.0") or fields.get(b"connection") == b"close":
            assert raw.rest() == b""


def test_a_compressed_batch_of_telegraf_comes_in_chunks(target: Target) -> None:
    fields = (
        "User-Agent: Telegraf/1.36.0 Go/1.25.0",
        "Transfer-Encoding: chunked",
        "Content-Encoding: gzip",
        "Content-Type: application/json",
        f"X-Api-Key: {target.key}",
        "Accept-Encoding: gzip",
    )
    body = gzip.compress(b'[{"data":{"mem.used_percent":41.2},"timestamp":1764100000}]')
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:-8], body[-8:], b"")]
    with Raw(target.service) as raw:
        answer = raw.send(request("POST", "/api/v1/telemetry/batch", *fields), *chunks).answer()
    assert (answer.status, answer.json()["accepted"]) == (200, 1)
