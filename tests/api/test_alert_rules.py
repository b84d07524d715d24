"""Alert rules: changes, lists, and what is refused."""

from typing import Any

import pytest

from tests.api.clients import DeviceClient, UserClient, events, submit
from tests.api.test_alerts import STORM, alerts_of, at, new_rule


async def test_rules_are_changed_listed_and_deleted(ada: UserClient, bob: UserClient, device: DeviceClient) -> None:
    rule = await new_rule(ada, device_id=device.id)
    path = f"/alert-rules/{rule['id']}"
    await submit(device, at=at(1), gust=50)
    changed = (await ada.put(path, {"condition": {**STORM, "value": 70}, "severity": "critical"}))["alert_rule"]
    assert changed["severity"] == "critical"
    assert changed["condition"]["value"] == 70
    assert changed["name"] == "Storm"
    await submit(device, at=at(2), gust=60)
    assert [alert["status"] for alert in await alerts_of(ada)] == ["resolved"]
    assert await ada.get("/alert-rules", device_id=device.id) == {
        "alert_rules": [changed],
        "meta": {"total": 1, "limit": 100, "offset": 0},
    }
    assert (await bob.get("/alert-rules"))["alert_rules"] == []
    for method in ("GET", "DELETE"):
        await bob.refused(404, method, path)
    await bob.refused(404, "PUT", path, {"enabled": False})
    await ada.delete(path)
    await ada.refused(404, "GET", path)
    for change in ("created", "deleted"):
        (event,) = await events(ada, 1, event_type=f"alert_rule.{change}", device_id=device.id)
        assert (event["details"]["rule_id"], event["details"]["name"]) == (rule["id"], "Storm")
    (event,) = await events(ada, 1, event_type="alert_rule.updated", device_id=device.id)
    assert sorted(event["details"]["changed"]) == ["condition", "severity"]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"condition": {"type": "threshold"}}, ["field", "op", "value"]),
        ({"condition": {**STORM, "z": 4}}, ["z"]),
        ({"condition": {**STORM, "op": "above"}}, ["op"]),
        ({"condition": {**STORM, "value": "high"}}, ["value"]),
        ({"condition": {**STORM, "value": None}}, ["value"]),
        ({"condition": {**STORM, "field": "a,b"}}, ["field"]),
        ({"condition": {**STORM, "op": "eq", "hysteresis": 1}}, ["hysteresis"]),
        ({"condition": {**STORM, "hysteresis": -1}}, ["hysteresis"]),
        ({"condition": {"type": "rate", "field": "x", "op": "gt", "value": True}}, ["value"]),
        ({"condition": {"type": "rate", "field": "x", "op": "gt", "value": 1, "per_second": 0}}, ["per_second"]),
        ({"condition": {"type": "anomaly", "field": "x", "z": 0.5}}, ["z"]),
        ({"condition": {"type": "offline", "after_seconds": 9}}, ["after_seconds"]),
        ({"condition": {"type": "offline", "after_seconds": 2_592_001}}, ["after_seconds"]),
        ({"condition": {"type": "no_data", "after_seconds": 60}}, ["field"]),
        ({"condition": {"type": "offline", "field": "x", "after_seconds": 60}}, ["field"]),
    ],
)
async def test_a_wrong_condition_is_refused_by_field(
    ada: UserClient, device: DeviceClient, change: dict[str, Any], fields: list[str]
) -> None:
    body = {"name": "x", "severity": "info", "device_id": device.id, "condition": STORM, **change}
    expected = [f"body.condition.{field}" for field in fields]
    assert await ada.wrong_fields("POST", "/alert-rules", body) == expected
    test = {"device_id": device.id, "condition": body["condition"]}
    assert await ada.wrong_fields("POST", "/alert-rules/test", test) == expected
    assert (await ada.get("/alert-rules"))["meta"]["total"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"for_seconds": 604_801}, "for_seconds"),
        ({"cooldown_seconds": -1}, "cooldown_seconds"),
        ({"cooldown_seconds": 2_592_001}, "cooldown_seconds"),
        ({"name": ""}, "name"),
        ({"severity": "high"}, "severity"),
        ({"group_id": 1}, "device_id"),
        ({"device_id": None}, "device_id"),
        ({"webhook": "x"}, "webhook"),
    ],
)
async def test_a_wrong_rule_is_refused_by_field(
    ada: UserClient, device: DeviceClient, change: dict[str, Any], field: str
) -> None:
    body = {"name": "x", "severity": "info", "device_id": device.id, "condition": STORM, **change}
    assert await ada.wrong_fields("POST", "/alert-rules", body) == [f"body.{field}"]
    assert (await ada.get("/alert-rules"))["meta"]["total"] == 0


async def test_a_rule_on_a_name_of_another_type_is_refused(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, gust="strong", door=True)
    body = {"name": "x", "severity": "info", "device_id": device.id, "condition": STORM}
    assert await ada.wrong_fields("POST", "/alert-rules", body) == ["body.condition.field"]
    door = await new_rule(ada, {**STORM, "field": "door", "op": "eq", "value": False}, device_id=device.id)
    change = {"condition": {**STORM, "field": "door"}}
    assert await ada.wrong_fields("PUT", f"/alert-rules/{door['id']}", change) == ["body.condition.field"]
    assert (await ada.get("/alert-rules"))["alert_rules"] == [door]


async def test_silence_is_a_condition_that_readings_never_fulfil(ada: UserClient, device: DeviceClient) -> None:
    conditions = [{"type": "offline", "after_seconds": 60}, {"type": "no_data", "field": "gust", "after_seconds": 60}]
    for condition in conditions:
        assert (await new_rule(ada, condition, device_id=device.id))["condition"] == condition
        test = {"device_id": device.id, "condition": condition}
        assert await ada.wrong_fields("POST", "/alert-rules/test", test) == ["body.condition.type"]
    await submit(device, gust=50)
    assert await alerts_of(ada) == []
