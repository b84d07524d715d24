"""Answers compressed by gzip, for clients that accept it."""

import asyncio
import gzip as gzip_module
import random

import httpx
import pytest

from iotflow.api import compression
from iotflow.concurrency import time_slices
from tests.api.clients import DeviceClient, UserClient
from tests.api.service import API, Service

ACCEPTING = ("gzip", "x-gzip", "deflate, GZIP;q=0.1", "*", "br, *;q=0.5", "gzip, identity;q=0.5")
OTHERS = (
    "",
    "identity",
    "br",
    "gzip;q=0",
    "x-gzip;q=0.0, *",
    "*;q=0",
    "gzip;q=0.5, identity",
    "gzip;q=x",
    "gzip" + "," * 2_000,
)


async def _get(service: Service, path: str, caller: UserClient, accepted: str) -> httpx.Response:
    """Send a request whose only header about encodings is this one, empty for none."""
    async with service.client(root="") as client:
        client.headers.pop("Accept-Encoding")
        encodings = {"Accept-Encoding": accepted} if accepted else {}
        return await client.get(path, headers={**caller.headers, **encodings})


@pytest.fixture
async def page(device: DeviceClient) -> str:
    """The path of a page of some 16 KiB."""
    records = [{"timestamp": second, "data": {"temperature": second / 7}} for second in range(200)]
    await device.post("/telemetry/batch", records)
    return f"{API}/telemetry/{device.id}?start_time=0"


async def test_a_client_that_accepts_gzip_gets_less(service: Service, ada: UserClient, page: str) -> None:
    plain = await _get(service, page, ada, "")
    for accepted in ACCEPTING:
        answer = await _get(service, page, ada, accepted)
        assert answer.headers["Content-Encoding"] == "gzip", accepted
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert int(answer.headers["Content-Length"]) < len(plain.content) / 3
        assert answer.content == plain.content


async def test_other_clients_answers_are_not_compressed(service: Service, ada: UserClient, page: str) -> None:
    for accepted in OTHERS:
        answer = await _get(service, page, ada, accepted)
        assert "Content-Encoding" not in answer.headers, accepted
        assert int(answer.headers["Content-Length"]) == len(answer.content) > 10_000
        assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status", "compressed"),
    [
        ("/openapi.json", 200, True),
        ("/redoc.js", 200, True),
        (f"{API}/groups?{'&'.join(f'unknown{n}=1' for n in range(50))}", 422, True),
        (f"{API}/groups?unknown=1", 422, False),
        (f"{API}/groups", 200, False),
        ("/static-offline-docs/favicon.png", 200, False),
        ("/static-offline-docs/swagger-ui.css", 200, False),
    ],
)
async def test_which_answers_are_compressed(
    service: Service, ada: UserClient, path: str, status: int, compressed: bool
) -> None:
    answer = await _get(service, path, ada, "gzip")
    assert (answer.status_code, "Content-Encoding" in answer.headers) == (status, compressed)
    assert answer.content == (await _get(service, path, ada, "")).content or status == 422


async def test_a_large_body_is_compressed_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_S", 0)
    body = random.Random(1).randbytes(20 * compression.PIECE_BYTES)
    steps = 0

    async def count_steps() -> None:
        nonlocal steps
        while True:
            steps += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count_steps())
    assert gzip_module.decompress(await compression.gzip(body)) == body
    counter.cancel()
    assert steps > 20
