"""Batches that are small to send and large to decode, to store or to answer."""

import gzip
import itertools
import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.abuse.harm import MIB, unharmed
from tests.api.clients import DeviceClient, UserClient
from tests.processes import ServiceProcess

LIMIT = 16 * MIB
JSON = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
NDJSON = {"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}
UNREADABLE = b'{"data": {"' + b"n" * 32_768 + b'": [' + b",".join([b"NaN"] * 8_000) + b"]}}"

BAD_LINES = {
    "a long name above many unreadable numbers": UNREADABLE,
    "null characters": b'{"timestamp": 1, "data": {"a": [' + b'"\\u0000",' * 7_000 + b"1]}}",
    "fewer null characters": b'{"timestamp": 1, "data": {"a": [' + b'"\\u0000",' * 1_700 + b"1]}}",
    "130 nulls": b'{"timestamp":1,"data":{' + b",".join(b'"n%03d":null' % n for n in range(130)) + b"}}",
    "85,000 unknown fields": b"{" + b",".join(b'"x%06d":1' % n for n in range(85_000)) + b"}",
    "68,000 names": b'{"data": {' + b",".join(b'"x%06d":null' % n for n in range(68_000)) + b"}}",
    "brackets": b"[" * 30_000 + b"NaN" + b"]" * 30_000,
    "unreadable numbers in 900 levels": b"[" * 900 + b"NaN," * 3_500 + b"1" + b"]" * 900,
    "backslashes": b'"' + b"\\" * (MIB - 2) + b'"',
    "backslashes and a null character": b'"' + b"\\" * (MIB - 12) + b'\\u0000"',
    "one line": b'"' + b"\\" * (LIMIT - 3) + b'"',
}


def filled(line: bytes) -> bytes:
    """Repeat this line up to the size limit of a batch."""
    return (line + b"\n") * min(10_000, LIMIT // len(line + b"\n") or 1)


def array(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


async def test_a_record_of_a_long_name_above_many_unreadable_numbers(
    service: ServiceProcess, device: DeviceClient
) -> None:
    body = gzip.compress(UNREADABLE)
    async with unharmed(service):
        answer = await device.send("POST", "/telemetry/batch", content=body, headers=NDJSON)
    assert answer.status_code == 200
    assert len(answer.content) < 1_000


async def test_bad_records(service: ServiceProcess, device: DeviceClient) -> None:
    bodies = {what: gzip.compress(filled(line), 1) for what, line in BAD_LINES.items()}
    answers = {}
    async with unharmed(service, memory_mib=128):
        for what, body in bodies.items():
            answers[what] = await device.send("POST", "/telemetry/batch", content=body, headers=NDJSON)
    for what, answer in answers.items():
        assert answer.status_code == 200, what
        listed = answer.json()["errors"]
        assert len(listed) == filled(BAD_LINES[what]).count(b"\n"), what
        assert all(len(error["detail"]) <= 300 for error in listed), what


NOTHING_GOOD: dict[str, tuple[bytes, int]] = {
    "8 million items": (array(itertools.repeat(b"1", LIMIT // 2 - 1)), 413),
    "items without an end": (b"[" + b"[]," * (LIMIT // 3 - 2), 413),
    "an item without an end": (b"[[" + b"1," * (LIMIT // 2 - 2), 422),
    "spaces": (b" " * LIMIT, 422),
    "a text of backslashes": (b'"' + b"\\" * (LIMIT - 2) + b'"', 422),
    "an object of a million names": (b"{" + b'"a":1,' * (LIMIT // 6 - 2) + b'"a":1}', 422),
    "8 million brackets": (b"[" * (LIMIT // 2) + b"]" * (LIMIT // 2), 422),
    "no UTF-8": (array(itertools.repeat(b'"' + b"\xff" * 60_000 + b'"', 250)), 422),
    "numbers too large": (array(itertools.repeat(array(itertools.repeat(b"1e400", 5_000)), 500)), 422),
    "digits": (array([b"9" * (LIMIT - 2)]), 200),
    "an item of empty arrays": (array([array(itertools.repeat(b"[]", LIMIT // 3 - 2))]), 200),
    "items of backslashes": (array(itertools.repeat(b'"' + b"\\" * (MIB - 10) + b'"', 15)), 200),
}


async def test_arrays_without_a_valid_record(service: ServiceProcess, device: DeviceClient) -> None:
    bodies = {what: gzip.compress(body, 1) for what, (body, _) in NOTHING_GOOD.items()}
    answers = {}
    async with unharmed(service, memory_mib=128):
        for what, body in bodies.items():
            answers[what] = await device.send("POST", "/telemetry/batch", content=body, headers=JSON)
    for what, (_, status) in NOTHING_GOOD.items():
        assert (what, answers[what].status_code) == (what, status)
        assert len(answers[what].content) < 20_000
    assert (await device.send("GET", f"/telemetry/{device.id}/latest")).status_code == 404


async def test_records_of_a_mebibyte(service: ServiceProcess, device: DeviceClient) -> None:
    """An array of 350,000 empty arrays, the slowest to decode."""
    record = array(itertools.repeat(b"[]", MIB // 3 - 2))
    body = gzip.compress(array(itertools.repeat(record, 15)), 1)
    async with unharmed(service, memory_mib=128):
        answer = await device.post("/telemetry/batch", content=body, headers=JSON)
    assert (answer["accepted"], answer["rejected"]) == (0, 15)


def _records(count: int, values: int, metadata: str = "") -> bytes:
    data = ",".join(f'"n{name}":1' for name in range(values)) + metadata
    return array(b'{"timestamp":%d,"data":{%s}}' % (time, data.encode()) for time in range(1, count + 1))


GOOD: dict[str, bytes] = {
    "10,000 records": _records(10_000, 1),
    "1.6 million values": _records(6_250, 256),
    "metadata": _records(10_000, 1, '},"metadata":{"m":[' + "[]," * 500 + "[]]"),
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD.keys())
async def test_large_batches_are_stored(
    service: ServiceProcess, ada: UserClient, device: DeviceClient, body: bytes
) -> None:
    sent: list[dict[str, Any]] = json.loads(body)
    async with unharmed(service, memory_mib=128):
        answer = await device.post("/telemetry/batch", content=gzip.compress(body, 1), headers=JSON)
    assert answer == {"accepted": len(sent), "rejected": 0, "merged": 0, "errors": []}
    latest = await ada.get(f"/telemetry/{device.id}/latest")
    assert latest["latest_data"].keys() == sent[-1]["data"].keys()
