"""Windows of weeks, months, quarters and years, and the refusal of others."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.api.clients import DeviceClient
from tests.api.test_aggregates import ask, send


async def test_windows_of_the_calendar_start_at_local_midnights(device: DeviceClient) -> None:
    place = ZoneInfo("Europe/Berlin")
    days = [(datetime(2023, 12, 30, 12, tzinfo=place) + timedelta(days=day), 1) for day in range(500)]
    await send(device, [(noon.astimezone(UTC), value) for noon, value in days])
    query = {"start_time": "2024-01-17T00:00:00Z", "end_time": "2025-04-15T00:00:00Z", "timezone": "Europe/Berlin"}
    assert await ask(device, device, "sum", "1y", **query) == [
        ("2023-12-31T23:00:00.000Z", 350.0, 350),
        ("2024-12-31T23:00:00.000Z", 104.0, 104),
    ]
    assert (await ask(device, device, "count", "3mo", **query))[:2] == [
        ("2023-12-31T23:00:00.000Z", 75, 75),
        ("2024-03-31T22:00:00.000Z", 91, 91),
    ]
    assert (await ask(device, device, "count", "1mo", **query))[1:4] == [
        ("2024-01-31T23:00:00.000Z", 29, 29),
        ("2024-02-29T23:00:00.000Z", 31, 31),
        ("2024-03-31T22:00:00.000Z", 30, 30),
    ]
    weeks = await ask(device, device, "count", "1w", **query)
    assert weeks[:2] == [("2024-01-14T23:00:00.000Z", 5, 5), ("2024-01-21T23:00:00.000Z", 7, 7)]
    assert {datetime.fromisoformat(start).astimezone(place).weekday() for start, _, _ in weeks} == {0}


@pytest.mark.parametrize("window", ["2w", "6mo", "12mo", "1M", "1.5h", "9s", "31d"])
async def test_a_window_that_is_not_taken_is_answered_with_those_that_are(device: DeviceClient, window: str) -> None:
    query = {"field": "t", "aggregation": "mean", "window": window}
    problem = await device.refused(422, "GET", f"/telemetry/{device.id}/aggregated", params=query)
    assert problem["detail"] == (
        "query.window: expected a width from 10s to 30d in s, m, h or d, like 15m, 1h or 7d, or one of the calendar's: "
        "1w, 1mo, 3mo or 1y"
    )


async def test_an_aggregation_that_does_not_exist_is_answered_with_those_that_do(device: DeviceClient) -> None:
    query = {"field": "t", "aggregation": "median", "window": "1h"}
    problem = await device.refused(422, "GET", f"/telemetry/{device.id}/aggregated", params=query)
    assert "'stddev'" in problem["detail"]
    assert "Aggregation" not in problem["detail"]
