"""Content types, content encodings and size limits of bodies."""

import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from iotflow.settings import Settings
from tests.api.bad_input import JSON, Scenario, fields_of
from tests.api.clients import ADMIN, DeviceClient, UserClient, login, new_device
from tests.api.service import run_service, with_changes
from tests.clock import FakeClock

MiB = 2**20


JSON_TYPES = ["application/json", "application/senml+json", "text/json", "Text/JSON; charset=UTF-8"]
OTHER_TYPES = ["", "text/plain", "application/+json", "application/jsonp", "json", "multipart/form-data; boundary=x"]
LISTED_TYPES = [
    ("/telemetry", "application/json, application/*+json or text/json"),
    ("/telemetry/batch", "text/json, application/x-ndjson, application/ndjson or application/jsonl"),
    ("/auth/token", "send application/x-www-form-urlencoded"),
]


@pytest.mark.parametrize("content_type", OTHER_TYPES)
async def test_other_content_types_are_refused(scenario: Scenario, content_type: str) -> None:
    request: dict[str, Any] = {"content": b'{"data": {"a": 1}}', "headers": {"Content-Type": content_type}}
    for path, listed in LISTED_TYPES:
        problem = await scenario.callers["device"].refused(415, "POST", path, **request)
        assert listed in problem["detail"]


@pytest.mark.parametrize("content_type", JSON_TYPES)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
async def test_json_may_have_another_type_and_a_byte_order_mark(
    ada: UserClient, device: DeviceClient, content_type: str, mark: bytes
) -> None:
    headers = {"Content-Type": content_type}
    record = b'{"data": {"a": 1}, "timestamp": 1}'
    await device.post("/telemetry", content=mark + record, headers=headers)
    answer = await device.post("/telemetry/batch", content=mark + b"[" + record + b"]", headers=headers)
    assert answer["accepted"] == 1
    await ada.post("/groups", content=mark + json.dumps({"name": content_type}).encode(), headers=headers)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x", "identity, gzip"])
@pytest.mark.parametrize("path", ["/telemetry", "/telemetry/batch"])
async def test_other_encodings_than_gzip_are_refused(scenario: Scenario, path: str, encoding: str) -> None:
    headers = JSON | {"Content-Encoding": encoding}
    answer = await scenario.callers["device"].send("POST", path, content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip, x-gzip")
    assert "gzip, x-gzip or an unencoded body" in answer.json()["detail"]


async def test_routes_without_telemetry_take_no_encoding(scenario: Scenario) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}
    answer = await scenario.callers["ada"].send("POST", "/groups", content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.json()["detail"].endswith("send an unencoded body")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "X-GZip", "identity", ""])
async def test_a_record_may_be_compressed(device: DeviceClient, encoding: str) -> None:
    plain = b'\xef\xbb\xbf{"data": {"a": 1}}'
    content = gzip.compress(plain) if "gzip" in encoding.lower() else plain
    answer = await device.post("/telemetry", content=content, headers=JSON | {"Content-Encoding": encoding})
    assert answer["accepted"] == 1


def pieces(content: bytes, size: int = 65_536) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


async def in_pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for piece in pieces(content, size):
        yield piece


async def test_bodies_at_and_over_the_limit(device: DeviceClient) -> None:
    record = b'{"data": {"a": 1}}'.ljust(MiB)
    batch = b'[{"data": {"a": 1}, "timestamp": 1}]'.ljust(16 * MiB)
    packed = JSON | {"Content-Encoding": "gzip"}
    for path, body, success in (("/telemetry", record, 201), ("/telemetry/batch", batch, 200)):
        for content, status in ((body, success), (body + b" ", 413)):
            assert (await device.send("POST", path, content=content, headers=JSON)).status_code == status
            answer = await device.send("POST", path, content=gzip.compress(content, 1), headers=packed)
            assert answer.status_code == status
        assert (await device.send("POST", path, content=in_pieces(body + b" "), headers=JSON)).status_code == 413


async def test_limits_are_settings(settings: Settings, clock: FakeClock) -> None:
    small = with_changes(settings, max_body_bytes=1_024, max_batch_bytes=2_048)
    async with run_service(small, clock) as service, service.client() as client:
        device = await new_device(await login(client, ADMIN))
        record = json.dumps({"data": {"a": 1}, "timestamp": 1}).encode()
        assert (await device.send("POST", "/telemetry", content=record.ljust(1_025), headers=JSON)).status_code == 413
        batch = b"[" + record + b"]"
        for size, status in ((2_048, 200), (2_049, 413)):
            answer = await device.send("POST", "/telemetry/batch", content=batch.ljust(size), headers=JSON)
            assert answer.status_code == status


async def test_a_gzip_bomb_is_decompressed_up_to_the_limit_only(settings: Settings, clock: FakeClock) -> None:
    bomb = gzip.compress(bytes(100 * MiB), 9)
    assert len(bomb) < 110_000
    limited = with_changes(settings, max_batch_bytes=MiB)
    async with run_service(limited, clock) as service, service.client() as client:
        device = await new_device(await login(client, ADMIN))
        headers = JSON | {"Content-Encoding": "gzip"}
        tracemalloc.start()
        try:
            for path in ("/telemetry", "/telemetry/batch"):
                await device.refused(413, "POST", path, content=bomb, headers=headers)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 8 * MiB


async def test_compressed_bytes_count_too(settings: Settings, clock: FakeClock) -> None:
    """Any number of empty gzip members decompresses to nothing."""
    limited = with_changes(settings, max_batch_bytes=4_096)
    async with run_service(limited, clock) as service, service.client() as client:
        device = await new_device(await login(client, ADMIN))
        headers = JSON | {"Content-Encoding": "gzip"}
        empty = gzip.compress(b"") * 300

        async def endless() -> AsyncIterator[bytes]:
            for piece in pieces(empty, 512):
                yield piece

        for content in (empty, endless()):
            await device.refused(413, "POST", "/telemetry/batch", content=content, headers=headers)


async def test_gzip(device: DeviceClient) -> None:
    records = [{"data": {"a": number}, "timestamp": number} for number in range(1, 4)]
    plain = json.dumps(records).encode()
    whole = gzip.compress(plain)
    good = {
        "one member": whole,
        "two members": gzip.compress(plain[:20]) + gzip.compress(plain[20:]),
        "an empty member": gzip.compress(b"") + whole + gzip.compress(b""),
        "with a name": b"\x1f\x8b\x08\x08" + whole[4:10] + b"records.json\x00" + whole[10:],
    }
    bad = {
        "cut short": whole[:-1],
        "cut to the header": whole[:10],
        "empty": b" ",
        "not packed": plain,
        "a broken checksum": whole[:-8] + b"\x00" * 8,
        "broken inside": whole[:20] + b"\xff\xff\xff" + whole[23:],
        "garbage after it": whole + b"garbage",
        "a second member cut short": whole + whole[:15],
        "packed twice": gzip.compress(whole),
    }
    for size in (1, 7, 65_536):
        for what, packed in good.items():
            answer = await device.post(
                "/telemetry/batch", content=in_pieces(packed, size), headers=JSON | {"Content-Encoding": "GZip"}
            )
            assert answer == {"accepted": 3, "rejected": 0, "merged": 0, "errors": []}, what
        for what, packed in bad.items():
            answer = await device.send(
                "POST", "/telemetry/batch", content=in_pieces(packed, size), headers=JSON | {"Content-Encoding": "gzip"}
            )
            assert fields_of(answer) == ["body"], what
