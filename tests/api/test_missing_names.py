"""Aggregates of names that a device never sent."""

from typing import Any

import pytest

from tests.api.clients import DeviceClient, UserClient, submit

AGGREGATED: dict[str, Any] = {"aggregation": "mean", "window": "1h"}


async def detail(caller: UserClient | DeviceClient, device_id: int, field: str) -> str:
    query = AGGREGATED | {"field": field}
    problem = await caller.refused(404, "GET", f"/telemetry/{device_id}/aggregated", params=query)
    return str(problem["detail"])


@pytest.mark.parametrize(
    ("asked", "suggestion"),
    [
        ("kWh", "; did you mean 'kwh'?"),
        ("Temperature", "; did you mean 'temperature'?"),
        ("temprature", "; did you mean 'temperature'?"),
        ("temp", "; did you mean 'temperature'?"),
        ("phase4", "; did you mean 'phase1' or 'phase2' or 'phase3'?"),
        ("pressure", ""),
        ("x", ""),
    ],
)
async def test_near_names_are_suggested(device: DeviceClient, asked: str, suggestion: str) -> None:
    await submit(device, kwh=1, temperature=20.5, phase1=1, phase2=2, phase3=3, ph=7.1)
    assert await detail(device, device.id, asked) == f"device {device.id} has no measurement {asked!r}{suggestion}"


async def test_a_device_without_telemetry_has_no_names(ada: UserClient, device: DeviceClient) -> None:
    assert await detail(ada, device.id, "t") == f"device {device.id} has no measurement 't'"


async def test_a_name_without_values_in_the_range_or_without_numbers_exists(device: DeviceClient) -> None:
    await submit(device, state="on", at="2026-02-28T13:00:00Z")
    await submit(device, t=1, at="2025-01-01T00:00:00Z")
    for field in ("state", "t"):
        assert (await device.get(f"/telemetry/{device.id}/aggregated", **AGGREGATED, field=field))["data"] == []


async def test_names_of_a_hidden_device_do_not_leak(bob: UserClient, device: DeviceClient) -> None:
    await submit(device, kwh=1)
    for field in ("kwh", "kWh"):
        found = await detail(bob, device.id, field)
        assert "kwh" not in found.lower()
        assert found == (await detail(bob, 2**53 - 1, field)).replace(str(2**53 - 1), str(device.id))
