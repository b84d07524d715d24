"""Many records at a time, from a device and on its behalf."""

import gzip
import json
from typing import Any

from tests.api.people import Person, Thing, new_device
from tests.clock import FakeClock

NDJSON = {"Content-Type": "application/x-ndjson"}
GOOD = [{"data": {"t": number}, "timestamp": number} for number in range(1, 6)]
MANY = [{"data": {"t": number}, "timestamp": number} for number in range(1, 10_002)]


async def values_of(reader: Person | Thing, device: Thing) -> list[Any]:
    """The values of `t`, oldest first."""
    answer = await reader.get(f"/telemetry/{device.id}", start_time=0, order="asc", limit=10_000)
    values = [record["measurements"]["t"] for record in answer["data"]]
    assert answer["next_cursor"] is None
    return values


def lines(*records: object) -> bytes:
    return b"\n".join(record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)


async def test_good_records_are_stored_though_others_are_bad(probe: Thing) -> None:
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
        answer = await probe.post("/telemetry/batch", **body)
        assert (answer["accepted"], answer["rejected"]) == (15, 15)
        assert [error["index"] for error in answer["errors"]] == list(range(0, 30, 2))
        assert all(error["detail"] for error in answer["errors"])
        assert "hunter2" not in json.dumps(answer)
        assert await values_of(probe, probe) == [1, 2, 3, 4, 5]
        await probe.delete(f"/telemetry/{probe.id}", start_time=0, stop_time="now")


async def test_details_name_the_field(probe: Thing) -> None:
    records = [{"data": {"a": 1}}, {"data": {"b": None}, "timestamp": 1}, {"data": {"c": "\0"}, "timestamp": 1}]
    answer = await probe.post("/telemetry/batch", records)
    for error, field in zip(answer["errors"], ("timestamp", "data.b", "data.c"), strict=True):
        assert error["detail"].startswith(f"{field}: ")
    answer = await probe.post("/telemetry/batch", content=b'{"data": {"a": NaN}, "timestamp": 1}\n{', headers=NDJSON)
    assert [error["detail"].partition(":")[0] for error in answer["errors"]] == ["data.a", "record"]


async def test_an_escaped_backslash_is_no_null_character(probe: Thing) -> None:
    text = "\\u0000 and \\\\u0000"
    await probe.post("/telemetry", {"data": {"t": text}, "timestamp": 1})
    await probe.post("/telemetry/batch", [{"data": {"t": text}, "timestamp": 2}, {"data": {"t": "\0"}, "timestamp": 3}])
    assert await values_of(probe, probe) == [text, text]


async def test_ndjson_lines(probe: Thing) -> None:
    body = lines(b"", GOOD[0], b"  \r", GOOD[1], b"{", b'{"data": {"t": NaN}, "timestamp": 9}', b'"\xff"', GOOD[2], b"")
    answer = await probe.post("/telemetry/batch", content=body.replace(b"\n", b"\r\n"), headers=NDJSON)
    assert (answer["accepted"], answer["rejected"]) == (3, 3)
    assert [error["index"] for error in answer["errors"]] == [2, 3, 4]
    assert await values_of(probe, probe) == [1, 2, 3]


async def test_ndjson_may_be_packed(probe: Thing) -> None:
    headers = NDJSON | {"Content-Encoding": "gzip"}
    answer = await probe.post("/telemetry/batch", content=gzip.compress(lines(*GOOD)), headers=headers)
    assert answer == {"accepted": 5, "rejected": 0, "errors": []}


async def test_nothing_good_and_nothing_at_all(ada: Person, probe: Thing) -> None:
    for path, sender in (("/telemetry/batch", probe), (f"/telemetry/{probe.id}/batch", ada)):
        answer = await sender.post(path, [{}, None])
        assert (answer["accepted"], answer["rejected"], len(answer["errors"])) == (0, 2, 2)
        answer = await sender.post(path, content=b"{\n[", headers=NDJSON)
        assert (answer["accepted"], answer["rejected"]) == (0, 2)
        assert await sender.wrong_fields("POST", path, []) == ["body"]
        for nothing in (b"", b"\n \r\n"):
            assert await sender.wrong_fields("POST", path, content=nothing, headers=NDJSON) == ["body"]
    assert (await ada.get(f"/devices/{probe.id}"))["device"]["status"] == "inactive"


async def test_the_most_records(probe: Thing) -> None:
    assert (await probe.send("POST", "/telemetry/batch", json=MANY)).status_code == 413
    assert (await probe.send("POST", "/telemetry/batch", content=lines(*MANY), headers=NDJSON)).status_code == 413
    assert (await probe.send("GET", f"/telemetry/{probe.id}/latest")).status_code == 404
    body = lines(*MANY[:-1], b"", b"  ")
    answer = await probe.post("/telemetry/batch", content=body, headers=NDJSON)
    assert answer == {"accepted": 10_000, "rejected": 0, "errors": []}
    assert await values_of(probe, probe) == list(range(1, 10_001))


async def test_the_later_in_the_list_wins(probe: Thing) -> None:
    values: list[Any] = [5, "x", 2, True, 1]
    records = [{"data": {"t": value, f"n{index}": index}, "timestamp": 1} for index, value in enumerate(values)]
    records[1]["metadata"], records[3]["metadata"] = {"from": 1}, {"from": 3}
    await probe.post("/telemetry/batch", records)
    [record] = (await probe.get(f"/telemetry/{probe.id}", start_time=0))["data"]
    assert record["measurements"] == {"t": 1, **{f"n{index}": index for index in range(5)}}
    assert record["metadata"] == {"from": 3}


async def test_a_batch_of_the_device_activates_it(ada: Person, probe: Thing) -> None:
    await probe.post("/telemetry/batch", GOOD)
    device = (await ada.get(f"/devices/{probe.id}"))["device"]
    assert (device["status"], device["last_seen"]) == ("active", "2026-03-01T12:00:00.000Z")


async def test_records_on_behalf_of_a_device(ada: Person, bob: Person, admin: Person, clock: FakeClock) -> None:
    probe = await new_device(ada, "silent")
    before = await ada.get(f"/devices/{probe.id}/status")
    clock.advance(60)
    path = f"/telemetry/{probe.id}/batch"
    await ada.post(path, GOOD[:3])
    await admin.post(path, content=lines(*GOOD[3:]), headers=NDJSON)
    await bob.refused(404, "POST", path, GOOD)
    await ada.refused(404, "POST", "/telemetry/999/batch", GOOD)
    assert await values_of(ada, probe) == [1, 2, 3, 4, 5]
    after = await ada.get(f"/devices/{probe.id}/status")
    assert after == before
    assert (after["device"]["status"], after["device"]["last_seen"]) == ("inactive", None)
    latest = await ada.get(f"/telemetry/{probe.id}/latest")
    assert latest["latest_data"] == {"t": {"value": 5, "timestamp": "1970-01-01T00:00:05.000Z"}}
