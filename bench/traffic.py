"""The requests of each line, to the service (and its baseline) and to InfluxDB."""

import json
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlencode

from bench.fleet import PAGE, RECORDS, STEP_MS, Fleet
from bench.raw_http import TIME, raw_request

VARIANTS = 16
"""Different requests of each device on lines whose values or ranges vary."""
BATCH_RECORDS = 200
BATCH_VALUES = {"temperature": 21.57, "humidity": 48, "pressure": 1013.2, "wind_speed": 3.4, "rain": 0.25}
MEASUREMENT = "telemetry"
DATABASE = "bench"


def readings(turn: int) -> dict[str, float]:
    """Return the three values of a submission."""
    return {
        "temperature": round(15 + turn % 1_000 / 100, 2),
        "humidity": 30 + turn % 50,
        "pressure": round(990 + turn % 400 / 10, 1),
    }


def fields_of(values: Mapping[str, float]) -> str:
    """Return the fields of a point in InfluxDB's line protocol."""
    return ",".join(f"{name}={value}" for name, value in values.items())


def _turns(fleet: Fleet) -> Iterable[tuple[int, int, str]]:
    """Return a number, a device's id and its key for each request: devices take turns."""
    for turn in range(VARIANTS * len(fleet.devices)):
        yield turn, *fleet.devices[turn % len(fleet.devices)]


def _page_end_ms(fleet: Fleet, turn: int) -> int:
    """Return the end of a page: pages end at different records, so that none is read again at once."""
    return fleet.first_ms + (RECORDS - turn * 7 % (RECORDS - PAGE)) * STEP_MS


def _device(device_id: int, key: str) -> dict[str, str]:
    """Return the headers of a device. The baseline goes by the number."""
    return {"X-API-Key": key, "X-Device": str(device_id), "Content-Type": "application/json"}


def _submissions(fleet: Fleet) -> list[bytes]:
    return [
        raw_request("POST", "/api/v1/telemetry", _device(device_id, key), json.dumps({"data": readings(turn)}))
        for turn, device_id, key in _turns(fleet)
    ]


def _batches(fleet: Fleet) -> list[bytes]:
    record = f'{{"timestamp": {TIME}, "data": {json.dumps(BATCH_VALUES)}}}'
    body = f"[{', '.join([record] * BATCH_RECORDS)}]"
    return [raw_request("POST", "/api/v1/telemetry/batch", _device(*device), body) for device in fleet.devices]


def _latest(fleet: Fleet) -> list[bytes]:
    return [raw_request("GET", f"/api/v1/telemetry/{device_id}/latest", fleet.owner) for device_id, _ in fleet.devices]


def _history(fleet: Fleet) -> list[bytes]:
    return [
        raw_request(
            "GET",
            f"/api/v1/telemetry/{device_id}?start_time={fleet.first_ms}&end_time={_page_end_ms(fleet, turn)}"
            f"&limit={PAGE}",
            fleet.owner,
        )
        for turn, device_id, _ in _turns(fleet)
    ]


def _heartbeats(fleet: Fleet) -> list[bytes]:
    return [raw_request("POST", "/api/v1/devices/heartbeat", _device(*device)) for device in fleet.devices]


def influx_query(query: str) -> bytes:
    """Return a request of InfluxDB that reads, with times as epoch milliseconds."""
    return raw_request("GET", f"/query?{urlencode({'db': DATABASE, 'epoch': 'ms', 'q': query})}", {})


def influx_write(lines: Iterable[str]) -> bytes:
    """Return a request of InfluxDB that writes lines, with times in milliseconds."""
    return raw_request("POST", f"/write?db={DATABASE}&precision=ms", {}, "\n".join(lines))


def _influx_submissions(fleet: Fleet) -> list[bytes]:
    return [
        influx_write([f"{MEASUREMENT},device={device_id} {fields_of(readings(turn))}"])
        for turn, device_id, _ in _turns(fleet)
    ]


def _influx_batches(fleet: Fleet) -> list[bytes]:
    return [
        influx_write([f"{MEASUREMENT},device={device_id} {fields_of(BATCH_VALUES)} {TIME}"] * BATCH_RECORDS)
        for device_id, _ in fleet.devices
    ]


def _influx_latest(fleet: Fleet) -> list[bytes]:
    return [
        influx_query(f"SELECT last(*) FROM {MEASUREMENT} WHERE device = '{device_id}'")
        for device_id, _ in fleet.devices
    ]


def _influx_history(fleet: Fleet) -> list[bytes]:
    return [
        influx_query(
            f"SELECT * FROM {MEASUREMENT} WHERE device = '{device_id}' AND time >= {fleet.first_ms}ms "
            f"AND time < {_page_end_ms(fleet, turn)}ms ORDER BY time DESC LIMIT {PAGE}"
        )
        for turn, device_id, _ in _turns(fleet)
    ]


SERVICE_REQUESTS: Mapping[str, Callable[[Fleet], list[bytes]]] = {
    "submissions": _submissions,
    "batches": _batches,
    "latest": _latest,
    "history": _history,
    "heartbeats": _heartbeats,
}
INFLUX_REQUESTS: Mapping[str, Callable[[Fleet], list[bytes]]] = {
    "submissions": _influx_submissions,
    "batches": _influx_batches,
    "latest": _influx_latest,
    "history": _influx_history,
}
