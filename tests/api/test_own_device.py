"""A device's routes for itself: status, heartbeat, config."""

from tests.api.clients import DeviceClient, UserClient
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"


async def test_status_and_heartbeat(device: DeviceClient, clock: FakeClock) -> None:
    status = {"device_id": device.id, "name": "probe", "status": "inactive", "is_online": True, "last_seen": NOW}
    assert await device.get("/devices/status") == status
    clock.advance(1_000)
    later = "2026-03-01T12:16:40.000Z"
    assert await device.post("/devices/heartbeat") == {"device_id": device.id, "timestamp": later}
    assert await device.get("/devices/status") == status | {"last_seen": later}


async def test_own_config(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    await ada.put(f"/devices/{device.id}/config", {"settings": {"interval": 60}})
    config = {"device_id": device.id, "config_version": 2, "settings": {"interval": 60}, "updated_at": NOW}
    assert await device.get("/devices/config") == config
    clock.advance(1)
    config |= {"config_version": 3, "updated_at": "2026-03-01T12:00:01.000Z"}
    change = {"location": "roof", "firmware_version": "2.0", "hardware_version": "C", "status": "active"}
    assert await device.put("/devices/config", change) == config
    shown = (await ada.get(f"/devices/{device.id}"))["device"]
    assert {name: shown[name] for name in change} == change
    answer = await device.put("/devices/config", {"settings": {"new": [1]}, "location": None})
    assert (answer["config_version"], answer["settings"]) == (4, {"new": [1]})
    shown = (await ada.get(f"/devices/{device.id}"))["device"]
    assert (shown["location"], shown["firmware_version"]) == (None, "2.0")


async def test_a_device_cannot_end_its_maintenance(ada: UserClient, device: DeviceClient) -> None:
    await device.put("/devices/config", {"status": "maintenance"})
    for status in ("active", "inactive"):
        body = {"status": status, "location": "roof", "settings": {"a": 1}}
        await device.refused(403, "PUT", "/devices/config", body)
    answer = await device.put("/devices/config", {"status": "maintenance", "location": "cellar"})
    assert (answer["config_version"], answer["settings"]) == (3, {})
    shown = (await ada.get(f"/devices/{device.id}"))["device"]
    assert (shown["status"], shown["location"]) == ("maintenance", "cellar")
    for path in ("/devices/status", "/devices/config", "/devices/credentials", f"/telemetry/{device.id}"):
        await device.get(path)
    await device.post("/devices/heartbeat")
    await ada.patch(f"/devices/{device.id}", {"status": "inactive"})
    await device.put("/devices/config", {"status": "active"})
