"""What a device asks and says of itself."""

from tests.api.people import Person, Thing
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"


async def test_status_and_heartbeat(probe: Thing, clock: FakeClock) -> None:
    status = {"device_id": probe.id, "name": "probe", "status": "inactive", "is_online": True, "last_seen": NOW}
    assert await probe.get("/devices/status") == status
    clock.advance(1_000)
    later = "2026-03-01T12:16:40.000Z"
    assert await probe.post("/devices/heartbeat") == {"device_id": probe.id, "timestamp": later}
    assert await probe.get("/devices/status") == status | {"last_seen": later}


async def test_own_config(ada: Person, probe: Thing, clock: FakeClock) -> None:
    await ada.put(f"/devices/{probe.id}/config", {"settings": {"interval": 60}})
    config = {"device_id": probe.id, "config_version": 2, "settings": {"interval": 60}, "updated_at": NOW}
    assert await probe.get("/devices/config") == config
    clock.advance(1)
    config |= {"config_version": 3, "updated_at": "2026-03-01T12:00:01.000Z"}
    change = {"location": "roof", "firmware_version": "2.0", "hardware_version": "C", "status": "active"}
    assert await probe.put("/devices/config", change) == config
    device = (await ada.get(f"/devices/{probe.id}"))["device"]
    assert {name: device[name] for name in change} == change
    answer = await probe.put("/devices/config", {"settings": {"new": [1]}, "location": None})
    assert (answer["config_version"], answer["settings"]) == (4, {"new": [1]})
    device = (await ada.get(f"/devices/{probe.id}"))["device"]
    assert (device["location"], device["firmware_version"]) == (None, "2.0")


async def test_a_device_cannot_end_its_maintenance(ada: Person, probe: Thing) -> None:
    await probe.put("/devices/config", {"status": "maintenance"})
    for status in ("active", "inactive"):
        body = {"status": status, "location": "roof", "settings": {"a": 1}}
        await probe.refused(403, "PUT", "/devices/config", body)
    answer = await probe.put("/devices/config", {"status": "maintenance", "location": "cellar"})
    assert (answer["config_version"], answer["settings"]) == (3, {})
    device = (await ada.get(f"/devices/{probe.id}"))["device"]
    assert (device["status"], device["location"]) == ("maintenance", "cellar")
    for path in ("/devices/status", "/devices/config", "/devices/credentials", f"/telemetry/{probe.id}"):
        await probe.get(path)
    await probe.post("/devices/heartbeat")
    await ada.patch(f"/devices/{probe.id}", {"status": "inactive"})
    await probe.put("/devices/config", {"status": "active"})
