"""The senders of the requests: an account and its devices, registered over the API, each with some history."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from iotflow.domain.times import DAY_MS

DEVICES = 64
"""The maximum number of connections, so that no device has two concurrent requests."""
RECORDS = 300
PAGE = 100
STEP_MS = 1_000

LOGIN = {"username": "bench", "password": "no secret at all"}


@dataclass(frozen=True, slots=True)
class Fleet:
    """The token of the account, and its devices: id and key of each. Their history begins at `first_ms`."""

    token: str
    devices: Sequence[tuple[int, str]]
    first_ms: int

    @property
    def owner(self) -> Mapping[str, str]:
        """The headers of a request of the owner."""
        return {"Authorization": f"Bearer {self.token}"}


def register(url: str, devices: int = DEVICES) -> Fleet:
    """Register an account and its devices with the service at this address."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
        post(http, "/auth/register", {**LOGIN, "email": "bench@example.org"})
        token = str(post(http, "/auth/login", LOGIN)["access_token"])
        http.headers["Authorization"] = f"Bearer {token}"
        registered = [
            post(http, "/devices/register", {"name": f"device {number}", "device_type": "climate"})["device"]
            for number in range(devices)
        ]
    found = [(int(device["id"]), str(device["api_key"])) for device in registered]
    return Fleet(token, found, midnight_ms(days_ago=2))


def send_history(url: str, fleet: Fleet) -> None:
    """Send the history of each device. The first telemetry of a device also makes it active."""
    records = [{"timestamp": time_ms, "data": values} for time_ms, values in history(fleet)]
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
        for _, key in fleet.devices:
            post(http, "/telemetry/batch", records, {"X-API-Key": key})


def history(fleet: Fleet) -> list[tuple[int, dict[str, float]]]:
    """Return time and values of the records that each device has before the first run."""
    return [
        (
            fleet.first_ms + STEP_MS * number,
            {"temperature": round(15 + number / 100, 2), "humidity": 30 + number % 50, "pressure": 1013.2},
        )
        for number in range(RECORDS)
    ]


def midnight_ms(*, days_ago: int) -> int:
    """Return a midnight of UTC, in epoch milliseconds."""
    now_ms = time.time_ns() // 1_000_000
    return now_ms - now_ms % DAY_MS - days_ago * DAY_MS


def post(http: httpx.Client, path: str, body: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Send JSON and return the decoded answer. Any: decoded JSON."""
    answer = http.post(path, json=body, headers=headers).raise_for_status()
    parsed: dict[str, Any] = answer.json()
    return parsed
