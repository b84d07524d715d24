"""Devices as their owners see them: registered, changed, configured, given new keys, deleted."""

import asyncio
import json
from collections import Counter

from tests.api.people import Person, Thing, new_device, new_group, submit
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"
FULL = {
    "name": "greenhouse 1",
    "device_type": "weather_station",
    "description": "by the door",
    "location": "Växthus",
    "firmware_version": "1.2.3",
    "hardware_version": "rev B",
}


async def test_registration(ada: Person) -> None:
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
    assert [bare[name] for name in list(FULL)[2:]] == [None] * 4


async def test_keys_are_shown_once(ada: Person, admin: Person, probe: Thing) -> None:
    group_id = await new_group(ada)
    await ada.post(f"/groups/{group_id}/devices", {"device_id": probe.id})
    seen = [
        await ada.get(f"/devices/{probe.id}"),
        await ada.get(f"/devices/{probe.id}/status"),
        await ada.get("/devices/user/me"),
        await ada.patch(f"/devices/{probe.id}", {"location": "roof"}),
        await ada.get(f"/groups/{group_id}"),
        await admin.get("/admin/devices"),
        await admin.get(f"/admin/devices/{probe.id}"),
        await probe.get("/devices/credentials"),
        await probe.get("/devices/status"),
    ]
    for answer in seen:
        assert probe.key not in json.dumps(answer)
        assert "api_key" not in json.dumps(answer)


async def test_names_are_unique_to_the_letter_among_an_owners(ada: Person, bob: Person) -> None:
    first = await new_device(ada, "Pump")
    for name in ("pump", "Pump ", "Pümp"):
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


async def test_one_name_wanted_at_once(ada: Person) -> None:
    body = {"name": "pump", "device_type": "x"}
    answers = await asyncio.gather(*(ada.send("POST", "/devices/register", json=body) for _ in range(5)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 4}


async def test_a_change_is_partial(ada: Person, clock: FakeClock) -> None:
    device = (await ada.post("/devices/register", FULL))["device"]
    del device["api_key"]
    path = f"/devices/{device['id']}"
    clock.advance(1)
    change = {"description": None, "location": "", "status": "maintenance"}
    after = device | change | {"updated_at": "2026-03-01T12:00:01.000Z"}
    assert (await ada.patch(path, change))["device"] == after
    assert (await ada.get(path))["device"] == after
    cleared = {"location": None, "firmware_version": None, "hardware_version": None}
    assert (await ada.patch(path, cleared))["device"] == after | cleared
    assert (await ada.patch(path, {}))["device"]["name"] == FULL["name"]


async def test_lists_of_a_users_devices(ada: Person, bob: Person, admin: Person) -> None:
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


async def test_presence(ada: Person, probe: Thing, clock: FakeClock) -> None:
    async def presence() -> tuple[bool, str | None]:
        device = (await ada.get(f"/devices/{probe.id}/status"))["device"]
        assert (await ada.get(f"/devices/{probe.id}"))["device"]["last_seen"] == device["last_seen"]
        return device["is_online"], device["last_seen"]

    assert await presence() == (False, None)
    await probe.refused(422, "POST", "/telemetry", {})
    assert await presence() == (True, NOW)
    clock.advance(299.999)
    assert await presence() == (True, NOW)
    clock.advance(0.001)
    assert await presence() == (False, NOW)
    await probe.get(f"/telemetry/{probe.id}")
    assert await presence() == (True, "2026-03-01T12:05:00.000Z")


async def test_groups_of_a_device(ada: Person, probe: Thing, clock: FakeClock) -> None:
    assert await ada.get(f"/devices/{probe.id}/groups") == {"device_id": probe.id, "groups": []}
    ids = [await new_group(ada, name) for name in ("a", "b", "c")]
    for group_id in (ids[2], ids[0]):
        clock.advance(1)
        await ada.post(f"/groups/{group_id}/devices", {"device_id": probe.id})
    groups = (await ada.get(f"/devices/{probe.id}/groups"))["groups"]
    assert [(group["name"], group["added_at"], group["device_count"]) for group in groups] == [
        ("a", "2026-03-01T12:00:02.000Z", 1),
        ("c", "2026-03-01T12:00:01.000Z", 1),
    ]


async def test_a_new_key_replaces_the_former_at_once(ada: Person, probe: Thing) -> None:
    await probe.post("/devices/heartbeat")
    for body in (None, {}, {"grace_seconds": 0}):
        device = (await ada.post(f"/devices/{probe.id}/credentials/rotate", body))["device"]
        assert device["id"] == probe.id
        await probe.refused(401, "POST", "/devices/heartbeat")
        probe = probe.with_key(device)
        await probe.post("/devices/heartbeat")


async def test_a_former_key_works_for_its_grace(ada: Person, probe: Thing, clock: FakeClock) -> None:
    path = f"/devices/{probe.id}/credentials/rotate"
    clock.advance(10)
    second = probe.with_key((await ada.post(path, {"grace_seconds": 60}))["device"])
    told = {"device_id": probe.id, "name": "probe", "created_at": NOW}
    assert await probe.get("/devices/credentials") == told | {
        "key_prefix": probe.key[:12],
        "expires_at": "2026-03-01T12:01:10.000Z",
    }
    assert await second.get("/devices/credentials") == told | {
        "key_prefix": second.key[:12],
        "created_at": "2026-03-01T12:00:10.000Z",
        "expires_at": None,
    }
    clock.advance(59.999)
    await submit(probe, t=1)
    third = probe.with_key((await ada.post(path, {"grace_seconds": 2_592_000}))["device"])
    await probe.refused(401, "GET", "/devices/credentials")
    for key in (second, third):
        await submit(key, t=2)
    clock.advance(2_591_999.999)
    await submit(second, t=3)
    clock.advance(0.001)
    await second.refused(401, "POST", "/telemetry", {"data": {"t": 4}})
    await submit(third, t=5)


async def test_config(ada: Person, probe: Thing, clock: FakeClock) -> None:
    path = f"/devices/{probe.id}/config"
    config = {"device_id": probe.id, "config_version": 1, "settings": {}, "updated_at": NOW}
    assert await ada.get(path) == config
    clock.advance(1)
    settings = {"interval": 60, "nested": {"list": [1, 2.5, None, True, "x"]}, "": ""}
    config |= {"config_version": 2, "settings": settings, "updated_at": "2026-03-01T12:00:01.000Z"}
    assert await ada.put(path, {"settings": settings}) == config
    assert await ada.get(path) == config
    assert await probe.get("/devices/config") == config
    for wrong in (1, 3, 2**53 - 1):
        await ada.refused(409, "PUT", path, {"settings": {"a": 1}, "config_version": wrong})
    assert await ada.get(path) == config
    answer = await ada.put(path, {"settings": {"a": 1}, "config_version": 2})
    assert (answer["config_version"], answer["settings"]) == (3, {"a": 1})
    assert (await ada.put(path, {"settings": {}, "config_version": None}))["config_version"] == 4


async def test_configs_changed_at_once(ada: Person, probe: Thing) -> None:
    path = f"/devices/{probe.id}/config"
    bodies = [{"settings": {"by": number}, "config_version": 1} for number in range(5)]
    answers = await asyncio.gather(*(ada.send("PUT", path, json=body) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 4}
    assert (await ada.get(path))["config_version"] == 2


async def test_deletion(ada: Person, probe: Thing) -> None:
    await submit(probe, t=1)
    await probe.get(f"/telemetry/{probe.id}/latest")
    group_id = await new_group(ada)
    await ada.post(f"/groups/{group_id}/devices", {"device_id": probe.id})
    await ada.delete(f"/devices/{probe.id}")
    await probe.refused(401, "POST", "/telemetry", {"data": {"t": 2}})
    for path in ("", "/status", "/groups", "/config"):
        await ada.refused(404, "GET", f"/devices/{probe.id}{path}")
    for path in ("", "/latest"):
        await ada.refused(404, "GET", f"/telemetry/{probe.id}{path}")
    await ada.refused(404, "DELETE", f"/devices/{probe.id}")
    assert (await ada.get(f"/groups/{group_id}"))["group"]["device_count"] == 0
    assert (await ada.get("/telemetry/user/me"))["telemetry"] == []
    again = await new_device(ada)
    assert again.id > probe.id
    assert (await again.get(f"/telemetry/{again.id}"))["data"] == []
