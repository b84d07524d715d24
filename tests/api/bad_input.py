"""What tests of bad input share: a world that it must leave as it was, and how a refusal is read."""

import re
from typing import Any

import httpx

from tests.api.people import Caller, Person, Thing

SECRET = "hunter2-correct-horse"
LONG = SECRET + "x" * 10_000
NULL = SECRET + "\0"
DIGITS = "9" * 5_000
JSON = {"Content-Type": "application/json"}


class World:
    """Who calls, what there is, and what all of it looks like."""

    def __init__(self, nobody: Caller, admin: Person, ada: Person, probe: Thing, group_id: int) -> None:
        self.callers: dict[str, Caller] = {"nobody": nobody, "admin": admin, "ada": ada, "device": probe}
        self.ids = {"device": probe.id, "group": group_id}

    def path(self, route: str) -> tuple[str, str]:
        method, _, path = route.partition(" ")
        return method, path.format(**self.ids)

    async def picture(self) -> list[Any]:
        """All that bad input might have changed."""
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
    """The fields that a 422 names. Checks that it is one and repeats no value."""
    assert answer.status_code == 422, f"{answer.status_code} {answer.text[:500]}"
    problem = answer.json()
    for told in [problem["detail"], *(error["msg"] for error in problem["errors"])]:
        assert "hunter2" not in told or SECRET in problem["detail"].partition(":")[0]
    return [re.sub(r"hunter2-[-a-z]*x{100,}…?", "*", ".".join(map(str, error["loc"]))) for error in problem["errors"]]
