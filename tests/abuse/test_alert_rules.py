"""Costly alert rules, and replays of rules over long histories, harm no other account."""

import asyncio

import httpx
import pytest

from iotflow.domain.alert_rules import MAX_RULES_PER_TARGET
from iotflow.repositories.stores import Stores
from iotflow.services.bulk_reads import MAX_READS_PER_ACCOUNT
from tests.abuse.harm import longest_s, requests_in_parallel, unharmed
from tests.abuse.test_reads import fill, points_that_take_long
from tests.api.clients import DeviceClient, UserClient, new_device, new_group, sign_up, submit
from tests.processes import ServiceProcess

ANSWERED_WITHIN_S = 2.0
ATTACKED_FOR_S = 2.0
RECORDS_PER_BATCH = 5_000
CONDITIONS = [
    {"type": "anomaly", "field": "n", "z": 1},
    {"type": "rate", "field": "n", "op": "gt", "value": 0.5},
    {"type": "threshold", "field": "n", "op": "gt", "value": 1},
]


async def test_a_hundred_rules_of_a_device_and_large_batches(
    service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient, device: DeviceClient
) -> None:
    bob = await sign_up(client, "bob")
    other = await new_device(bob)
    group = await new_group(ada)
    await ada.post(f"/groups/{group}/devices", {"device_id": device.id})
    for target in ({"device_id": device.id}, {"group_id": group}):
        rules = [
            {"name": f"{number}", "severity": "info", "condition": CONDITIONS[number % 3], **target}
            for number in range(MAX_RULES_PER_TARGET)
        ]
        for rule in rules:
            await ada.post("/alert-rules", rule)
        problem = await ada.refused(409, "POST", "/alert-rules", rules[0])
        assert problem["detail"].startswith(f"a device or group has at most {MAX_RULES_PER_TARGET} alert rules")

    async def send_batch(first: int) -> None:
        records = [{"timestamp": first + n, "data": {"n": n % 2 * 5}} for n in range(RECORDS_PER_BATCH)]
        assert (await device.post("/telemetry/batch", records))["accepted"] == RECORDS_PER_BATCH

    async with unharmed(service):
        first = [1_700_000_000 + number * RECORDS_PER_BATCH for number in range(2)]
        sent = asyncio.gather(*map(send_batch, first))
        assert await longest_s(lambda: submit(other, n=1), sent) <= ANSWERED_WITHIN_S


async def test_replays_in_parallel_leave_reads_to_others(
    request: pytest.FixtureRequest,
    service: ServiceProcess,
    stores: Stores,
    client: httpx.AsyncClient,
    ada: UserClient,
    device: DeviceClient,
) -> None:
    bob = await sign_up(client, "bob")
    other = await new_device(bob)
    await submit(other, n=1)
    await fill(stores, device.id, points_that_take_long(request) // 4, {"n": 1.5})
    body = {"device_id": device.id, "condition": CONDITIONS[0], "start_time": "2026-01-01T00:00:00Z"}
    async with (
        unharmed(service),
        requests_in_parallel(service, ada, 300, "POST", "/alert-rules/test", json=body) as answers,
    ):
        longest = await longest_s(lambda: bob.get(f"/telemetry/{other.id}"), asyncio.sleep(ATTACKED_FOR_S))
    assert longest <= ANSWERED_WITHIN_S
    refused = [answer.json()["detail"] for answer in answers if answer.status_code != 200]
    assert all(detail.startswith("bulk reads: ") for detail in refused), refused
    assert any(f"{MAX_READS_PER_ACCOUNT} were requested" in detail for detail in refused)
