"""A killed service: alerts and their deliveries are neither lost nor given another id."""

import asyncio
import json
import time
from collections.abc import Sequence

import httpx
import pytest

from tests import fast_service
from tests.faults.load import log_in, open_client
from tests.processes import ServiceProcess
from tests.receiver import ReceivedRequest, hang, running_receiver
from tests.waiting import wait_until

ALERTS = 20
DEADLINE_S = 30.0
"""A claim of a killed process ends with its lease, `fast_service.DELIVERY_LEASE_S`."""


@pytest.fixture
def settings() -> dict[str, str]:
    return {"IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}


@pytest.fixture
def command() -> Sequence[str]:
    return fast_service.COMMAND


async def test_every_alert_of_a_killed_service_is_delivered_with_one_id(service: ServiceProcess) -> None:
    async with running_receiver(hang, hang, b"HTTP/1.1 204 No Content\r\n\r\n") as receiver:
        service.start()
        async with open_client(service.base_url) as client:
            await client.post("/auth/register", json=_account())
            owner = await log_in(client, "owner")
            raised = [await _raise_alert(client, owner, receiver.url(f"/{number}")) for number in range(ALERTS)]
        await receiver.wait_for(2)
        await asyncio.to_thread(service.kill)
        under_way = list(receiver.requests)
        service.start()

        async def all_have_arrived() -> bool:
            return {_path(request) for request in receiver.requests[len(under_way) :]} >= missing

        missing = {f"/{number}" for number in range(ALERTS)} - {_path(request) for request in under_way[2:]}
        await wait_until(all_have_arrived, DEADLINE_S)
        ids: dict[str, set[str]] = {}
        for request in receiver.requests:
            ids.setdefault(_path(request), set()).add(request.headers["webhook-id"])
        assert {path: len(found) for path, found in ids.items()} == {f"/{number}": 1 for number in range(ALERTS)}
        sent = {json.loads(request.body)["data"]["alert"]["device_id"] for request in receiver.requests}
        assert sent == set(raised)


def _account() -> dict[str, str]:
    return {"username": "owner", "email": "owner@example.org", "password": "correct horse battery"}


def _path(request: ReceivedRequest) -> str:
    return request.line.split()[1]


async def _raise_alert(client: httpx.AsyncClient, owner: dict[str, str], url: str) -> int:
    """Create a device whose rule fires, and return its id."""
    body = {"name": f"device-{time.monotonic_ns()}", "device_type": "sensor"}
    device = (await client.post("/devices/register", json=body, headers=owner)).json()["device"]
    condition = {"type": "threshold", "field": "t", "op": "gt", "value": 10}
    rule = {"name": "hot", "severity": "info", "device_id": device["id"], "condition": condition, "webhook_url": url}
    (await client.post("/alert-rules", json=rule, headers=owner)).raise_for_status()
    await client.post("/telemetry", json={"data": {"t": 20}}, headers={"X-API-Key": device["api_key"]})
    return int(device["id"])
