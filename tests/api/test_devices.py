"""Owners' routes for devices: registration, change, configuration, key rotation, deletion."""

import asyncio
import json
from collections import Counter

from tests.api.clients import DeviceClient, UserClient, new_device, new_group, submit
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"
FULL = {
    "name": "greenhouse 1",
    "device_type": "weather_station",
    "description": "by the door",
    "location": "Växthus",
    "firmware_version": "1.2.3",
    "hardware_version": "rev B",
    "online_window": 900,
}


async def test_registration(ada: UserClient) -> None:
    answer = await ada.send("POST", "/devices/register", json=FULL)
    device = answer.json()["device"]
    assert answer.status_code == 201
    key, device_id = device.pop("api_key"), device.pop("id")
    assert key.startswith("iot_")
    assert len(key) == 47
    rest = {"status": "inactive", "user_id": ada.user_id, "created_at": NOW, "updated_at": NOW, "last_seen": None}
    assert device == FULL | rest
    assert (await ada.get(f"/devices/{device_id}"))["device"] == device | {"id": device_id}
    bare = (await ada.post("/devices/register", {"name": "bare", "device_type": "x"}))["device"]
    assert [bare[name] for name in list(FULL)[2:]] == [None] * 5


async def test_keys_are_shown_once(ada: UserClient, admin: UserClient, device: DeviceClient) -> None:
    group_id = await new_group(ada)
    await ada.post(f"/groups/{group_id}/devices", {"device_id": device.id})
    seen = [
        await ada.get(f"/devices/{device.id}"),
        await ada.get(f"/devices/{device.id}/status"),
        await ada.get("/devices/user/me"),
        await ada.patch(f"/devices/{device.id}", {"location": "roof"}),
        await ada.get(f"/groups/{group_id}"),
        await admin.get("/admin/devices"),
        await admin.get(f"/admin/devices/{device.id}"),
        await device.get("/devices/credentials"),
        await device.get("/devices/status"),
    ]
    for answer in seen:
        assert device.key not in json.dumps(answer)
        assert "api_key" not in json.dumps(answer)


async def test_names_are_unique_and_case_sensitive_per_owner(ada: UserClient, bob: UserClient) -> None:
    first = await new_device(ada, "Pump")
    for name in ("pump", "Pump 2", "Pümp"):
        await new_device(ada, name)
    await new_device(bob, "Pump")
    body = {"name": "Pump", "device_type": "x"}
    await ada.refused(409, "POST", "/devices/register", body)
    other = await new_device(ada, "other")
    await ada.refused(409, "PATCH", f"/devices/{other.id}", {"name": "Pump", "location": "roof"})
    assert (await ada.get(f"/devices/{other.id}"))["device"]["location"] is None
    await ada.patch(f"/devices/{first.id}", {"name": "Pump"})
    await ada.delete(f"/devices/{first.id}")
    await ada.patch(f"/devices/{other.id}", {"name": "Pump"})


async def test_concurrent_registrations_of_one_name(ada: UserClient) -> None:
    body = {"name": "pump", "device_type": "x"}
    answers = await asyncio.gather(*(ada.send("POST", "/devices/register", json=body) for _ in range(5)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 4}


async def test_a_change_is_partial(ada: UserClient, clock: FakeClock) -> None:
    device = (await ada.post("/devices/register", FULL))["device"]
    del device["api_key"]
    path = f"/devices/{device['id']}"
    clock.advance(1)
    change = {"description": None, "location": "", "status": "maintenance"}
    after = device | change | {"updated_at": "2026-03-01T12:00:01.000Z"}
    assert (await ada.patch(path, change))["device"] == after
    assert (await ada.get(path))["device"] == after
    cleared = {"location": None, "firmware_version": None, "hardware_version": None, "online_window": None}
    assert (await ada.patch(path, cleared))["device"] == after | cleared
    assert (await ada.patch(path, {}))["device"]["name"] == FULL["name"]


async def test_lists_of_a_users_devices(ada: UserClient, bob: UserClient, admin: UserClient) -> None:
    devices = [await new_device(ada, f"d{number}") for number in range(4)]
    await new_device(bob)
    await submit(devices[1], t=1)
    await ada.patch(f"/devices/{devices[2].id}", {"status": "maintenance"})
    for caller, user_id in ((ada, "me"), (admin, ada.user_id)):
        path = f"/devices/user/{user_id}"
        answer = await caller.get(path)
        assert answer["user_id"] == ada.user_id
        assert [device["id"] for device in answer["devices"]] == [device.id for device in devices]
        assert answer["meta"] == {"total": 4, "limit": 100, "offset": 0}
        answer = await caller.get(path, limit=1, offset=2)
        assert [device["name"] for device in answer["devices"]] == ["d2"]
        assert answer["meta"] == {"total": 4, "limit": 1, "offset": 2}
        for status, expected in (("inactive", ["d0", "d3"]), ("active", ["d1"]), ("maintenance", ["d2"])):
            answer = await caller.get(path, status=status)
            assert [device["name"] for device in answer["devices"]] == expected
            assert answer["meta"]["total"] == len(expected)


async def test_the_newest_time_of_the_telemetry(ada: UserClient, device: DeviceClient) -> None:
    async def newest() -> str | None:
        shown: str | None = (await ada.get(f"/devices/{device.id}/status"))["device"]["latest_timestamp"]
        return shown

    assert await newest() is None
    await submit(device, at="2026-01-02T00:00:00Z", a=1)
    assert await newest() == "2026-01-02T00:00:00.000Z"
    await submit(device, at=12, b=1)
    assert await newest() == "2026-01-02T00:00:00.000Z"
    await device.delete(f"/telemetry/{device.id}", start_time="2026-01-01T00:00:00Z", stop_time="now")
    assert await newest() == "1970-01-01T00:00:12.000Z"


async def test_presence(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    async def presence() -> tuple[bool, str | None]:
        shown = (await ada.get(f"/devices/{device.id}/status"))["device"]
        assert (await ada.get(f"/devices/{device.id}"))["device"]["last_seen"] == shown["last_seen"]
        return shown["is_online"], shown["last_seen"]

    assert await presence() == (False, None)
    await device.refused(422, "POST", "/telemetry", {})
    assert await presence() == (True, NOW)
    clock.advance(299.999)
    assert await presence() == (True, NOW)
    clock.advance(0.001)
    assert await presence() == (False, NOW)
    await device.get(f"/telemetry/{device.id}")
    assert await presence() == (True, "2026-03-01T12:05:00.000Z")


async def test_presence_within_the_devices_online_window(
    ada: UserClient, admin: UserClient, device: DeviceClient, clock: FakeClock
) -> None:
    async def shown_online() -> set[bool | int]:
        status = (await ada.get(f"/devices/{device.id}/status"))["device"]["is_online"]
        (summary,) = (await admin.get("/admin/devices/statuses"))["devices"]
        total = (await admin.get("/admin/stats"))["devices"]["online"]
        return {status, summary["is_online"], total}

    await device.post("/devices/heartbeat")
    await ada.patch(f"/devices/{device.id}", {"online_window": 3_600})
    clock.advance(3_599.999)
    assert await shown_online() == {True}
    await ada.patch(f"/devices/{device.id}", {"online_window": 3_599})
    assert await shown_online() == {False}
    await device.get("/devices/status")
    clock.advance(299.999)
    await ada.patch(f"/devices/{device.id}", {"online_window": None})
    assert await shown_online() == {True}
    await ada.patch(f"/devices/{device.id}", {"online_window": 299})
    assert (await device.get("/devices/status"))["is_online"] is True
    for bad in (0, -1, 2_592_001, 1.5, "60", True):
        body = {"online_window": bad}
        assert await ada.wrong_fields("PATCH", f"/devices/{device.id}", body) == ["body.online_window"]


async def test_groups_of_a_device(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    assert await ada.get(f"/devices/{device.id}/groups") == {"device_id": device.id, "groups": []}
    ids = [await new_group(ada, name) for name in ("a", "b", "c")]
    for group_id in (ids[2], ids[0]):
        clock.advance(1)
        await ada.post(f"/groups/{group_id}/devices", {"device_id": device.id})
    groups = (await ada.get(f"/devices/{device.id}/groups"))["groups"]
    assert [(group["name"], group["added_at"], group["device_count"]) for group in groups] == [
        ("a", "2026-03-01T12:00:02.000Z", 1),
        ("c", "2026-03-01T12:00:01.000Z", 1),
    ]


async def test_a_new_key_replaces_the_former_at_once(ada: UserClient, device: DeviceClient) -> None:
    await device.post("/devices/heartbeat")
    for body in (None, {}, {"grace_seconds": 0}):
        rotated = (await ada.post(f"/devices/{device.id}/credentials/rotate", body))["device"]
        assert rotated["id"] == device.id
        await device.refused(401, "POST", "/devices/heartbeat")
        device = device.with_key(rotated)
        await device.post("/devices/heartbeat")


async def test_a_former_key_works_for_its_grace(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    path = f"/devices/{device.id}/credentials/rotate"
    clock.advance(10)
    second = device.with_key((await ada.post(path, {"grace_seconds": 60}))["device"])
    credentials = {"device_id": device.id, "name": "probe", "created_at": NOW}
    assert await device.get("/devices/credentials") == credentials | {
        "key_prefix": device.key[:12],
        "expires_at": "2026-03-01T12:01:10.000Z",
    }
    assert await second.get("/devices/credentials") == credentials | {
        "key_prefix": second.key[:12],
        "created_at": "2026-03-01T12:00:10.000Z",
        "expires_at": None,
    }
    clock.advance(59.999)
    await submit(device, t=1)
    third = device.with_key((await ada.post(path, {"grace_seconds": 2_592_000}))["device"])
    await device.refused(401, "GET", "/devices/credentials")
    for key in (second, third):
        await submit(key, t=2)
    clock.advance(2_591_999.999)
    await submit(second, t=3)
    clock.advance(0.001)
    await second.refused(401, "POST", "/telemetry", {"data": {"t": 4}})
    await submit(third, t=5)


async def test_config(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    path = f"/devices/{device.id}/config"
    config = {"device_id": device.id, "config_version": 1, "settings": {}, "updated_at": NOW}
    assert await ada.get(path) == config
    clock.advance(1)
    settings = {"interval": 60, "nested": {"list": [1, 2.5, None, True, "x"]}, "": ""}
    config |= {"config_version": 2, "settings": settings, "updated_at": "2026-03-01T12:00:01.000Z"}
    assert await ada.put(path, {"settings": settings}) == config
    assert await ada.get(path) == config
    assert await device.get("/devices/config") == config
    for wrong in (1, 3, 2**53 - 1):
        await ada.refused(409, "PUT", path, {"settings": {"a": 1}, "config_version": wrong})
    assert await ada.get(path) == config
    answer = await ada.put(path, {"settings": {"a": 1}, "config_version": 2})
    assert (answer["config_version"], answer["settings"]) == (3, {"a": 1})
    assert (await ada.put(path, {"settings": {}, "config_version": None}))["config_version"] == 4


async def test_versions_of_a_config(ada: UserClient, device: DeviceClient, clock: FakeClock) -> None:
    path = f"/devices/{device.id}/config"
    await ada.put(path, {"settings": {"interval": 60}})
    clock.advance(1)
    await device.put("/devices/config", {"settings": {"interval": 5}})
    of_ada, of_device = {"type": "user", "id": ada.user_id}, {"type": "device", "id": str(device.id)}
    versions = [
        {"config_version": 3, "updated_at": "2026-03-01T12:00:01.000Z", "actor": of_device},
        {"config_version": 2, "updated_at": NOW, "actor": of_ada},
        {"config_version": 1, "updated_at": NOW, "actor": of_ada},
    ]
    assert await ada.get(f"{path}/versions") == {"device_id": device.id, "versions": versions}
    former = {"device_id": device.id, "config_version": 2, "settings": {"interval": 60}, "updated_at": NOW}
    assert await ada.get(f"{path}/versions/2") == former
    restored = former | {"config_version": 4, "updated_at": "2026-03-01T12:00:01.000Z"}
    assert await ada.post(f"{path}/versions/2/restore") == restored
    assert await ada.get(path) == restored == await device.get("/devices/config")
    for number in range(17):
        await ada.put(path, {"settings": {"of": number}})
    kept = (await ada.get(f"{path}/versions"))["versions"]
    assert [version["config_version"] for version in kept] == [*range(21, 1, -1)]
    for missing in (1, 22):
        await ada.refused(404, "GET", f"{path}/versions/{missing}")
        await ada.refused(404, "POST", f"{path}/versions/{missing}/restore")
    assert (await ada.get(path))["config_version"] == 21


async def test_configs_changed_at_once(ada: UserClient, device: DeviceClient) -> None:
    path = f"/devices/{device.id}/config"
    bodies = [{"settings": {"by": number}, "config_version": 1} for number in range(5)]
    answers = await asyncio.gather(*(ada.send("PUT", path, json=body) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 4}
    assert (await ada.get(path))["config_version"] == 2


async def test_deletion(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, t=1)
    await device.get(f"/telemetry/{device.id}/latest")
    group_id = await new_group(ada)
    await ada.post(f"/groups/{group_id}/devices", {"device_id": device.id})
    await ada.delete(f"/devices/{device.id}")
    await device.refused(401, "POST", "/telemetry", {"data": {"t": 2}})
    for path in ("", "/status", "/groups", "/config"):
        await ada.refused(404, "GET", f"/devices/{device.id}{path}")
    for path in ("", "/latest"):
        await ada.refused(404, "GET", f"/telemetry/{device.id}{path}")
    await ada.refused(404, "DELETE", f"/devices/{device.id}")
    assert (await ada.get(f"/groups/{group_id}"))["group"]["device_count"] == 0
    assert (await ada.get("/telemetry/user/me"))["telemetry"] == []
    again = await new_device(ada)
    assert again.id > device.id
    assert (await again.get(f"/telemetry/{again.id}"))["data"] == []
