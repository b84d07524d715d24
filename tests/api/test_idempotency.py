"""Submissions that are repeated with their `Idempotency-Key`."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from tests.api.bad_input import JSON, fields_of
from tests.api.clients import DeviceClient, UserClient, new_device
from tests.clock import FakeClock

BODY = {"data": {"t": 1, "u": None}, "metadata": {"run": 7}}


async def send(device: DeviceClient, key: str, body: object = BODY) -> Any:
    """Submit a record with this key."""
    return await device.post("/telemetry", body, headers={"Idempotency-Key": key})


async def times(device: DeviceClient) -> list[str]:
    """Return the times of all records, oldest first."""
    page = await device.get(f"/telemetry/{device.id}", start_time=0, order="asc")
    return [record["timestamp"] for record in page["data"]]


async def test_a_repeat_is_answered_as_the_first_and_stored_once(device: DeviceClient, clock: FakeClock) -> None:
    answer = await send(device, "a")
    assert (answer["accepted"], answer["ignored"]) == (1, ["u"])
    clock.advance(3_600)
    assert await send(device, "a") == answer
    assert await times(device) == [answer["timestamp"]]


async def test_concurrent_repeats_store_one_record_and_count_one_message(
    device: DeviceClient, admin: UserClient
) -> None:
    answers = await asyncio.gather(*(send(device, "a") for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)
    assert await times(device) == [answers[0]["timestamp"]]
    assert (await admin.get("/admin/stats"))["telemetry"]["points_last_hour"] == 1


async def test_the_layout_of_the_json_does_not_count(device: DeviceClient, clock: FakeClock) -> None:
    first = await send(device, "a", {"data": {"t": 1, "h": 2}, "timestamp": 1})
    clock.advance(1)
    body = b'\xef\xbb\xbf{"timestamp": "1970-01-01T00:00:01Z", "data": {"h" :2, "t": 1}}'
    headers = JSON | {"Idempotency-Key": "a", "Content-Encoding": "gzip"}
    assert await device.post("/telemetry", content=gzip.compress(body), headers=headers) == first


@pytest.mark.parametrize(
    "other",
    [
        {"data": {"t": 1.0, "u": None}, "metadata": {"run": 7}},
        {"data": {"t": 1}, "metadata": {"run": 7}},
        {"data": {"t": True, "u": None}, "metadata": {"run": 7}},
        {"data": {"t": 1, "u": None}, "metadata": {"run": 8}},
        {"data": {"t": 1, "u": None}},
        {**BODY, "timestamp": "2026-03-01T12:00:00Z"},
    ],
)
async def test_another_body_is_refused(device: DeviceClient, other: object) -> None:
    answer = await send(device, "a")
    problem = await device.refused(422, "POST", "/telemetry", other, headers={"Idempotency-Key": "a"})
    assert [error["loc"] for error in problem["errors"]] == [["header", "Idempotency-Key"]]
    assert "another body" in problem["detail"]
    assert await times(device) == [answer["timestamp"]]
    assert await send(device, "a") == answer


async def test_keys_and_devices_are_separate(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    other = await new_device(ada, "other")
    for sender, key in ((device, "a"), (device, "A"), (other, "a")):
        clock.advance(1)
        await send(sender, key)
    assert (len(await times(device)), len(await times(other))) == (2, 1)


@pytest.mark.parametrize("wrong", [{"data": {"t": None}}, {"data": {"t": 1}, "timestamp": "2027-01-01T00:00:00Z"}])
async def test_a_refused_submission_leaves_its_key_free(device: DeviceClient, wrong: object) -> None:
    await device.refused(422, "POST", "/telemetry", wrong, headers={"Idempotency-Key": "a"})
    await send(device, "a")


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "é", "a\tb", "\x7f"])
async def test_other_keys_than_1_to_128_visible_characters_are_refused(device: DeviceClient, key: str) -> None:
    content = json.dumps(BODY)
    headers = JSON | {"Idempotency-Key": key.encode()}
    answer = await device.send("POST", "/telemetry", content=content, headers=headers)
    assert fields_of(answer) == ["header.Idempotency-Key"]
    assert "1 to 128 visible ASCII characters" in answer.json()["detail"]
    assert await times(device) == []


async def test_the_longest_key(device: DeviceClient) -> None:
    key = "!~" * 64
    assert await send(device, key) == await send(device, key)
