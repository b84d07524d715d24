"""Summaries of devices and accounts, compared with the standard library's statistics."""

import math
import random
import statistics
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from iotflow.services import device_analytics
from tests.api.clients import DeviceClient, UserClient, new_device, submit
from tests.clock import FakeClock

FIRST = datetime(2026, 2, 27, tzinfo=UTC)
RANGE = {"start_time": "2026-02-27T00:00:00Z", "end_time": "2026-03-01T12:00:00Z"}


def text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def expected_field(numbers: list[float]) -> dict[str, float]:
    """Return the statistics of some numbers, computed by the standard library."""
    cuts = statistics.quantiles(numbers, n=100, method="inclusive")
    return {
        "count": len(numbers),
        "mean": math.fsum(numbers) / len(numbers),
        "min": min(numbers),
        "max": max(numbers),
        "stddev": statistics.pstdev(numbers),
        "p50": cuts[49],
        "p95": cuts[94],
        "p99": cuts[98],
    }


async def send(device: DeviceClient, temps: list[float]) -> None:
    """Send a reading every 30 s from `FIRST` on, with two names that have few or no numbers."""
    records: list[dict[str, Any]] = []
    for number, temp in enumerate(temps):
        data: dict[str, Any] = {"temp": temp, "door": number % 2 == 0, "label": "x"}
        if number % 3 == 0:
            data["level"] = number
        records.append({"timestamp": text(FIRST + timedelta(seconds=30 * number)), "data": data})
    await device.post("/telemetry/batch", records)


async def test_a_device_is_summarized(ada: UserClient, device: DeviceClient) -> None:
    rng = random.Random(7)
    temps = [round(rng.gauss(20, 5), 3) for _ in range(5_000)]
    await send(device, temps)
    await submit(device, at="2026-02-26T23:59:59.999Z", temp=999)
    found = await ada.get(f"/analytics/devices/{device.id}", **RANGE)
    assert (found["device_id"], found["start_time"]) == (device.id, "2026-02-27T00:00:00.000Z")
    assert found["end_time"] == "2026-03-01T12:00:00.000Z"
    levels = [float(number) for number in range(0, 5_000, 3)]
    assert found["fields"].keys() == {"temp", "level"}
    assert found["fields"]["temp"] == pytest.approx(expected_field(temps), rel=1e-9)
    assert found["fields"]["level"] == pytest.approx(expected_field(levels), rel=1e-9)


async def test_a_device_without_telemetry_has_no_fields(ada: UserClient, device: DeviceClient) -> None:
    found = await ada.get(f"/analytics/devices/{device.id}")
    assert (found["fields"], found["messages_per_day"], found["uptime"]) == ({}, [], 0.0)


async def test_a_range_with_too_many_values_has_no_percentiles(
    ada: UserClient, device: DeviceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(device, [1.0, 2.0, 4.0])
    path = f"/analytics/devices/{device.id}"
    for limit, p50 in ((4, 2.0), (3, None)):
        monkeypatch.setattr(device_analytics, "MAX_QUANTILE_VALUES", limit)
        temp = (await ada.get(path, **RANGE))["fields"]["temp"]
        assert (temp["count"], temp["max"], temp["p50"]) == (3, 4.0, p50)


async def test_messages_per_day_and_uptime_follow_the_receipt(
    ada: UserClient, device: DeviceClient, clock: FakeClock
) -> None:
    """The device is registered at 12:00 and sends in the hours of 12 and 14, and on the next day at 02."""
    for hours in (0, 2, 14):
        clock.advance(3_600 * (hours - (clock.now() // 3_600_000 - 12) % 24) % 86_400)
        await submit(device, a=1, b=2)
        await submit(device, a=1)
    found = await ada.get(f"/analytics/devices/{device.id}", start_time="-7d")
    assert found["messages_per_day"] == [
        {"day": "2026-03-01T00:00:00.000Z", "messages": 4, "points": 6},
        {"day": "2026-03-02T00:00:00.000Z", "messages": 2, "points": 3},
    ]
    assert found["uptime"] == pytest.approx(3 / 15)
    part = await ada.get(f"/analytics/devices/{device.id}", start_time="2026-03-01T14:30:00Z", end_time="-11h")
    assert part["uptime"] == 1.0
    future = {"start_time": "2026-04-01T00:00:00Z", "end_time": "2026-04-02T00:00:00Z"}
    assert (await ada.get(f"/analytics/devices/{device.id}", **future))["uptime"] is None


async def test_an_account_is_summarized(ada: UserClient, bob: UserClient, clock: FakeClock) -> None:
    pumps = [await new_device(ada, f"pump {number}", device_type="pump") for number in range(12)]
    valve = await new_device(ada, "valve", device_type="valve")
    other = await new_device(bob, "other", device_type="pump")
    for number, pump in enumerate(pumps):
        for _ in range(number % 3):
            await submit(pump, a=1)
    for _ in range(4):
        await submit(valve, a=1, b=2)
        await submit(other, a=1)
    await ada.patch(f"/devices/{pumps[0].id}", {"status": "maintenance"})
    for severity in ("info", "critical", "critical"):
        await ada.post("/alerts", {"device_id": valve.id, "severity": severity, "message": "x"})
    await bob.post("/alerts", {"device_id": other.id, "severity": "error", "message": "x"})
    found = await ada.get("/analytics/users/me", start_time="-1d", end_time="2026-03-02T00:00:00Z")
    assert found["user_id"] == ada.user_id
    assert found["devices"] == {
        "total": 13,
        "by_status": {"active": 9, "inactive": 3, "maintenance": 1},
        "by_type": [{"device_type": "pump", "devices": 12}, {"device_type": "valve", "devices": 1}],
    }
    assert found["messages_per_day"] == [{"day": "2026-03-01T00:00:00.000Z", "messages": 16, "points": 20}]
    assert found["alerts_by_severity"] == {"info": 1, "warning": 0, "error": 0, "critical": 2}
    assert found["most_active_devices"][0] == {
        "device_id": valve.id,
        "device_name": "valve",
        "messages": 4,
        "points": 8,
    }
    active = [(one["messages"], one["device_id"]) for one in found["most_active_devices"][1:]]
    sent = sorted(((number % 3, pump.id) for number, pump in enumerate(pumps)), key=lambda one: (-one[0], one[1]))
    assert active == [one for one in sent if one[0]]
    later = await ada.get("/analytics/users/me", start_time="2026-03-01T13:00:00Z")
    assert (later["messages_per_day"], later["alerts_by_severity"]["critical"]) == ([], 0)


async def test_the_summary_of_an_unknown_account_is_404(admin: UserClient) -> None:
    path = "/analytics/users/7d4648ac-9637-5bd6-8054-2b3ba810c016"
    problem = await admin.refused(404, "GET", path)
    assert "there is no user" in problem["detail"]
