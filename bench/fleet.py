"""The senders of the requests: an account and its devices, registered over the API, each with some history."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from iotflow.domain.times import DAY_MS

DEVICES = 64
"""The maximum number of connections, so that no device has two concurrent requests."""
RECORDS = 300
PAGE = 100
STEP_MS = 1_000

LOGIN = {"username": "bench", "password": "no secret at all"}


class NotAlike(Exception):
    """The baseline's responses differ from the service's, so a comparison would be meaningless."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The devices as a Lua table in the file `table`, and the credentials of one. History begins at `first_ms`."""

    table: Path
    token: str
    device_id: int
    device_key: str
    first_ms: int


def register(url: str, table: Path) -> Fleet:
    """Register an account and its devices with the service at this address, and send their history."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
        _post(http, "/auth/register", {**LOGIN, "email": "bench@example.org"})
        token = str(_post(http, "/auth/login", LOGIN)["access_token"])
        http.headers["Authorization"] = f"Bearer {token}"
        devices = []
        for number in range(DEVICES):
            registered = _post(http, "/devices/register", {"name": f"device {number}", "device_type": "climate"})
            devices.append(registered["device"])
        first_ms = midnight_ms(days_ago=2)
        records = [
            {
                "timestamp": first_ms + STEP_MS * number,
                "data": {"temperature": 15 + number / 100, "humidity": 30 + number % 50, "pressure": 1013.2},
            }
            for number in range(RECORDS)
        ]
        for device in devices:
            # The first telemetry of a device also makes it active.
            _post(http, "/telemetry/batch", records, {"X-API-Key": device["api_key"]})
    entries = ", ".join(f'{{id = {device["id"]}, key = "{device["api_key"]}"}}' for device in devices)
    table.write_text(
        f'return {{token = "{token}", first_ms = {first_ms}, step_ms = {STEP_MS}, records = {RECORDS}, page = {PAGE}, '
        f"devices = {{{entries}}}}}\n"
    )
    return Fleet(table, token, devices[0]["id"], devices[0]["api_key"], first_ms)


def require_alike(fleet: Fleet, service_url: str, floor_url: str) -> None:
    """Send both a submission and read it back. Raise NotAlike unless the responses are equal."""
    service, baseline = (_answers(fleet, url) for url in (service_url, floor_url))
    for path, answer in service.items():
        if baseline[path] != answer:
            raise NotAlike(
                f"{path}: the baseline returned {json.dumps(baseline[path])}, the service {json.dumps(answer)}"
            )


def midnight_ms(*, days_ago: int) -> int:
    """Return a midnight of UTC, in epoch milliseconds."""
    now_ms = time.time_ns() // 1_000_000
    return now_ms - now_ms % DAY_MS - days_ago * DAY_MS


def _answers(fleet: Fleet, url: str) -> Mapping[str, object]:
    key = {"X-API-Key": fleet.device_key, "X-Device": str(fleet.device_id)}
    telemetry = f"/telemetry/{fleet.device_id}"
    page = {"start_time": fleet.first_ms, "end_time": fleet.first_ms + STEP_MS * RECORDS, "limit": PAGE}
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
        accepted = _post(http, "/telemetry", {"data": {"temperature": 21.5, "door_open": True}}, key)["accepted"]
        batch = [{"timestamp": fleet.first_ms, "data": {"humidity": 40}}]
        accepted_batch = _post(http, "/telemetry/batch", batch, key)
        beat = _post(http, "/devices/heartbeat", None, key)["device_id"]
        http.headers["Authorization"] = f"Bearer {fleet.token}"
        latest = http.get(f"{telemetry}/latest").raise_for_status().json()
        history = http.get(telemetry, params=page).raise_for_status().json()
    for found in (*latest["latest_data"].values(), latest):
        found["timestamp"] = found["timestamp"][:10]  # the receipt differs, except for its day
    return {
        "submissions": accepted,
        "batches": accepted_batch,
        "heartbeats": beat,
        "latest": latest | {"cached": None},
        "history": history | {"next_cursor": None},
    }


def _post(http: httpx.Client, path: str, body: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    answer = http.post(path, json=body, headers=headers).raise_for_status()
    parsed: dict[str, Any] = answer.json()
    return parsed
