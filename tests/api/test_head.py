"""HEAD: answered by each route of GET, with the same headers."""

from typing import Any

import httpx

from tests.api.clients import ApiClient, DeviceClient, UserClient, new_group, submit
from tests.api.service import Service

CHANGING = {"x-request-id", "ratelimit"}
"""Headers whose values differ between two requests."""
FIGURES = ("/status", "/api/v1/admin/stats")
"""Routes whose bodies differ in length between two requests."""
PAGES = ("/docs", "/redoc", "/redoc.js", "/openapi.json", "/static-offline-docs/swagger-ui.css")
STREAM = "/api/v1/stream"
"""It has no length, and another test."""
AGGREGATED = {"field": "a", "aggregation": "mean", "window": "1h"}


def _headers(answer: httpx.Response) -> dict[str, str]:
    changing = CHANGING | ({"content-length"} if answer.request.url.path in FIGURES else set())
    return {name: value for name, value in answer.headers.items() if name not in changing}


async def _differences(caller: ApiClient, path: str, **request: Any) -> list[str]:
    got, headed = [await caller.send(method, path, **request) for method in ("GET", "HEAD")]
    assert got.content
    assert "content-length" in headed.headers
    same = (headed.status_code, _headers(headed)) == (got.status_code, _headers(got)) and headed.content == b""
    return [] if same else [f"{path}: {got.status_code} {got.headers}, {headed.status_code} {headed.headers}"]


async def test_every_route_of_get_answers_head(
    service: Service, ada: UserClient, admin: UserClient, device: DeviceClient
) -> None:
    ids: dict[str, object] = {"device_id": device.id, "group_id": await new_group(ada), "user_id": "me"}
    condition = {"type": "offline", "after_seconds": 60}
    about = {"device_id": device.id, "severity": "info"}
    rule = await ada.post("/alert-rules", {**about, "name": "silent", "condition": condition})
    alert = await ada.post("/alerts", {**about, "message": "x"})
    webhook = await ada.post("/webhooks", {"url": "http://127.0.0.1:9/"})
    ids |= {"webhook_id": webhook["webhook"]["id"]}
    report = await ada.post("/analytics/reports", {"report_type": "account_summary", "period": {"start_time": "-1h"}})
    ids["report_id"] = report["report"]["id"]
    ids |= {"rule_id": rule["alert_rule"]["id"], "alert_id": alert["alert"]["id"], "version": 1}
    await submit(device, a=1)
    await device.get(f"/telemetry/{device.id}/latest")  # fills the cache, which the answer shows
    operations = {path: of_path["get"] for path, of_path in service.app.openapi()["paths"].items() if "get" in of_path}
    assert len(operations) > 25
    wrong = []
    async with service.client(root="") as client:
        for path, operation in operations.items():
            if path == STREAM:
                continue
            headers = device.headers if operation["security"] == [{"DeviceKey": []}] else admin.headers
            query = AGGREGATED if path.endswith("/aggregated") else {}
            wrong += await _differences(ApiClient(client, headers), path.format(**ids), params=query)
        for path in PAGES:
            wrong += await _differences(ApiClient(client), path)
    assert wrong == []


async def test_head_of_a_stream_is_answered_at_once(ada: UserClient) -> None:
    head = await ada.send("HEAD", "/stream")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in head.headers


async def test_errors_are_answered_to_head_without_a_body(anonymous: ApiClient, ada: UserClient) -> None:
    wrong = [
        *await _differences(anonymous, "/groups"),
        *await _differences(anonymous, "/nowhere"),
        *await _differences(ada, "/groups/999"),
        *await _differences(ada, "/groups", params={"limit": "0"}),
    ]
    answer = await ada.send("HEAD", "/auth/login")
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (405, "POST", b"")
    assert wrong == []


async def test_the_document_has_no_operation_of_head(service: Service) -> None:
    assert not [path for path, operations in service.app.openapi()["paths"].items() if "head" in operations]
