"""Groups of devices."""

import asyncio
from collections import Counter

from tests.api.clients import UserClient, new_device, new_group, submit
from tests.clock import FakeClock

NOW = "2026-03-01T12:00:00.000Z"


async def test_create_change_and_delete(ada: UserClient, clock: FakeClock) -> None:
    fields = {"name": "Greenhouse", "description": "all of it", "color": "#1E90ff"}
    answer = await ada.send("POST", "/groups", json=fields)
    group = answer.json()["group"]
    assert answer.status_code == 201
    path = f"/groups/{group['id']}"
    rest = {"user_id": ada.user_id, "device_count": 0, "created_at": NOW, "updated_at": NOW, "id": group["id"]}
    assert group == fields | rest
    assert (await ada.get(path))["group"] == group | {"devices": []}
    clock.advance(1)
    change = {"description": None, "color": None}
    group |= change | {"updated_at": "2026-03-01T12:00:01.000Z"}
    assert (await ada.put(path, change))["group"] == group
    assert (await ada.put(path, {"name": "House"}))["group"] == group | {"name": "House"}
    await ada.delete(path)
    await ada.refused(404, "GET", path)
    await ada.refused(404, "DELETE", path)
    await ada.refused(404, "PUT", path, {})
    assert await new_group(ada) > group["id"]


async def test_names_are_unique_per_owner(ada: UserClient, bob: UserClient) -> None:
    first = await new_group(ada, "shed")
    await new_group(ada, "Shed")
    await new_group(bob, "shed")
    other = await new_group(ada, "other")
    await ada.refused(409, "POST", "/groups", {"name": "shed"})
    await ada.refused(409, "PUT", f"/groups/{other}", {"name": "shed"})
    await ada.put(f"/groups/{first}", {"name": "shed"})
    answers = await asyncio.gather(*(ada.send("POST", "/groups", json={"name": "new"}) for _ in range(4)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 3}


async def test_a_list_has_the_callers_groups_only(ada: UserClient, bob: UserClient, admin: UserClient) -> None:
    mine = [await new_group(ada, name) for name in ("c", "a", "b")]
    await new_group(bob)
    device = await new_device(ada)
    await ada.post(f"/groups/{mine[1]}/devices", {"device_id": device.id})
    answer = await ada.get("/groups")
    assert [(group["id"], group["device_count"], group.get("devices")) for group in answer["groups"]] == [
        (mine[0], 0, None),
        (mine[1], 1, None),
        (mine[2], 0, None),
    ]
    assert answer["meta"] == {"total": 3, "limit": 100, "offset": 0}
    answer = await ada.get("/groups", include_devices="true", limit=1, offset=1)
    [group] = answer["groups"]
    assert [(member["id"], member["added_at"]) for member in group["devices"]] == [(device.id, NOW)]
    assert answer["meta"] == {"total": 3, "limit": 1, "offset": 1}
    assert (await admin.get("/groups"))["groups"] == []
    admins = await new_group(admin)
    assert [group["id"] for group in (await admin.get("/groups"))["groups"]] == [admins]


async def test_members(ada: UserClient, bob: UserClient, admin: UserClient, clock: FakeClock) -> None:
    group_id = await new_group(ada)
    path = f"/groups/{group_id}/devices"
    first, second, third = [await new_device(ada, f"d{number}", f"type{number % 2}") for number in range(3)]
    theirs = await new_device(bob)
    admins = await new_device(admin)
    answer = await ada.send("POST", path, json={"device_id": second.id})
    assert answer.status_code == 201
    assert answer.json() == {"membership": {"group_id": group_id, "device_id": second.id, "added_at": NOW}}
    await ada.refused(409, "POST", path, {"device_id": second.id})
    for unknown in (theirs.id, admins.id, 999):
        await ada.refused(404, "POST", path, {"device_id": unknown})
        await admin.refused(404, "POST", path, {"device_id": unknown})
    clock.advance(1)
    await admin.post(path, {"device_id": first.id})
    answer = await ada.get(path)
    assert (answer["group_id"], answer["group_name"]) == (group_id, "shed")
    assert [(member["id"], member["added_at"]) for member in answer["devices"]] == [
        (first.id, "2026-03-01T12:00:01.000Z"),
        (second.id, NOW),
    ]
    assert (await ada.get(f"/groups/{group_id}"))["group"]["devices"] == answer["devices"]
    await ada.delete(f"{path}/{second.id}")
    await ada.refused(404, "DELETE", f"{path}/{second.id}")
    await ada.refused(404, "DELETE", f"{path}/{third.id}")
    await bob.refused(404, "DELETE", f"{path}/{first.id}")
    assert (await ada.get(f"/groups/{group_id}"))["group"]["device_count"] == 1
    await ada.delete(f"/groups/{group_id}")
    await ada.get(f"/devices/{first.id}")


async def test_many_members(ada: UserClient, bob: UserClient) -> None:
    group_id = await new_group(ada)
    path = f"/groups/{group_id}/devices"
    mine = [(await new_device(ada, f"d{number}")).id for number in range(4)]
    theirs = (await new_device(bob)).id
    await ada.post(path, {"device_id": mine[2]})
    wanted = [mine[3], theirs, mine[2], 999, mine[0], mine[3], 2**53 - 1]
    answer = await ada.send("POST", f"{path}/bulk", json={"device_ids": wanted})
    assert answer.status_code == 201
    assert answer.json() == {
        "added": [mine[3], mine[0]],
        "skipped": [mine[2]],
        "not_found": [theirs, 999, 2**53 - 1],
    }
    assert [device["id"] for device in (await ada.get(path))["devices"]] == [mine[0], mine[2], mine[3]]
    answer = await ada.post(f"{path}/bulk", {"device_ids": list(range(1, 1_001))})
    assert answer["added"] == [mine[1]]
    assert (len(answer["skipped"]), len(answer["not_found"])) == (3, 996)


async def test_filters_and_pages_of_members(ada: UserClient) -> None:
    group_id = await new_group(ada)
    path = f"/groups/{group_id}/devices"
    devices = [await new_device(ada, f"d{number}", f"type{number % 2}") for number in range(5)]
    await ada.post(f"{path}/bulk", {"device_ids": [device.id for device in devices]})
    await submit(devices[1], t=1)
    await submit(devices[2], t=1)

    async def listed(**query: object) -> tuple[list[str], int]:
        answer = await ada.get(path, **query)
        return [device["name"] for device in answer["devices"]], answer["meta"]["total"]

    assert await listed(limit=2, offset=1) == (["d1", "d2"], 5)
    assert await listed(status="active") == (["d1", "d2"], 2)
    assert await listed(device_type="type0") == (["d0", "d2", "d4"], 3)
    assert await listed(device_type="type0", status="inactive", limit=1, offset=1) == (["d4"], 2)
    assert await listed(device_type="TYPE0") == ([], 0)


async def test_members_are_shown_with_their_current_data(ada: UserClient, clock: FakeClock) -> None:
    group_id = await new_group(ada)
    device = await new_device(ada)
    await ada.post(f"/groups/{group_id}/devices", {"device_id": device.id})
    await submit(device, t=1)
    now = (await ada.get(f"/devices/{device.id}"))["device"] | {"added_at": NOW}
    assert (now["status"], now["last_seen"]) == ("active", NOW)
    assert (await ada.get(f"/groups/{group_id}"))["group"]["devices"] == [now]
    assert (await ada.get(f"/groups/{group_id}/devices"))["devices"] == [now]
    assert (await ada.get("/groups", include_devices="true"))["groups"][0]["devices"] == [now]
