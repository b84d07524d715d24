"""Retention: telemetry counts from its receipt, events from their time."""

from typing import Any

import pytest

from iotflow.settings import Settings
from tests.api.clients import DeviceClient, UserClient, events, login, new_device, sign_up, submit
from tests.api.service import run_service, with_changes
from tests.clock import FakeClock

DAY_S = 86_400


@pytest.fixture
def settings(embedded_settings: Settings) -> Settings:
    """Settings with a short retention and long logins, on stores that use the test's clock.

    Cassandra and MongoDB use their own clocks; their contract suites, in which time passes, test their retention.
    """
    return with_changes(embedded_settings, retention_days=2, event_retention_days=3, token_lifetime_seconds=90 * DAY_S)


async def shown(reader: UserClient | DeviceClient, device: DeviceClient) -> dict[str, Any]:
    """Return the values of `t` that each kind of read shows."""
    history = await reader.get(f"/telemetry/{device.id}", start_time=0, order="asc")
    latest = await reader.send("GET", f"/telemetry/{device.id}/latest")
    query = {"field": "t", "aggregation": "sum", "window": "30d", "start_time": 0}
    aggregated = await reader.get(f"/telemetry/{device.id}/aggregated", **query)
    return {
        "history": [record["measurements"] for record in history["data"]],
        "latest": latest.json()["latest_data"]["t"]["value"] if latest.is_success else None,
        "sum": sum(window["value"] for window in aggregated["data"]),
    }


async def test_telemetry_is_kept_from_its_receipt(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    await submit(device, at="1990-01-01T00:00:00Z", t=1)
    clock.advance(DAY_S)
    await submit(device, at="1980-01-01T00:00:00Z", t=2)
    clock.advance(DAY_S - 0.001)
    for reader in (ada, device):
        assert await shown(reader, device) == {"history": [{"t": 2}, {"t": 1}], "latest": 1, "sum": 3.0}
    clock.advance(0.001)
    # The older point was received later, so it is left, although the newer one was cached.
    for _ in range(2):
        assert await shown(ada, device) == {"history": [{"t": 2}], "latest": 2, "sum": 2.0}
    clock.advance(DAY_S)
    assert await shown(ada, device) == {"history": [], "latest": None, "sum": 0}
    assert (await ada.get("/telemetry/user/me", start_time=0))["telemetry"] == []
    await submit(device, at="1990-01-01T00:00:00Z", t=3)
    assert await shown(ada, device) == {"history": [{"t": 3}], "latest": 3, "sum": 3.0}


async def test_each_value_by_its_own_receipt(device: DeviceClient, clock: FakeClock) -> None:
    await submit(device, at=1, metadata={"m": 1}, t=1, u=1)
    clock.advance(DAY_S)
    await submit(device, at=1, t=2)
    clock.advance(DAY_S)
    [record] = (await device.get(f"/telemetry/{device.id}", start_time=0))["data"]
    assert record == {"timestamp": "1970-01-01T00:00:01.000Z", "measurements": {"t": 2}}
    assert (await device.get(f"/telemetry/{device.id}/latest"))["latest_data"].keys() == {"t"}


async def test_events_are_kept_from_their_time(ada: UserClient, clock: FakeClock) -> None:
    await events(ada, 2)
    clock.advance(DAY_S)
    await new_device(ada)
    await events(ada, 3)
    clock.advance(2 * DAY_S - 0.001)
    assert len(await events(ada, 3)) == 3
    clock.advance(0.001)
    assert [event["event_type"] for event in await events(ada, 0)] == ["device.registered"]


async def test_a_retention_of_0_keeps_everything(settings: Settings, clock: FakeClock) -> None:
    forever = with_changes(settings, retention_days=0, event_retention_days=0, token_lifetime_seconds=365 * DAY_S)
    async with run_service(forever, clock) as service, service.client() as client:
        ada = await sign_up(client, "ada")
        device = await new_device(ada)
        await submit(device, t=1)
        await events(ada, 4)
        clock.advance(20 * 365 * DAY_S)
        ada = await login(client, "ada")
        assert (await shown(ada, device))["history"] == [{"t": 1}]
        assert (await device.get(f"/telemetry/{device.id}/latest"))["latest_data"]["t"]["value"] == 1
        assert len(await events(ada, 5)) == 5


async def test_a_name_does_not_count_after_its_values_are_deleted(device: DeviceClient, clock: FakeClock) -> None:
    for start in range(0, 1_000, 250):
        await device.post("/telemetry", {"data": {f"n{number}": 1 for number in range(start, start + 250)}})
    body = {"data": {"one_more": 1}}
    assert "body.data.one_more" in await device.wrong_fields("POST", "/telemetry", body)
    await device.delete(f"/telemetry/{device.id}", start_time="-1h", stop_time="2026-03-02T00:00:00Z")
    clock.advance(5)
    await submit(device, one_more=1)
