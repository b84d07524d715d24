"""The fields of a request's line in the JSON log."""

import logging
from typing import Any

import httpx
import pytest

from tests.api.clients import ApiClient, DeviceClient, UserClient, new_token


async def logged_fields(caplog: pytest.LogCaptureFixture, caller: ApiClient, method: str, path: str) -> dict[str, Any]:
    """Send a request and return the fields of its line."""
    with caplog.at_level(logging.INFO):
        await caller.send(method, path, headers={"X-Request-ID": "the-request"})
    (record,) = (each for each in caplog.records if getattr(each, "request_id", None) == "the-request")
    fields: dict[str, Any] = getattr(record, "fields")  # noqa: B009  # logging's own type has no such attribute
    return fields


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_caller_and_the_route(
    caplog: pytest.LogCaptureFixture, ada: UserClient, device: DeviceClient, client: httpx.AsyncClient, method: str
) -> None:
    _, script = await new_token(ada, "script", "read")
    callers = {"user": ada, "device": device, "personal_token": script, "anonymous": ApiClient(client)}
    for kind, caller in callers.items():
        caplog.clear()
        fields = await logged_fields(caplog, caller, method, f"/telemetry/{device.id}")
        assert fields.pop("duration_ms") > 0
        status = 401 if kind == "anonymous" else 200
        route = "/api/v1/telemetry/{device_id}"
        assert fields == {"method": method, "route": route, "status": status, "principal": kind}
