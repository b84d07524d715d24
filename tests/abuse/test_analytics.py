"""Searches, summaries and reports of one account, many and costly, leave others their reads."""

import asyncio

import httpx

from iotflow.domain.reports import MAX_PENDING_REPORTS
from iotflow.services.bulk_reads import MAX_READS_PER_ACCOUNT
from tests.abuse.harm import longest_s, requests_in_parallel, unharmed
from tests.abuse.rows import Rows
from tests.abuse.test_caches import crowded_device
from tests.api.clients import DeviceClient, UserClient, login, new_device, sign_up, submit
from tests.processes import ServiceProcess
from tests.waiting import wait_until

ANSWERED_WITHIN_S = 2.0
ATTACKED_FOR_S = 3.0
REPORTED_WITHIN_S = 5.0
PARALLEL = 300
DEVICES = 50_000
REFUSAL = f"{MAX_READS_PER_ACCOUNT} were requested"


async def test_searches_of_a_large_fleet(embedded: ServiceProcess, embedded_client: httpx.AsyncClient) -> None:
    client = embedded_client
    ada, bob = await sign_up(client, "ada"), await sign_up(client, "bob")
    other = await new_device(bob)
    await submit(other, n=1)
    rows = Rows.embedded(embedded.data_dir)
    await rows.add_devices(ada.user_id, DEVICES)
    await rows.add_metadata(ada.user_id, "t")
    costly = {"tag": "t", "near": "0,0", "radius_m": 10_000_000, "bbox": "-180,-90,180,90", "limit": 1_000}

    async def use() -> None:
        await login(client, "bob")
        await submit(other, n=2)
        await bob.get(f"/telemetry/{other.id}")
        await bob.get("/devices/search", tag="t")

    async with (
        unharmed(embedded),
        requests_in_parallel(embedded, ada, PARALLEL, "GET", "/devices/search", params=costly) as answers,
    ):
        assert await longest_s(use, asyncio.sleep(ATTACKED_FOR_S)) <= ANSWERED_WITHIN_S
    found = [answer for answer in answers if answer.status_code == 200]
    assert {answer.json()["meta"]["total"] for answer in found} == {DEVICES}
    refused = [answer.json()["detail"] for answer in answers if answer.status_code != 200]
    assert all(detail.startswith("bulk reads: ") for detail in refused), refused
    assert any(REFUSAL in detail for detail in refused)


async def test_summaries_and_pending_reports(
    service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient
) -> None:
    bob = await sign_up(client, "bob")
    other = await new_device(bob)
    await submit(other, n=1)
    crowded = await crowded_device(ada, 0, "name", 1)

    def report_of(device: DeviceClient) -> dict[str, object]:
        period = {"start_time": "-399d", "end_time": "now"}
        return {"report_type": "device_summary", "device_id": device.id, "period": period}

    async def has_report() -> bool:
        (requested,) = (await bob.get("/analytics/reports"))["reports"]
        return bool(requested["status"] == "completed")

    async def report() -> None:
        await bob.post("/analytics/reports", report_of(other))
        await wait_until(has_report, REPORTED_WITHIN_S)

    async def summarize() -> None:
        await bob.get(f"/analytics/devices/{other.id}", start_time="-399d")

    path, query = f"/analytics/devices/{crowded.id}", {"start_time": "-399d"}
    async with (
        unharmed(service),
        requests_in_parallel(service, ada, PARALLEL, "GET", path, params=query) as answers,
    ):
        for _ in range(MAX_PENDING_REPORTS):
            await ada.post("/analytics/reports", report_of(crowded))
        problem = await ada.refused(409, "POST", "/analytics/reports", report_of(crowded))
        assert problem["detail"].startswith(f"an account has at most {MAX_PENDING_REPORTS} pending reports")
        assert await longest_s(summarize, report()) <= ANSWERED_WITHIN_S
    refused = [answer.json()["detail"] for answer in answers if answer.status_code != 200]
    assert all(detail.startswith("bulk reads: ") for detail in refused), refused
    assert any(REFUSAL in detail for detail in refused)
