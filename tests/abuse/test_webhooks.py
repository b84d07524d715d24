"""Webhook receivers that hang, drip, flood or redirect, and long backlogs, harm no other account."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest

from iotflow.background.deliveries import MAX_IN_FLIGHT_OF_ACCOUNT
from iotflow.background.webhook_client import READ_TIMEOUT_S
from tests.abuse.conftest import Serve
from tests.abuse.harm import unharmed
from tests.abuse.rows import Rows
from tests.api.clients import DeviceClient, UserClient, new_device, sign_up, submit
from tests.processes import ServiceProcess
from tests.receiver import Answer, Receiver, hang, running_receiver
from tests.waiting import wait_until

WITHIN_S = 3.0
BACKLOG = 2_000
HEAD = b"HTTP/1.1 200 OK\r\n"
CONDITION = {"type": "threshold", "field": "n", "op": "gt", "value": 10}


async def drip(writer: asyncio.StreamWriter) -> None:
    """Answer with a byte a second."""
    for byte in HEAD * 100:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def flood(writer: asyncio.StreamWriter) -> None:
    """Answer with a body of 64 MiB."""
    writer.write(HEAD + b"Content-Length: 67108864\r\n\r\n")
    for _ in range(1_024):
        writer.write(b"x" * 65_536)
        await writer.drain()


async def send_interim_answers(writer: asyncio.StreamWriter) -> None:
    """Answer with interim answers without end."""
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 2_500)
        await writer.drain()


async def redirect_to_itself(writer: asyncio.StreamWriter) -> None:
    """Redirect to the same URL."""
    host, port = writer.get_extra_info("sockname")
    writer.write(f"HTTP/1.1 307 Again\r\nLocation: http://{host}:{port}/hook\r\nContent-Length: 0\r\n\r\n".encode())


RECEIVERS: Mapping[str, Answer] = {
    "hang": hang,
    "drip": drip,
    "flood": flood,
    "interim": send_interim_answers,
    "fields": HEAD + b"a:\r\n" * 25_000 + b"\r\n",
    "redirect": redirect_to_itself,
}


@pytest.fixture
def service(serve: Serve) -> ServiceProcess:
    """A service whose webhooks may reach this host."""
    return serve({"IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"})


@pytest.fixture
async def prompt() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver


async def add_rule(owner: UserClient, device: DeviceClient, url: str) -> None:
    """Create a rule of a device that sends its alerts to a URL."""
    rule = {"name": "high", "severity": "info", "device_id": device.id, "condition": CONDITION, "webhook_url": url}
    await owner.post("/alert-rules", rule)


async def add_backlog(owner: UserClient, rows: Rows, *urls: str) -> None:
    """Create a webhook for each URL, with `BACKLOG` deliveries that are due."""
    device = await new_device(owner)
    for url in urls:
        await add_rule(owner, device, url)
    await submit(device, n=20)
    for webhook in (await owner.get("/webhooks"))["webhooks"]:
        await rows.repeat_delivery(webhook["id"], BACKLOG)


async def test_receivers_and_backlogs_of_others_delay_no_delivery(
    service: ServiceProcess, client: httpx.AsyncClient, rows: Rows, prompt: Receiver
) -> None:
    bob = await sign_up(client, "bob")
    device = await new_device(bob)
    await add_rule(bob, device, prompt.url())
    delays = []
    async with AsyncExitStack() as receivers, unharmed(service):
        attacking: dict[str, Receiver] = {}
        attacked_s = time.monotonic()
        for number, (name, answer) in enumerate(RECEIVERS.items(), start=2):
            # Another address for each: deliveries in flight to one host are bounded too.
            host = f"127.0.0.{number}"
            attacking[name] = await receivers.enter_async_context(running_receiver(answer, host=host))
            urls = [attacking[name].url(f"/{path}", host) for path in range(MAX_IN_FLIGHT_OF_ACCOUNT)]
            await add_backlog(await sign_up(client, name), rows, *urls)
        for number in range(1, 7):
            began = time.monotonic()
            await submit(device, n=20 * (number % 2))
            await prompt.wait_for(number)
            delays.append(time.monotonic() - began)
    print(f"delays {[round(delay, 2) for delay in delays]}")
    assert max(delays) <= WITHIN_S, delays
    assert all(one.connections for one in attacking.values())
    turns = 1 + (time.monotonic() - attacked_s) // READ_TIMEOUT_S
    assert attacking["hang"].connections <= turns * MAX_IN_FLIGHT_OF_ACCOUNT


@pytest.mark.parametrize("serve", ["embedded"], indirect=True)
async def test_a_webhook_to_the_service_itself_starts_no_cycle(
    service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient
) -> None:
    device = await new_device(ada)
    await add_rule(ada, device, f"{service.base_url}/api/v1/alerts")
    await submit(device, n=20)
    (webhook,) = (await ada.get("/webhooks"))["webhooks"]

    async def errors() -> list[str | None]:
        found = await ada.get(f"/webhooks/{webhook['id']}/deliveries")
        return [delivery["error"] for delivery in found["deliveries"]]

    async def is_attempted() -> bool:
        return await errors() != [None]

    await wait_until(is_attempted, WITHIN_S)
    assert await errors() == ["answered 401"]
    assert len((await ada.get("/alerts"))["alerts"]) == 1
