"""Observations of a service during a fault: its health, and whether it stores records."""

from typing import Any

import httpx

from tests.api.clients import DeviceClient
from tests.processes import ServiceProcess

DEADLINE_S = 20.0
SUCCESS_IS_SEEN_WITHIN_S = 6.0
"""A successful write makes the service healthy at once, not when its last failure expires."""


async def health(service: ServiceProcess) -> tuple[int, dict[str, Any]]:
    """Return the status and the body of /health."""
    async with httpx.AsyncClient(trust_env=False, timeout=10.0) as client:
        answer = await client.get(f"{service.base_url}/health", params={"detailed": "true"})
    return answer.status_code, answer.json()


async def is_healthy(service: ServiceProcess) -> bool:
    """Return whether /health reports a healthy service."""
    return (await health(service))[0] == 200


async def is_unhealthy(service: ServiceProcess) -> bool:
    """Return whether /health reports an unavailable service."""
    return (await health(service))[0] == 503


async def accepts(device: DeviceClient, second: int) -> bool:
    """Submit a record at `second` with this value; return whether it was accepted. A refusal must be a 503."""
    answer = await device.send("POST", "/telemetry", json={"timestamp": second, "data": {"second": second}})
    assert answer.status_code in (201, 503), answer.text
    return answer.status_code == 201


async def stored_seconds(device: DeviceClient) -> list[int]:
    """Return the values of all stored records."""
    history = await device.get(f"/telemetry/{device.id}", start_time="0", order="asc", limit="10000")
    return [record["measurements"]["second"] for record in history["data"]]
