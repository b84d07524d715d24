"""Alert rules, and the alerts that they raise as readings arrive."""

import asyncio
from typing import Any

import pytest

from tests.api.clients import ApiClient, DeviceClient, UserClient, new_device, new_group, submit
from tests.api.service import Service
from tests.waiting import wait_until

STORM = {"type": "threshold", "field": "gust", "op": "gt", "value": 45}


async def new_rule(owner: ApiClient, condition: dict[str, Any] = STORM, **fields: Any) -> dict[str, Any]:
    """Create a rule and return it."""
    body = {"name": "Storm", "severity": "warning", "condition": condition, **fields}
    rule: dict[str, Any] = (await owner.post("/alert-rules", body))["alert_rule"]
    return rule


async def alerts_of(reader: ApiClient, **query: Any) -> list[dict[str, Any]]:
    """Return the alerts that match, in the order in which they fired: the clock of the test stands still."""
    found: list[dict[str, Any]] = (await reader.get("/alerts", limit=1_000, **query))["alerts"]
    return sorted(found, key=lambda alert: alert["fired_at"] or "")


async def test_a_reading_over_the_threshold_raises_one_alert_that_clears_by_itself(
    ada: UserClient, device: DeviceClient
) -> None:
    rule = await new_rule(ada, device_id=device.id)
    assert (await ada.get(f"/alert-rules/{rule['id']}"))["alert_rule"] == rule
    await submit(device, at="2026-01-01T00:00:00Z", gust=45)
    assert await alerts_of(ada) == []
    await submit(device, at="2026-01-01T00:00:10Z", gust=45.5)
    (alert,) = await alerts_of(ada)
    assert alert["rule_id"] == rule["id"]
    assert (alert["device_id"], alert["user_id"]) == (device.id, ada.user_id)
    assert (alert["alert_type"], alert["severity"], alert["status"]) == ("threshold_exceeded", "warning", "active")
    assert alert["message"] == "Storm: gust is 45.5, greater than 45"
    assert alert["details"] == {"rule": "Storm", "signal": 45.5}
    assert alert["fired_at"] == "2026-01-01T00:00:10.000Z"
    for second in range(11, 16):
        await submit(device, at=f"2026-01-01T00:00:{second}Z", gust=60)
    await submit(device, at="2026-01-01T00:00:20Z", gust=20)
    (alert,) = await alerts_of(ada)
    assert (alert["status"], alert["count"]) == ("resolved", 6)
    assert alert["resolved_at"] is not None


def at(second: int) -> str:
    """Return a time of the first hour of 2026."""
    return f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000Z"


async def test_a_condition_must_hold_for_some_seconds_and_the_rule_cools_down(
    ada: UserClient, device: DeviceClient
) -> None:
    await new_rule(ada, device_id=device.id, for_seconds=60, cooldown_seconds=300)
    for second, gust in ((0, 50), (30, 40), (40, 50), (99, 50), (100, 50), (110, 40), (120, 50), (409, 50), (410, 50)):
        await submit(device, at=at(second), gust=gust)
    assert [(alert["fired_at"], alert["status"]) for alert in await alerts_of(ada)] == [
        (at(100), "resolved"),
        (at(410), "active"),
    ]


async def test_an_alert_clears_within_the_hysteresis(ada: UserClient, device: DeviceClient) -> None:
    await new_rule(ada, {**STORM, "hysteresis": 5}, device_id=device.id)
    for second, gust in enumerate((46, 41, 40.5)):
        await submit(device, at=at(second), gust=gust)
    assert [alert["status"] for alert in await alerts_of(ada)] == ["active"]
    await submit(device, at=at(9), gust=40)
    assert [alert["status"] for alert in await alerts_of(ada)] == ["resolved"]


async def test_late_readings_raise_nothing_for_the_past(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, at=at(100), gust=10)
    await new_rule(ada, device_id=device.id)
    await submit(device, at=at(50), gust=99)
    await submit(device, at=at(110), gust=10)
    await submit(device, at=at(105), gust=99)
    assert await alerts_of(ada) == []


async def test_a_batch_is_evaluated_in_order_of_event_time(ada: UserClient, device: DeviceClient) -> None:
    await new_rule(ada, device_id=device.id)
    gusts = {30: 10, 10: 50, 20: 60, 40: 70}
    await device.post("/telemetry/batch", [{"timestamp": at(s), "data": {"gust": gust}} for s, gust in gusts.items()])
    assert [(alert["fired_at"], alert["count"]) for alert in await alerts_of(ada)] == [(at(10), 2), (at(40), 1)]


@pytest.mark.parametrize(
    ("condition", "readings", "fired"),
    [
        ({"type": "rate", "field": "x", "op": "lt", "value": -2, "per_second": 10}, {0: 9, 10: 7, 20: 4, 30: 4}, [20]),
        ({"type": "threshold", "field": "x", "op": "eq", "value": True}, {0: False, 1: 1, 2: True, 3: True}, [2]),
        ({"type": "threshold", "field": "x", "op": "ne", "value": "shut"}, {0: "shut", 1: 5, 2: "open"}, [2]),
        ({"type": "threshold", "field": "x", "op": "le", "value": 0}, {0: 1, 1: -0.0, 2: True}, [1]),
        ({"type": "anomaly", "field": "x", "z": 4}, {s: s % 2 for s in range(40)} | {40: 9, 41: 1}, [40]),
        ({"type": "anomaly", "field": "x", "z": 4}, {s: s % 2 for s in range(20)} | {20: 9, 21: 1}, []),
    ],
)
async def test_each_condition(
    ada: UserClient, device: DeviceClient, condition: dict[str, Any], readings: dict[int, Any], fired: list[int]
) -> None:
    rule = await new_rule(ada, condition, device_id=device.id)
    assert {**rule["condition"], **condition} == rule["condition"]
    records = [{"timestamp": at(second), "data": {"x": value}} for second, value in readings.items()]
    await device.post("/telemetry/batch", records)
    assert [alert["fired_at"] for alert in await alerts_of(ada)] == [at(second) for second in fired]
    test = {"device_id": device.id, "condition": condition, "start_time": at(0), "end_time": at(3_000)}
    replay = await ada.post("/alert-rules/test", test)
    assert [firing["fired_at"] for firing in replay["firings"]] == [at(second) for second in fired]
    assert (replay["records"], replay["next_time"]) == (len(readings), None)


async def test_one_alert_for_fifty_concurrent_readings_over_the_threshold(
    ada: UserClient, device: DeviceClient
) -> None:
    await new_rule(ada, device_id=device.id)
    await asyncio.gather(*(submit(device, at=at(second), gust=50) for second in range(50)))
    (alert,) = await alerts_of(ada)
    assert alert["status"] == "active"


async def test_a_rule_of_a_group_covers_devices_while_they_are_in_it(ada: UserClient, device: DeviceClient) -> None:
    group = await new_group(ada)
    await new_rule(ada, group_id=group)
    late = await new_device(ada, "late")
    for one in (device, late):
        await submit(one, at=at(1), gust=50)
    assert await alerts_of(ada) == []
    await ada.post(f"/groups/{group}/devices", {"device_id": device.id})
    await ada.post(f"/groups/{group}/devices/bulk", {"device_ids": [late.id]})
    for one in (device, late):
        await submit(one, at=at(2), gust=50)
    assert sorted(alert["device_id"] for alert in await alerts_of(ada)) == sorted([device.id, late.id])
    await ada.delete(f"/groups/{group}/devices/{late.id}")
    another = await new_device(ada, "another")
    await submit(late, at=at(3), gust=10)
    await submit(late, at=at(4), gust=50)
    await submit(another, at=at(4), gust=50)
    assert len(await alerts_of(ada)) == 2
    await ada.delete(f"/groups/{group}")
    assert (await ada.get("/alert-rules"))["meta"]["total"] == 0
    await submit(device, at=at(5), gust=10)
    await submit(device, at=at(6), gust=50)
    assert len(await alerts_of(ada)) == 2


async def test_the_life_cycle(ada: UserClient, bob: UserClient, admin: UserClient, device: DeviceClient) -> None:
    body = {"device_id": device.id, "severity": "info", "message": "The filter is due", "details": {"since": 3}}
    alert = (await ada.post("/alerts", {**body, "alert_type": "maintenance"}))["alert"]
    assert (alert["rule_id"], alert["alert_type"], alert["details"]) == (None, "maintenance", {"since": 3})
    path = f"/alerts/{alert['id']}"
    assert (await admin.get(path))["alert"] == alert
    for method, of_bob in (("GET", path), ("POST", f"{path}/acknowledge"), ("POST", f"{path}/resolve")):
        await bob.refused(404, method, of_bob)
    assert await alerts_of(bob) == []
    assert await alerts_of(admin) == [alert]
    acknowledged = (await ada.post(f"{path}/acknowledge"))["alert"]
    assert (acknowledged["status"], acknowledged["acknowledged_by"]) == ("acknowledged", ada.user_id)
    await ada.refused(409, "POST", f"{path}/acknowledge")
    resolved = (await ada.post(f"{path}/resolve"))["alert"]
    assert resolved["status"] == "resolved"
    assert resolved["resolved_at"] is not None
    for move in ("acknowledge", "resolve"):
        await ada.refused(409, "POST", f"{path}/{move}")
    await ada.refused(404, "GET", "/alerts/7d4648ac-9637-5bd6-8054-2b3ba810c016")


async def test_an_alert_resolved_by_hand_is_raised_again_after_its_condition_cleared(
    ada: UserClient, device: DeviceClient
) -> None:
    await new_rule(ada, device_id=device.id)
    await submit(device, at=at(1), gust=50)
    (first,) = await alerts_of(ada)
    await ada.post(f"/alerts/{first['id']}/acknowledge")
    await ada.post(f"/alerts/{first['id']}/resolve")
    await submit(device, at=at(2), gust=50)
    assert len(await alerts_of(ada)) == 1
    await submit(device, at=at(3), gust=5)
    await submit(device, at=at(4), gust=50)
    assert [alert["status"] for alert in await alerts_of(ada)] == ["resolved", "active"]


async def test_the_list_is_filtered_and_paged(ada: UserClient, device: DeviceClient, service: Service) -> None:
    other = await new_device(ada, "other")
    made = []
    for number in range(7):
        service.clock.advance(number % 2)
        body = {"device_id": (device, other)[number % 2].id, "severity": ("info", "error")[number // 4], "message": "x"}
        made.append((await ada.post("/alerts", body))["alert"])
    await ada.post(f"/alerts/{made[0]['id']}/resolve")
    of_other = {alert["id"] for alert in await alerts_of(ada, device_id=other.id)}
    assert of_other == {one["id"] for one in made[1::2]}
    assert len(await alerts_of(ada, severity="error")) == 3
    assert len(await alerts_of(ada, status="active")) == 6
    assert await alerts_of(ada, alert_type="anomaly") == []
    seen = [alert["id"] for page in await pages_of(ada, limit=3, status="active") for alert in page]
    expected = sorted(made[1:], key=lambda one: (one["created_at"], one["id"]), reverse=True)
    assert seen == [one["id"] for one in expected]
    assert await ada.wrong_fields("GET", "/alerts", params={"cursor": "x"}) == ["query.cursor"]


async def pages_of(reader: ApiClient, **query: Any) -> list[list[dict[str, Any]]]:
    """Return all pages of the list of alerts."""
    answer = await reader.get("/alerts", **query)
    pages = [answer["alerts"]]
    while (cursor := answer["next_cursor"]) is not None:
        answer = await reader.get("/alerts", **query, cursor=cursor)
        pages.append(answer["alerts"])
    return pages


async def test_a_page_ends_early_for_large_details(ada: UserClient, device: DeviceClient) -> None:
    details = {f"text {number}": "x" * 4_000 for number in range(4)}
    large = {"device_id": device.id, "severity": "info", "message": "x", "details": details}
    made = [(await ada.post("/alerts", large))["alert"] for _ in range(120)]
    pages = await pages_of(ada, limit=1_000)
    assert len(pages) == 2
    listed = [alert for page in pages for alert in page]
    assert sorted(alert["id"] for alert in listed) == sorted(alert["id"] for alert in made)
    assert listed[0] == made[[one["id"] for one in made].index(listed[0]["id"])]


@pytest.mark.parametrize("end", ["delete", "disable"])
async def test_open_alerts_of_a_rule_that_ends_are_resolved(ada: UserClient, device: DeviceClient, end: str) -> None:
    rule = await new_rule(ada, device_id=device.id)
    await submit(device, at=at(1), gust=50)
    if end == "delete":
        await ada.delete(f"/alert-rules/{rule['id']}")
    else:
        await ada.put(f"/alert-rules/{rule['id']}", {"enabled": False})

    async def resolved() -> bool:
        return [alert["status"] for alert in await alerts_of(ada)] == ["resolved"]

    await wait_until(resolved, 10)
    await submit(device, at=at(2), gust=1)
    await submit(device, at=at(3), gust=50)
    assert len(await alerts_of(ada)) == 1


@pytest.mark.parametrize("end", ["the device leaves", "the group is deleted"])
async def test_open_alerts_of_a_rule_of_a_group_are_resolved_with_the_membership(ada: UserClient, end: str) -> None:
    members = [await new_device(ada, name) for name in ("one", "two")]
    group_id = await new_group(ada)
    await ada.post(f"/groups/{group_id}/devices/bulk", {"device_ids": [member.id for member in members]})
    await new_rule(ada, group_id=group_id)
    for member in members:
        await submit(member, at=at(1), gust=50)
    left = "active" if end == "the device leaves" else "resolved"
    path = f"/groups/{group_id}"
    await ada.delete(path if left == "resolved" else f"{path}/devices/{members[0].id}")

    async def resolved() -> bool:
        found = [[alert["status"] for alert in await alerts_of(ada, device_id=member.id)] for member in members]
        return found == [["resolved"], [left]]

    await wait_until(resolved, 10)


async def test_alerts_go_with_their_device(ada: UserClient, device: DeviceClient) -> None:
    await new_rule(ada, device_id=device.id)
    await submit(device, at=at(1), gust=50)
    assert len(await alerts_of(ada)) == 1
    await ada.delete(f"/devices/{device.id}")

    async def gone() -> bool:
        return await alerts_of(ada) == []

    await wait_until(gone, 10)
    assert (await ada.get("/alert-rules"))["alert_rules"] == []
