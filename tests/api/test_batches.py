"""Batches of records, from a device and on its behalf."""

import gzip
import json
from typing import Any

import pytest

from tests.api.clients import DeviceClient, UserClient, new_device
from tests.clock import FakeClock

NDJSON = {"Content-Type": "application/x-ndjson"}
GOOD = [{"data": {"t": number}, "timestamp": number} for number in range(1, 6)]
MANY = [{"data": {"t": number}, "timestamp": number} for number in range(1, 10_002)]


async def values_of(reader: UserClient | DeviceClient, device: DeviceClient) -> list[Any]:
    """Return the stored values of `t`, oldest first."""
    answer = await reader.get(f"/telemetry/{device.id}", start_time=0, order="asc", limit=10_000)
    values = [record["measurements"]["t"] for record in answer["data"]]
    assert answer["next_cursor"] is None
    return values


def lines(*records: object) -> bytes:
    return b"\n".join(record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)


async def test_valid_records_are_stored_beside_invalid_ones(device: DeviceClient) -> None:
    bad: list[Any] = [
        {"data": {"t": 9}},
        {"data": {"t": 9}, "timestamp": "hunter2"},
        {"data": {}, "timestamp": 9},
        {"data": {"t": None}, "timestamp": 9},
        {"data": {"t": 2**63}, "timestamp": 9},
        {"data": {"t": "\0"}, "timestamp": 9},
        {"data": {"t": 9, "n\0": 9}, "timestamp": 9},
        {"data": {"t": 9}, "timestamp": 9, "metadata": {"a": ["\0"]}},
        {"data": {"t": 9}, "timestamp": 9, "typo": "hunter2"},
        {"data": {"t": 9}, "timestamp": "2026-03-01T12:05:00.001Z"},
        {"data": {"t": "x" * 4_097}, "timestamp": 9},
        "hunter2",
        None,
        7,
        [],
    ]
    mixed = [record for pair in zip(bad, GOOD * 3, strict=True) for record in pair]
    bodies: list[dict[str, Any]] = [{"json": mixed}, {"content": lines(*mixed), "headers": NDJSON}]
    for body in bodies:
        answer = await device.post("/telemetry/batch", **body)
        assert (answer["accepted"], answer["rejected"]) == (15, 15)
        assert [error["index"] for error in answer["errors"]] == list(range(0, 30, 2))
        assert all(error["detail"] for error in answer["errors"])
        assert "hunter2" not in json.dumps(answer)
        assert await values_of(device, device) == [1, 2, 3, 4, 5]
        await device.delete(f"/telemetry/{device.id}", start_time=0, stop_time="now")


async def test_details_name_the_field(device: DeviceClient) -> None:
    records = [{"data": {"a": 1}}, {"data": {"b": []}, "timestamp": 1}, {"data": {"c": "\0"}, "timestamp": 1}]
    answer = await device.post("/telemetry/batch", records)
    for error, field in zip(answer["errors"], ("timestamp", "data.b", "data.c"), strict=True):
        assert error["detail"].startswith(f"{field}: ")
    answer = await device.post("/telemetry/batch", content=b'{"data": {"a": NaN}, "timestamp": 1}\n{', headers=NDJSON)
    assert [error["detail"].partition(":")[0] for error in answer["errors"]] == ["data.a", "record"]


async def test_an_escaped_backslash_is_no_null_character(device: DeviceClient) -> None:
    text = "\\u0000 and \\\\u0000"
    await device.post("/telemetry", {"data": {"t": text}, "timestamp": 1})
    await device.post(
        "/telemetry/batch", [{"data": {"t": text}, "timestamp": 2}, {"data": {"t": "\0"}, "timestamp": 3}]
    )
    assert await values_of(device, device) == [text, text]


async def test_ndjson_lines(device: DeviceClient) -> None:
    body = lines(b"", GOOD[0], b"  \r", GOOD[1], b"{", b'{"data": {"t": NaN}, "timestamp": 9}', b'"\xff"', GOOD[2], b"")
    answer = await device.post("/telemetry/batch", content=body.replace(b"\n", b"\r\n"), headers=NDJSON)
    assert (answer["accepted"], answer["rejected"]) == (3, 3)
    assert [error["index"] for error in answer["errors"]] == [2, 3, 4]
    assert await values_of(device, device) == [1, 2, 3]


async def test_ndjson_may_be_compressed(device: DeviceClient) -> None:
    headers = NDJSON | {"Content-Encoding": "gzip"}
    answer = await device.post("/telemetry/batch", content=gzip.compress(lines(*GOOD)), headers=headers)
    assert answer == {"accepted": 5, "rejected": 0, "merged": 0, "errors": []}


@pytest.mark.parametrize(
    "content_type", ["application/x-ndjson", "application/ndjson", "application/jsonl; charset=utf-8"]
)
async def test_a_byte_order_mark_before_the_first_line_is_skipped(device: DeviceClient, content_type: str) -> None:
    body = b"\xef\xbb\xbf" + lines(GOOD[0], b"\xef\xbb\xbf" + lines(GOOD[1]))
    answer = await device.post("/telemetry/batch", content=body, headers={"Content-Type": content_type})
    assert (answer["accepted"], [error["index"] for error in answer["errors"]]) == (1, [1])


async def test_records_of_one_time_are_counted_as_merged(ada: UserClient, device: DeviceClient) -> None:
    one_millisecond = [{"data": {"t": number}, "timestamp": 7 + number / 10_000} for number in range(10)]
    for path, sender in (("/telemetry/batch", device), (f"/telemetry/{device.id}/batch", ada)):
        answer = await sender.post(path, [*one_millisecond, {"data": {}, "timestamp": 7}, *GOOD])
        assert (answer["accepted"], answer["rejected"], answer["merged"]) == (15, 1, 9)
        assert await values_of(device, device) == [1, 2, 3, 4, 5, 9]


async def test_records_of_one_time_in_different_chunks_are_counted_as_merged(device: DeviceClient) -> None:
    records = [{"data": {f"n{name}": 1 for name in range(200)}, "timestamp": number % 40} for number in range(60)]
    answer = await device.post("/telemetry/batch", records)
    assert answer == {"accepted": 60, "rejected": 0, "merged": 20, "errors": []}


async def test_nulls_are_left_out(device: DeviceClient) -> None:
    records = [{"data": {"t": 1, "u": None}, "timestamp": 1}, {"data": {"t": None, "u": None}, "timestamp": 2}]
    answer = await device.post("/telemetry/batch", records)
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert answer["errors"] == [{"index": 1, "detail": "data: a record has at least one value that is not null"}]
    [record] = (await device.get(f"/telemetry/{device.id}", start_time=0))["data"]
    assert record["measurements"] == {"t": 1}


async def test_batches_without_a_valid_record(ada: UserClient, device: DeviceClient) -> None:
    for path, sender in (("/telemetry/batch", device), (f"/telemetry/{device.id}/batch", ada)):
        answer = await sender.post(path, [{}, None])
        assert (answer["accepted"], answer["rejected"], len(answer["errors"])) == (0, 2, 2)
        answer = await sender.post(path, content=b"{\n[", headers=NDJSON)
        assert (answer["accepted"], answer["rejected"]) == (0, 2)
        assert await sender.wrong_fields("POST", path, []) == ["body"]
        for nothing in (b"", b"\n \r\n"):
            assert await sender.wrong_fields("POST", path, content=nothing, headers=NDJSON) == ["body"]
    assert (await ada.get(f"/devices/{device.id}"))["device"]["status"] == "inactive"


async def test_the_largest_number_of_records(device: DeviceClient) -> None:
    assert (await device.send("POST", "/telemetry/batch", json=MANY)).status_code == 413
    assert (await device.send("POST", "/telemetry/batch", content=lines(*MANY), headers=NDJSON)).status_code == 413
    assert (await device.send("GET", f"/telemetry/{device.id}/latest")).status_code == 404
    body = lines(*MANY[:-1], b"", b"  ")
    answer = await device.post("/telemetry/batch", content=body, headers=NDJSON)
    assert answer == {"accepted": 10_000, "rejected": 0, "merged": 0, "errors": []}
    assert await values_of(device, device) == list(range(1, 10_001))


async def test_the_later_in_the_list_wins(device: DeviceClient) -> None:
    values: list[Any] = [5, "x", 2, True, 1]
    records = [{"data": {"t": value, f"n{index}": index}, "timestamp": 1} for index, value in enumerate(values)]
    records[1]["metadata"], records[3]["metadata"] = {"from": 1}, {"from": 3}
    await device.post("/telemetry/batch", records)
    [record] = (await device.get(f"/telemetry/{device.id}", start_time=0))["data"]
    assert record["measurements"] == {"t": 1, **{f"n{index}": index for index in range(5)}}
    assert record["metadata"] == {"from": 3}


async def test_a_batch_of_the_device_activates_it(ada: UserClient, device: DeviceClient) -> None:
    await device.post("/telemetry/batch", GOOD)
    shown = (await ada.get(f"/devices/{device.id}"))["device"]
    assert (shown["status"], shown["last_seen"]) == ("active", "2026-03-01T12:00:00.000Z")


async def test_records_on_behalf_of_a_device(
    ada: UserClient, bob: UserClient, admin: UserClient, clock: FakeClock
) -> None:
    device = await new_device(ada, "silent")
    before = await ada.get(f"/devices/{device.id}/status")
    clock.advance(60)
    path = f"/telemetry/{device.id}/batch"
    await ada.post(path, GOOD[:3])
    await admin.post(path, content=lines(*GOOD[3:]), headers=NDJSON)
    await bob.refused(404, "POST", path, GOOD)
    await ada.refused(404, "POST", "/telemetry/999/batch", GOOD)
    assert await values_of(ada, device) == [1, 2, 3, 4, 5]
    after = await ada.get(f"/devices/{device.id}/status")
    assert after["device"].pop("latest_timestamp") == "1970-01-01T00:00:05.000Z"
    assert after["device"] == {name: value for name, value in before["device"].items() if name != "latest_timestamp"}
    assert (after["device"]["status"], after["device"]["last_seen"]) == ("inactive", None)
    latest = await ada.get(f"/telemetry/{device.id}/latest")
    assert latest["latest_data"] == {"t": {"value": 5, "timestamp": "1970-01-01T00:00:05.000Z"}}
