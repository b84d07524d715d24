"""Live streams that are not read, or reopened without end, harm no other account."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable
from contextlib import ExitStack

import httpx

from iotflow.domain.live_events import MAX_HISTORY_EVENTS
from iotflow.services.live_streams import MAX_STREAMS, MAX_STREAMS_PER_ACCOUNT
from tests.abuse.harm import longest_s, unharmed
from tests.abuse.raw import Raw, request
from tests.api.clients import DeviceClient, UserClient, new_device, sign_up, submit
from tests.cli.test_streams import Stream
from tests.processes import ServiceProcess
from tests.waiting import wait_until

SHOWN_WITHIN_S = 1.0
ENDED_WITHIN_S = 5.0
TEXT = "x" * 3_900
"""Two of these make an event of almost the maximum size."""
REOPENED_FOR_S = 2.0
REOPENING = 20


async def submit_texts(device: DeviceClient, count: int) -> None:
    """Submit records whose events have almost the maximum size, 100 in a batch."""
    for first in range(0, count, 100):
        data = {"a": TEXT, "b": TEXT}
        await device.post(
            "/telemetry/batch", [{"timestamp": 1_700_000_000 + first + n, "data": data} for n in range(100)]
        )


async def longest_delay_s(client: httpx.AsyncClient, attack: Awaitable[object]) -> float:
    """Return the longest time until the stream of another account shows a submission during an attack."""
    bob = await sign_up(client, "bob")
    device = await new_device(bob)
    async with client.stream("GET", "/stream?types=telemetry", headers=bob.headers) as response:
        stream = Stream(response)

        async def show() -> None:
            await submit(device, n=1)
            await stream.values(1)

        return await longest_s(show, attack)


async def test_streams_that_are_never_read_are_bounded_and_end(
    service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient, device: DeviceClient
) -> None:
    head = request("GET", "/api/v1/stream", f"Authorization: Bearer {ada.token}")

    async def has_room() -> bool:
        return (await ada.send("HEAD", "/stream")).status_code == 200

    with ExitStack() as streams:
        async with unharmed(service):
            for _ in range(MAX_STREAMS_PER_ACCOUNT):
                opened = streams.enter_context(Raw(service, receive_buffer=4_096).send(head))
                assert (await asyncio.to_thread(opened.any_answer, to="HEAD")).status == 200
            async with asyncio.timeout(ENDED_WITHIN_S):
                problem = await ada.refused(503, "GET", "/stream")
            assert f"at most {MAX_STREAMS_PER_ACCOUNT} of one account and {MAX_STREAMS:,} in total" in problem["detail"]
            assert await longest_delay_s(client, submit_texts(device, 1_000)) <= SHOWN_WITHIN_S
            await wait_until(has_room, ENDED_WITHIN_S)


async def test_streams_that_resume_without_end_cost_little(
    service: ServiceProcess, client: httpx.AsyncClient, ada: UserClient, device: DeviceClient
) -> None:
    async with client.stream("GET", "/stream?types=telemetry", headers=ada.headers) as response:
        await submit_texts(device, 100)
        first = (await Stream(response).next())["id"]
    # Fewer than are kept: the log has changes of status too.
    await submit_texts(device, MAX_HISTORY_EVENTS - 200)
    head = request("GET", "/api/v1/stream", f"Authorization: Bearer {ada.token}", f"Last-Event-ID: {first}")
    answers = Counter[bytes]()

    async def reopen(until_s: float) -> None:
        while time.monotonic() < until_s:
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writer.write(head)
            status = (await reader.readline()).split()[1]
            answers[status] += 1
            if status == b"200":
                await reader.readuntil(b"\nid: ")
            writer.close()

    async with unharmed(service):
        until_s = time.monotonic() + REOPENED_FOR_S
        reopened = asyncio.gather(*(reopen(until_s) for _ in range(REOPENING)))
        assert await longest_delay_s(client, reopened) <= SHOWN_WITHIN_S
    print(answers)
    assert answers[b"200"] > 2 * REOPENING
