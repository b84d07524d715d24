"""Waiting for what a fault brings about, and for its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.api.people import Thing
from tests.processes import ServiceProcess

DEADLINE_S = 20.0
SUCCESS_IS_SEEN_WITHIN_S = 6.0
"""A write that succeeds makes the service healthy at once, and not when its last failure is forgotten."""


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = DEADLINE_S) -> bool:
    """Whether the condition comes true within so many seconds."""
    deadline = time.monotonic() + within_s
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True


async def health(service: ServiceProcess) -> tuple[int, dict[str, Any]]:
    """The status and the body of /health."""
    async with httpx.AsyncClient(trust_env=False, timeout=10.0) as client:
        answer = await client.get(f"{service.base_url}/health", params={"detailed": "true"})
    return answer.status_code, answer.json()


async def is_healthy(service: ServiceProcess) -> bool:
    """Whether /health says that all is well."""
    return (await health(service))[0] == 200


async def is_unhealthy(service: ServiceProcess) -> bool:
    """Whether /health says that the service is of no use now."""
    return (await health(service))[0] == 503


async def accepts(device: Thing, second: int) -> bool:
    """Whether a record is taken (at `second` after the epoch, with that as its value); a refusal must be for now."""
    answer = await device.send("POST", "/telemetry", json={"timestamp": second, "data": {"second": second}})
    assert answer.status_code in (201, 503), answer.text
    return answer.status_code == 201


async def stored_seconds(device: Thing) -> list[int]:
    """The values of all records that were taken."""
    history = await device.get(f"/telemetry/{device.id}", start_time="0", order="asc", limit="10000")
    return [record["measurements"]["second"] for record in history["data"]]
