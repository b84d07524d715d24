"""Reports: requested, computed in the background, and kept."""

from typing import Any

import pytest

from iotflow.domain import reports as domain
from iotflow.services import reports as service
from tests.api.clients import DeviceClient, UserClient, new_device, new_group, submit
from tests.clock import FakeClock
from tests.waiting import wait_until

PERIOD = {"start_time": "2026-02-28T00:00:00Z", "end_time": "2026-03-02T00:00:00Z"}


async def finished(owner: UserClient, body: dict[str, Any]) -> dict[str, Any]:
    """Request a report and return it once it is not pending."""
    requested: dict[str, Any] = (await owner.post("/analytics/reports", {"period": PERIOD, **body}))["report"]
    assert (requested["status"], requested["result"], requested["completed_at"]) == ("pending", None, None)
    found: dict[str, Any] = {}

    async def is_finished() -> bool:
        found.update((await owner.get(f"/analytics/reports/{requested['id']}"))["report"])
        return bool(found["status"] != "pending")

    await wait_until(is_finished, 15)
    assert {name: found[name] for name in ("id", "created_at")} == {
        name: requested[name] for name in ("id", "created_at")
    }
    return found


async def test_the_report_of_a_device_is_what_its_analytics_answer(ada: UserClient, device: DeviceClient) -> None:
    for temp in (1, 2, 4):
        await submit(device, at=f"2026-03-01T00:00:0{temp}Z", temp=temp)
    report = await finished(ada, {"report_type": "device_summary", "device_id": device.id})
    assert (report["status"], report["device_id"], report["user_id"]) == ("completed", device.id, ada.user_id)
    assert (report["start_time"], report["end_time"]) == ("2026-02-28T00:00:00.000Z", "2026-03-02T00:00:00.000Z")
    assert report["error"] is None
    assert report["result"]["fields"]["temp"]["p50"] == 2.0
    assert report["result"] == await ada.get(f"/analytics/devices/{device.id}", **PERIOD)


async def test_the_report_of_an_account_is_what_its_analytics_answer(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, a=1)
    report = await finished(ada, {"report_type": "account_summary"})
    assert report["result"]["most_active_devices"][0]["messages"] == 1
    assert report["result"] == await ada.get("/analytics/users/me", **PERIOD)


async def test_the_report_of_a_group_is_about_its_devices(ada: UserClient, device: DeviceClient) -> None:
    group_id = await new_group(ada, "shed")
    other = await new_device(ada, "other")
    await ada.post(f"/groups/{group_id}/devices", {"device_id": device.id})
    await submit(device, a=1, b=2)
    await submit(other, a=1)
    report = await finished(ada, {"report_type": "group_summary", "group_id": group_id})
    assert report["result"] == {
        "group_id": group_id,
        "group_name": "shed",
        "start_time": "2026-02-28T00:00:00.000Z",
        "end_time": "2026-03-02T00:00:00.000Z",
        "devices": {
            "total": 1,
            "by_status": {"active": 1, "inactive": 0, "maintenance": 0},
            "by_type": [{"device_type": "sensor", "devices": 1}],
        },
        "messages_per_day": [{"day": "2026-03-01T00:00:00.000Z", "messages": 1, "points": 2}],
        "most_active_devices": [{"device_id": device.id, "device_name": "probe", "messages": 1, "points": 2}],
    }


async def test_reports_are_listed_page_by_page_and_only_the_newest_are_kept(
    ada: UserClient, bob: UserClient, admin: UserClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_REPORTS_PER_ACCOUNT", 3)
    made = []
    for _ in range(4):
        clock.advance(1)
        made.append((await finished(ada, {"report_type": "account_summary"}))["id"])
    of_bob = await finished(bob, {"report_type": "account_summary"})
    first = await ada.get("/analytics/reports", limit=2)
    second = await ada.get("/analytics/reports", cursor=first["next_cursor"])
    listed = [*first["reports"], *second["reports"]]
    assert second["next_cursor"] is None
    assert [one["id"] for one in listed] == made[:0:-1]
    assert [one["result"] for one in listed] == [None] * 3
    assert of_bob["id"] in {one["id"] for one in (await admin.get("/analytics/reports"))["reports"]}
    await ada.refused(404, "GET", f"/analytics/reports/{of_bob['id']}")
    problem = await ada.refused(422, "GET", "/analytics/reports", params={"cursor": "x"})
    assert problem["errors"][0]["loc"] == ["query", "cursor"]


async def test_pending_reports_are_bounded(ada: UserClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_PENDING_REPORTS", 0)
    body = {"report_type": "account_summary", "period": PERIOD}
    problem = await ada.refused(409, "POST", "/analytics/reports", body)
    assert problem["detail"] == (
        f"an account has at most {domain.MAX_PENDING_REPORTS} pending reports; try again once one is completed"
    )


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"report_type": "device_summary"}, ["body.device_id"]),
        ({"report_type": "group_summary"}, ["body.group_id"]),
        ({"report_type": "account_summary", "device_id": 1, "group_id": 1}, ["body.device_id", "body.group_id"]),
        ({"report_type": "device_summary", "device_id": 1, "group_id": 1}, ["body.group_id"]),
        ({"report_type": "weekly"}, ["body.report_type"]),
        ({}, ["body.report_type"]),
        ({"report_type": "account_summary", "period": {}}, ["body.period.start_time"]),
        ({"report_type": "account_summary", "period": {"start_time": "-32d"}}, ["body.period.start_time"]),
        ({"report_type": "account_summary", "period": {"start_time": "last_day"}}, ["body.period.start_time"]),
        (
            {"report_type": "account_summary", "period": {"start_time": "now", "end_time": "-1h"}},
            ["body.period.end_time"],
        ),
    ],
)
async def test_bad_reports_are_refused(ada: UserClient, body: dict[str, Any], fields: list[str]) -> None:
    assert await ada.wrong_fields("POST", "/analytics/reports", {"period": PERIOD, **body}) == fields
    assert (await ada.get("/analytics/reports"))["reports"] == []
