"""Checks that all sides do the same work. If they differ, a comparison would be meaningless."""

import json
from collections.abc import Mapping

import httpx
import msgspec

from bench.fleet import PAGE, RECORDS, STEP_MS, Fleet, post
from bench.raw_http import Connection
from bench.traffic import INFLUX_REQUESTS


class NotAlike(Exception):
    """Answers differ from the service's; the message is one line."""


class _Series(msgspec.Struct):
    columns: list[str]
    values: list[list[str | float | None]]


class _Statement(msgspec.Struct):
    series: list[_Series] = []
    error: str | None = None


class _Found(msgspec.Struct):
    results: list[_Statement]


def require_alike(fleet: Fleet, service_url: str, baseline_url: str) -> None:
    """Send both a submission and read it back. Raise NotAlike unless the responses are equal."""
    service, baseline = (_answers(fleet, url) for url in (service_url, baseline_url))
    for path, answer in service.items():
        if baseline[path] != answer:
            raise NotAlike(
                f"{path}: the baseline returned {json.dumps(baseline[path])}, the service {json.dumps(answer)}"
            )


def require_influx_answers(fleet: Fleet, url: str) -> None:
    """Raise NotAlike unless InfluxDB's first page holds 100 records of 3 values, and its latest values are 3."""
    with Connection(url) as connection:
        page, latest = (
            msgspec.json.decode(connection.ask(INFLUX_REQUESTS[line](fleet)[0]), type=_Found).results[0]
            for line in ("history", "latest")
        )
    shapes = [[(len(series.values), len(series.columns)) for series in found.series] for found in (page, latest)]
    # A page has the columns of the time and the device too, the latest values that of the time.
    if shapes != [[(PAGE, 5)], [(1, 4)]]:
        raise NotAlike(f"InfluxDB: a page and the latest values have the rows and columns {shapes}")


def _answers(fleet: Fleet, url: str) -> Mapping[str, object]:
    device_id, device_key = fleet.devices[0]
    key = {"X-API-Key": device_key, "X-Device": str(device_id)}
    telemetry = f"/telemetry/{device_id}"
    page = {"start_time": fleet.first_ms, "end_time": fleet.first_ms + STEP_MS * RECORDS, "limit": PAGE}
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
        accepted = post(http, "/telemetry", {"data": {"temperature": 21.5, "humidity": 48}}, key)["accepted"]
        batch = [{"timestamp": fleet.first_ms, "data": {"humidity": 40}}]
        accepted_batch = post(http, "/telemetry/batch", batch, key)
        beat = post(http, "/devices/heartbeat", None, key)["device_id"]
        http.headers.update(fleet.owner)
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
