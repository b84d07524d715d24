"""Names and passwords: composed and decomposed letters are the same, and names are readable."""

from typing import Any

import pytest

from tests.api.clients import ApiClient, DeviceClient, UserClient, login, new_device, new_group, submit

COMPOSED, DECOMPOSED = "Temp\u00e9rature", "Tempe\u0301rature"
UNREADABLE = [" ", "\u200b", "a\nb", "a\u2028b", "\u202eb", "\u3164", "\u0301", " a", "a\u00a0", "x" * 129]


@pytest.mark.parametrize("name", UNREADABLE, ids=ascii)
async def test_names_of_devices_and_groups_are_readable(ada: UserClient, device: DeviceClient, name: str) -> None:
    group_id = await new_group(ada)
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/devices/register", {"name": name, "device_type": "sensor"}),
        ("PATCH", f"/devices/{device.id}", {"name": name}),
        ("POST", "/groups", {"name": name}),
        ("PUT", f"/groups/{group_id}", {"name": name}),
    ]
    for method, path, body in bodies:
        assert await ada.wrong_fields(method, path, body) == ["body.name"]


async def test_a_name_of_a_device_is_taken_in_either_form(ada: UserClient, admin: UserClient) -> None:
    device = await new_device(ada, DECOMPOSED)
    assert device.name == COMPOSED
    await ada.refused(409, "POST", "/devices/register", {"name": COMPOSED, "device_type": "sensor"})
    other = await new_device(ada, "other")
    await ada.refused(409, "PATCH", f"/devices/{other.id}", {"name": DECOMPOSED})
    for part in (COMPOSED, DECOMPOSED):
        found = await admin.get("/admin/devices", q=part)
        assert [one["id"] for one in found["devices"]] == [device.id]


async def test_a_name_of_a_group_is_taken_in_either_form(ada: UserClient) -> None:
    group_id = await new_group(ada, DECOMPOSED)
    assert (await ada.get(f"/groups/{group_id}"))["group"]["name"] == COMPOSED
    await ada.refused(409, "POST", "/groups", {"name": COMPOSED})
    other = await new_group(ada, "other")
    await ada.refused(409, "PUT", f"/groups/{other}", {"name": DECOMPOSED})


@pytest.mark.parametrize("first", [COMPOSED, DECOMPOSED], ids=["composed", "decomposed"])
async def test_a_measurement_is_one_in_either_form(ada: UserClient, device: DeviceClient, first: str) -> None:
    second = DECOMPOSED if first == COMPOSED else COMPOSED
    await submit(device, at="2026-03-01T11:00:00Z", **{first: 1})
    batch = [{"timestamp": "2026-03-01T11:00:00Z", "data": {second: 2}}]
    await device.post("/telemetry/batch", batch)
    await ada.post(f"/telemetry/{device.id}/batch", [{"timestamp": "2026-03-01T11:10:00Z", "data": {first: 4}}])
    path = f"/telemetry/{device.id}"
    for asked in (first, second, f"{first},{second}"):
        page = await ada.get(path, fields=asked, start_time="-2h")
        assert [record["measurements"] for record in page["data"]] == [{COMPOSED: 4}, {COMPOSED: 2}]
    assert (await ada.get(f"{path}/latest"))["latest_data"].keys() == {COMPOSED}
    for asked in (first, second):
        result = await ada.get(f"{path}/aggregated", field=asked, aggregation="sum", window="1h")
        assert [window["value"] for window in result["data"]] == [6]


async def test_measured_texts_and_metadata_stay_as_sent(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, at="2026-03-01T11:30:00Z", metadata={DECOMPOSED: DECOMPOSED}, state=DECOMPOSED)
    (record,) = (await ada.get(f"/telemetry/{device.id}"))["data"]
    assert record["measurements"] == {"state": DECOMPOSED}
    assert record["metadata"] == {DECOMPOSED: DECOMPOSED}


async def test_a_password_is_accepted_in_either_form(anonymous: ApiClient) -> None:
    composed, decomposed = "p\u00e2t\u00e9 de campagne", "pa\u0302te\u0301 de campagne"
    for name, password in (("composed", composed), ("decomposed", decomposed)):
        body = {"username": name, "email": f"{name}@example.org", "password": password}
        await anonymous.post("/auth/register", body)
        user = await login(anonymous.client, name, composed)
        await login(anonymous.client, name, decomposed)
        form = {"username": name, "password": decomposed}
        assert (await anonymous.send("POST", "/auth/token", data=form)).status_code == 200
        change = {"password": decomposed, "current_password": decomposed if password is composed else composed}
        await user.put("/users/me", change)
        await login(anonymous.client, name, composed)


async def test_a_password_is_measured_in_normal_form(anonymous: ApiClient) -> None:
    body = {"username": "ada", "email": "ada@example.org", "password": "e\u0301" * 9}
    assert await anonymous.wrong_fields("POST", "/auth/register", body) == ["body.password"]
    longest = "e\u0301" * 1_000
    await anonymous.post("/auth/register", {**body, "password": longest})
    await login(anonymous.client, "ada", longest)


async def test_an_address_with_an_umlaut_is_refused_in_words(anonymous: ApiClient) -> None:
    body = {"username": "joerg", "email": "j\u00f6rg@example.org", "password": "correct horse"}
    problem = await anonymous.refused(422, "POST", "/auth/register", body)
    (error,) = problem["errors"]
    assert error["loc"] == ["body", "email"]
    assert "letters other than A to Z" in error["msg"]
    assert "a-zA-Z" not in problem["detail"]
