"""Administrators' routes for all devices, and the totals."""

from tests.api.clients import DeviceClient, UserClient, new_device, new_group, submit
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"


async def names(admin: UserClient, **query: object) -> list[str]:
    answer = await admin.get("/admin/devices", **query)
    assert answer["meta"]["total"] >= len(answer["devices"])
    return [device["name"] for device in answer["devices"]]


async def test_all_devices_and_their_filters(ada: UserClient, bob: UserClient, admin: UserClient) -> None:
    pump = await new_device(ada, "Pump 100%", "pump")
    await new_device(ada, "pump_2", "pump")
    await new_device(ada, "SENSOR", "Pump")
    theirs = await new_device(bob, "pump 1000", "pump")
    await submit(pump, t=1)
    await bob.patch(f"/devices/{theirs.id}", {"status": "maintenance"})
    assert await names(admin) == ["Pump 100%", "pump_2", "SENSOR", "pump 1000"]
    assert await names(admin, user_id=bob.user_id) == ["pump 1000"]
    assert await names(admin, user_id="00000000-0000-0000-0000-000000000000") == []
    assert await names(admin, user_id="me") == []
    assert await names(admin, status="inactive") == ["pump_2", "SENSOR"]
    assert await names(admin, device_type="pump") == ["Pump 100%", "pump_2", "pump 1000"]
    assert await names(admin, q="PUMP") == ["Pump 100%", "pump_2", "pump 1000"]
    assert await names(admin, q="ens") == ["SENSOR"]
    for literal, found in (("100%", ["Pump 100%"]), ("%", ["Pump 100%"]), ("_", ["pump_2"]), ("\\", []), ("'", [])):
        assert await names(admin, q=literal) == found
    assert await names(admin, q="pump", device_type="pump", status="maintenance", user_id=bob.user_id) == ["pump 1000"]
    answer = await admin.get("/admin/devices", limit=2, offset=1)
    assert [device["name"] for device in answer["devices"]] == ["pump_2", "SENSOR"]
    assert answer["meta"] == {"total": 4, "limit": 2, "offset": 1}


async def test_the_name_filter_ignores_case(ada: UserClient, admin: UserClient) -> None:
    await new_device(ada, "Wärmepumpe ÅÄÖ")
    for part in ("wärme", "WÄRME", "åäö", "ÅÄÖ"):
        assert await names(admin, q=part) == ["Wärmepumpe ÅÄÖ"], part


async def test_statuses(ada: UserClient, admin: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    other = await new_device(ada, "other", "light")
    await submit(device, t=1)
    clock.advance(200)
    await other.post("/devices/heartbeat")
    clock.advance(150)
    answer = await admin.get("/admin/devices/statuses")
    assert answer["devices"] == [
        {
            "id": device.id,
            "name": "probe",
            "device_type": "sensor",
            "status": "active",
            "is_online": False,
            "last_seen": NOW,
        },
        {
            "id": other.id,
            "name": "other",
            "device_type": "light",
            "status": "inactive",
            "is_online": True,
            "last_seen": "2026-03-01T12:03:20.000Z",
        },
    ]
    assert answer["meta"] == {"total": 2, "limit": 100, "offset": 0}
    assert [row["id"] for row in (await admin.get("/admin/devices/statuses", offset=1))["devices"]] == [other.id]


async def test_a_device_of_another_user(ada: UserClient, admin: UserClient, device: DeviceClient) -> None:
    path = f"/admin/devices/{device.id}"
    shown = (await ada.get(f"/devices/{device.id}"))["device"]
    shown["rate_limits"] = None
    assert (await admin.get(path))["device"] == shown
    change = {"name": "renamed", "location": "roof", "status": "maintenance"}
    assert (await admin.put(path, change))["device"] == shown | change
    await new_device(ada, "taken")
    await admin.refused(409, "PUT", path, {"name": "taken"})
    for status in ("maintenance", "inactive", "active"):
        assert (await admin.put(f"{path}/status", {"status": status}))["device"]["status"] == status
    await admin.delete(path)
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        await admin.refused(404, method, path, body)
    await admin.refused(404, "PUT", f"{path}/status", {"status": "active"})
    await device.refused(401, "POST", "/devices/heartbeat")


async def test_totals(ada: UserClient, bob: UserClient, admin: UserClient, clock: FakeClock) -> None:
    before = await admin.get("/admin/stats")
    assert before["users"] == {"total": 3, "active": 3}
    assert before["devices"] == {"total": 0, "active": 0, "inactive": 0, "maintenance": 0, "online": 0}
    assert before["telemetry"] == {"points_last_hour": 0, "points_last_day": 0}
    first, second, third = [await new_device(ada, f"d{number}") for number in range(3)]
    await submit(first, a=1, b=2)
    await second.post("/telemetry/batch", [{"timestamp": second_, "data": {"a": 1}} for second_ in range(1, 6)])
    await ada.patch(f"/devices/{second.id}", {"status": "maintenance"})
    await new_group(ada)
    await admin.patch(f"/users/{bob.user_id}/deactivate")
    stats = await admin.get("/admin/stats")
    assert stats["users"] == {"total": 3, "active": 2}
    assert stats["devices"] == {"total": 3, "active": 1, "inactive": 1, "maintenance": 1, "online": 2}
    assert stats["groups"] == {"total": 1}
    assert stats["telemetry"] == {"points_last_hour": 7, "points_last_day": 7}
    clock.advance(7_200)
    await third.post("/devices/heartbeat")
    stats = await admin.get("/admin/stats")
    assert stats["devices"]["online"] == 1
    assert stats["telemetry"] == {"points_last_hour": 0, "points_last_day": 7}
    assert stats["stores"].keys() == {"sql", "telemetry", "documents", "cache"}
    for store in stats["stores"].values():
        assert store.keys() == {"available", "role", "backend"}
        assert store["available"] is True


async def test_the_hit_rate(ada: UserClient, admin: UserClient, device: DeviceClient) -> None:
    await submit(device, t=1)
    before = (await admin.get("/admin/stats"))["cache"]
    assert before["hit_rate"] == before["hits"] / (before["hits"] + before["misses"])
    for _ in range(10):
        await device.get(f"/telemetry/{device.id}/latest")
    after = (await admin.get("/admin/stats"))["cache"]
    assert after["hits"] > before["hits"]
    assert 0 <= before["hit_rate"] < after["hit_rate"] < 1
