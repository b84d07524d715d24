"""Twice the peak load: accepted requests are answered as fast as at the peak, the rest is refused."""

import asyncio
import statistics
import sys
import time
from datetime import datetime

import msgspec
import pytest

from tests.abuse.harm import MIB, memory
from tests.abuse.load import Load, Plan
from tests.api.clients import DeviceClient, UserClient, new_device
from tests.processes import ServiceProcess

DEVICES = 40
PEAK_CONNECTIONS = 256
"""The number of requests that one client may have in flight."""
CONNECTIONS = 1_200
"""More connections than requests in flight, so that each request is sent when it is due."""
PEAK_S = 5.0
SHORT_S = 10.0
LONG_S = 60.0
TIMES_PEAK = 2
REFUSED_WITHIN_S = 0.05
MEMORY = 64 * MIB


@pytest.mark.parametrize("seconds", [SHORT_S, pytest.param(LONG_S, marks=pytest.mark.soak)])
async def test_twice_the_load(service: ServiceProcess, ada: UserClient, seconds: float) -> None:
    devices = [await new_device(ada, f"device-{number}") for number in range(DEVICES)]
    first_ms = int(time.time() - 86_400) * 1_000
    plan = Plan(service.port, [device.key for device in devices], first_ms, PEAK_S, PEAK_CONNECTIONS)
    peak = await _carry_out(plan)
    rate = len(peak.accepted_s) / PEAK_S
    before = memory(service, "VmRSS")

    overload = msgspec.structs.replace(
        plan, first_ms=first_ms + 10_000_000, seconds=seconds, connections=CONNECTIONS, rate=2 * rate
    )
    load = await _carry_out(overload)

    grown = memory(service, "VmRSS") - before
    peak_p99_s, p99_s = _p99(peak.accepted_s), _p99(load.accepted_s)
    refused_s = statistics.median(load.refused_s)
    offered = (len(load.accepted_s) + len(load.refused_s)) / seconds
    print(
        f"peak {rate:.0f}/s, p99 {peak_p99_s * 1e3:.0f} ms; offered {offered:.0f}/s, "
        f"accepted {len(load.accepted_s) / seconds:.0f}/s, p99 {p99_s * 1e3:.0f} ms; "
        f"refused {len(load.refused_s) / seconds:.0f}/s, median {refused_s * 1e3:.1f} ms; memory {grown / MIB:.0f} MiB"
    )
    assert (peak.refused_s, peak.other, load.other, load.unanswered) == ([], [], [], 0)
    assert p99_s <= TIMES_PEAK * peak_p99_s
    assert refused_s < REFUSED_WITHIN_S
    assert grown < MEMORY
    for device, acknowledged in zip(devices, load.acknowledged, strict=True):
        assert set(acknowledged) <= await _stored(device, overload.first_ms)


async def _carry_out(plan: Plan) -> Load:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.abuse.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(msgspec.json.encode(plan))
    return msgspec.json.decode(output, type=Load)


async def _stored(device: DeviceClient, first_ms: int) -> set[int]:
    """Return the numbers of the device's records from this time on."""
    numbers: set[int] = set()
    query: dict[str, object] = {"start_time": first_ms, "limit": 10_000}
    while True:
        page = await device.get(f"/telemetry/{device.id}", **query)
        numbers |= {_ms(record["timestamp"]) - first_ms for record in page["data"]}
        if page["next_cursor"] is None:
            return numbers
        query = {"cursor": page["next_cursor"]}


def _ms(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp).timestamp() * 1_000)


def _p99(times_s: list[float]) -> float:
    return sorted(times_s)[int(len(times_s) * 0.99)]
