"""Stored data that bad input must not change, and the fields that a refusal names."""

import re
from typing import Any

import httpx

from tests.api.clients import ApiClient, DeviceClient, UserClient

SECRET = "hunter2-correct-horse"
LONG = SECRET + "x" * 10_000
NULL = SECRET + "\0"
DIGITS = "9" * 5_000
JSON = {"Content-Type": "application/json"}


class Scenario:
    """The callers, the ids of Ada's device and group, and a snapshot of all stored data."""

    def __init__(
        self, anonymous: ApiClient, admin: UserClient, ada: UserClient, device: DeviceClient, group_id: int
    ) -> None:
        self.callers: dict[str, ApiClient] = {"anonymous": anonymous, "admin": admin, "ada": ada, "device": device}
        self.ids = {"device": device.id, "group": group_id}

    def path(self, route: str) -> tuple[str, str]:
        method, _, path = route.partition(" ")
        return method, path.format(**self.ids)

    async def snapshot(self) -> list[Any]:
        """Read everything that bad input could have changed."""
        admin, ada = self.callers["admin"], self.callers["ada"]
        device = self.ids["device"]
        return [
            await admin.get("/users"),
            await admin.get("/admin/devices"),
            await ada.get("/groups", include_devices=True),
            await ada.get(f"/devices/{device}/config"),
            await self.callers["device"].get("/devices/credentials"),
            await ada.get(f"/telemetry/{device}", start_time=0),
            await ada.get(f"/telemetry/{device}/latest"),
        ]


def fields_of(answer: httpx.Response) -> list[str]:
    """Return the fields that a 422 names. Checks that the answer is one and repeats no value."""
    assert answer.status_code == 422, f"{answer.status_code} {answer.text[:500]}"
    problem = answer.json()
    for message in [problem["detail"], *(error["msg"] for error in problem["errors"])]:
        assert "hunter2" not in message or SECRET in problem["detail"].partition(":")[0]
    return [re.sub(r"hunter2-[-a-z]*x{100,}…?", "*", ".".join(map(str, error["loc"]))) for error in problem["errors"]]
