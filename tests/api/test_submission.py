"""Submission of single records: accepted times and values, and that they read back unchanged."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from iotflow.domain.names import normalize
from tests.api.bad_input import JSON
from tests.api.clients import DeviceClient, UserClient, new_device, submit
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"


async def stored(reader: UserClient | DeviceClient, device: DeviceClient) -> list[dict[str, Any]]:
    """Return all records, oldest first."""
    data: list[dict[str, Any]] = (await reader.get(f"/telemetry/{device.id}", start_time=0, order="asc"))["data"]
    return data


async def test_the_answer(device: DeviceClient) -> None:
    answer = await device.post("/telemetry", {"data": {"t": 21.5, "open": False}})
    assert answer == {"device_id": device.id, "device_name": "probe", "timestamp": NOW, "accepted": 2, "ignored": []}
    assert await stored(device, device) == [{"timestamp": NOW, "measurements": {"t": 21.5, "open": False}}]


async def test_a_null_is_no_reading(device: DeviceClient) -> None:
    answer = await device.post("/telemetry", {"data": {"t": None, "h": 40, "p": None}})
    assert (answer["accepted"], answer["ignored"]) == (1, ["t", "p"])
    assert await stored(device, device) == [{"timestamp": NOW, "measurements": {"h": 40}}]


async def test_an_integer_beyond_64_bits_is_refused_with_its_remedy(device: DeviceClient) -> None:
    for number in (2**63, 2**64 - 1, -(2**63) - 1, 10**39, 10**400):
        problem = await device.refused(422, "POST", "/telemetry", {"data": {"total": number}})
        for text in ("body.data.total", "-9223372036854775808 to 9223372036854775807", "18446744073709551615.0"):
            assert text in problem["detail"]
    answer = await device.post("/telemetry/batch", [{"data": {"total": 2**64 - 1}, "timestamp": 1}])
    assert answer["errors"][0]["detail"].endswith("send others as decimals, such as 18446744073709551615.0")
    await device.post("/telemetry", content=b'{"data": {"total": 18446744073709551615.0}}', headers=JSON)


TIMES: list[tuple[object, str]] = [
    ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"),
    ("2026-01-31t09:30:00.1239999z", "2026-01-31T09:30:00.123Z"),
    ("2026-01-31T09:30:00.5+01:00", "2026-01-31T08:30:00.500Z"),
    ("2026-01-31T23:30:00-05:30", "2026-02-01T05:00:00.000Z"),
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
    ("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000Z"),
    (0, "1970-01-01T00:00:00.000Z"),
    (1769851800, "2026-01-31T09:30:00.000Z"),
    (1769851800.9999, "2026-01-31T09:30:00.999Z"),
    (1.001, "1970-01-01T00:00:01.001Z"),
    (1769851800123, "2026-01-31T09:30:00.123Z"),
    (1769851800123.9, "2026-01-31T09:30:00.123Z"),
    (100_000_000_000, "1973-03-03T09:46:40.000Z"),
    (1769851800123456, "2026-01-31T09:30:00.123Z"),
    (1769851800123999999, "2026-01-31T09:30:00.123Z"),
    (1.769851800123e18, "2026-01-31T09:30:00.123Z"),
    ("2026-01-31T10:30:00+0100", "2026-01-31T09:30:00.000Z"),
    ("2026-01-31 10:30:00+01", "2026-01-31T09:30:00.000Z"),
    ("2026-03-01T12:05:00.000Z", "2026-03-01T12:05:00.000Z"),
]


async def test_times(device: DeviceClient) -> None:
    for sent, kept in TIMES:
        assert (await submit(device, at=sent, t=1))["timestamp"] == kept, sent
        assert [record["timestamp"] for record in await stored(device, device)] == [kept]
        await device.delete(f"/telemetry/{device.id}", start_time=0, stop_time="2030-01-01T00:00:00Z")


VALUES = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
)
NAMES = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=","), min_size=1, max_size=128)
    .map(normalize)
    .filter(lambda name: name == name.strip(" ") and len(name) <= 128)
)
METADATA = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
    st.recursive(
        st.none() | VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
LIMITS = {"a": 2**63 - 1, "b": -(2**63), "c": 5e-324, "d": 1.7976931348623157e308, "e": 1.0, "f": 1, "g": True}


@settings(max_examples=30)
@given(data=st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), metadata=METADATA)
@example(data=LIMITS, metadata={})
@example(data={"text": "é" * 2_048, "none": "", "°C": 0.0, "n" * 128: "x"}, metadata={"a": {}})
async def test_values_come_back_with_their_types(
    device: DeviceClient, clock: FakeClock, data: dict[str, Any], metadata: dict[str, Any]
) -> None:
    clock.advance(10)
    await device.post("/telemetry", {"data": data, "metadata": metadata})
    [record] = (await device.get(f"/telemetry/{device.id}", start_time="now"))["data"]
    assert exact(record["measurements"]) == exact(data)
    assert exact(record["metadata"]) == exact(metadata)
    latest = (await device.get(f"/telemetry/{device.id}/latest"))["latest_data"]
    assert exact({name: latest[name]["value"] for name in data}) == exact(data)
    await device.delete(f"/telemetry/{device.id}", start_time=0, stop_time="2030-01-01T00:00:00Z")


def exact(value: object) -> str:
    """Encode a value so that 1, 1.0 and true differ. Stores need not distinguish -0.0 from 0.0."""
    return json.dumps(value, sort_keys=True).replace("-0.0", "0.0")


async def test_records_of_one_time_merge_by_name(device: DeviceClient) -> None:
    await submit(device, at=1, metadata={"run": 1, "by": "ada"}, t=20, humidity=50)
    await submit(device, at=1, t=3, light="dim")
    merged = {"timestamp": "1970-01-01T00:00:01.000Z", "measurements": {"t": 3, "humidity": 50, "light": "dim"}}
    assert await stored(device, device) == [merged | {"metadata": {"run": 1, "by": "ada"}}]
    await submit(device, at=1, metadata={"run": 2}, t="broken")
    merged["measurements"] = {"t": "broken", "humidity": 50, "light": "dim"}
    assert await stored(device, device) == [merged | {"metadata": {"run": 2}}]


async def test_a_record_sent_again_is_stored_once(device: DeviceClient) -> None:
    for _ in range(3):
        await submit(device, at=1, metadata={"a": 1}, t=1, u=2)
    assert len(await stored(device, device)) == 1
    query = {"field": "t", "aggregation": "sum", "window": "1h", "start_time": 0, "end_time": 3_600}
    [window] = (await device.get(f"/telemetry/{device.id}/aggregated", **query))["data"]
    assert (window["value"], window["count"]) == (1.0, 1)


async def test_the_first_telemetry_activates(ada: UserClient, device: DeviceClient) -> None:
    async def status() -> str:
        return str((await ada.get(f"/devices/{device.id}"))["device"]["status"])

    assert await status() == "inactive"
    await device.wrong_fields("POST", "/telemetry", {"data": {}})
    await device.post("/devices/heartbeat")
    assert await status() == "inactive"
    await submit(device, t=1)
    assert await status() == "active"
    await ada.patch(f"/devices/{device.id}", {"status": "inactive"})
    await submit(device, t=1)
    assert await status() == "active"


async def test_maintenance_refuses_telemetry(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, at=1, t=1)
    await ada.patch(f"/devices/{device.id}", {"status": "maintenance"})
    await device.refused(403, "POST", "/telemetry", {"data": {"t": 2}})
    await device.refused(403, "POST", "/telemetry/batch", [{"data": {"t": 2}, "timestamp": 2}])
    assert len(await stored(device, device)) == 1
    await ada.patch(f"/devices/{device.id}", {"status": "active"})
    await submit(device, at=2, t=2)
    assert len(await stored(device, device)) == 2


async def test_names_of_a_device_are_limited(ada: UserClient, device: DeviceClient) -> None:
    for start in range(0, 1_000, 250):
        await device.post("/telemetry", {"data": {f"n{number}": 1 for number in range(start, start + 250)}})
    body = {"data": {"one_more": 1, "n1": 1}}
    assert "body.data.one_more" in await device.wrong_fields("POST", "/telemetry", body)
    await submit(device, n1=2)
    records = [{"data": {"n2": 2}, "timestamp": 2}, {"data": {"one_more": 1}, "timestamp": 3}]
    answer = await device.post("/telemetry/batch", records)
    assert (answer["accepted"], [error["index"] for error in answer["errors"]]) == (1, [1])
    other = await new_device(ada, "other")
    await submit(other, one_more=1)


async def test_256_names_and_16_kib_of_metadata(device: DeviceClient) -> None:
    data = {f"n{number}": number for number in range(256)}
    metadata = {"m": "x" * (16_384 - len('{"m":""}'))}
    await device.post("/telemetry", {"data": data, "metadata": metadata})
    [record] = await stored(device, device)
    assert (record["measurements"], record["metadata"]) == (data, metadata)
