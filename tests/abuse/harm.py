"""The harm of an attack: the response times of another client, and the memory of the service."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.abuse.prober import Probes
from tests.api.clients import ApiClient
from tests.processes import ServiceProcess

CONTROL_S = 2.0
TIMES_CONTROL = 10
SHORT_STALL_S = 0.25
MIB = 2**20
PROBER_ENDS_WITHIN_S = 70.0


@dataclass
class Watched:
    """The measurements of a watch; None until it has ended."""

    probes: Probes | None = None


@asynccontextmanager
async def unharmed(service: ServiceProcess, *, memory_mib: int = 64) -> AsyncIterator[None]:
    """Check that the block's attack costs another client no more than a short stall, and the process little memory.

    The longest stall is ten times the longest answer of a control run right before, or 250 ms, whichever is more. The
    process's high-water mark may rise by `memory_mib`: 64 MiB, or 128 MiB for valid bodies of 16 MiB.
    """
    async with _watching(service) as control:
        await asyncio.sleep(CONTROL_S)
    assert control.probes is not None
    before = memory(service, "VmRSS")
    _reset_high_water_mark(service)
    async with _watching(service) as attacked:
        yield
    assert attacked.probes is not None
    taken = memory(service, "VmHWM") - before
    allowed_s = max(TIMES_CONTROL * control.probes.longest_s, SHORT_STALL_S)
    found = f"control {control.probes}, attacked {attacked.probes}, memory {taken / MIB:.0f} MiB"
    print(found)
    assert attacked.probes.refused == 0, found
    assert attacked.probes.longest_s <= allowed_s, found
    assert taken <= memory_mib * MIB, found


@asynccontextmanager
async def requests_in_parallel(
    service: ServiceProcess, caller: ApiClient, number: int, method: str, path: str, **request: Any
) -> AsyncIterator[list[httpx.Response]]:
    """Send one request this number of times at once during a block, and yield the list of the answers so far.

    They come from two addresses: one alone may not have as many in flight. `request` has httpx's arguments. Requests
    without an answer end with the block.
    """
    answers: list[httpx.Response] = []
    url = f"{service.base_url}/api/v1{path}"

    async def send(client: httpx.AsyncClient) -> None:
        answers.append(await client.request(method, url, headers=caller.headers, **request))

    async with AsyncExitStack() as stack:
        clients = []
        for source in ("127.0.0.2", "127.0.0.3"):
            transport = httpx.AsyncHTTPTransport(local_address=source, limits=httpx.Limits(max_connections=None))
            clients.append(await stack.enter_async_context(httpx.AsyncClient(transport=transport, timeout=60.0)))
        sent = [asyncio.create_task(send(clients[n % 2])) for n in range(number)]
        try:
            yield answers
        finally:
            for task in sent:
                task.cancel()
            await asyncio.gather(*sent, return_exceptions=True)


async def longest_s(step: Callable[[], Awaitable[object]], attack: Awaitable[object]) -> float:
    """Repeat a step of another client until an attack has ended, and return the longest time that it took."""
    attacking = asyncio.ensure_future(attack)
    longest = 0.0
    while not attacking.done():
        began = time.monotonic()
        await step()
        longest = max(longest, time.monotonic() - began)
        await asyncio.sleep(0.05)
    await attacking
    print(f"longest step {longest:.2f} s")
    return longest


def memory(service: ServiceProcess, field: str) -> int:
    """Return a field of the process's `/proc/PID/status` in bytes: `VmRSS`, or `VmHWM`, the high-water mark."""
    for line in Path(f"/proc/{service.pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1_024
    raise LookupError(field)


def _reset_high_water_mark(service: ServiceProcess) -> None:
    # proc(5): writing 5 resets the peak to the current resident set size.
    Path(f"/proc/{service.pid}/clear_refs").write_text("5")


@asynccontextmanager
async def _watching(service: ServiceProcess) -> AsyncIterator[Watched]:
    prober = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.abuse.prober",
        str(service.port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    watched = Watched()
    assert prober.stdout is not None
    try:
        # A short attack could end before the interpreter of the prober has started.
        async with asyncio.timeout(PROBER_ENDS_WITHIN_S):
            await prober.stdout.readline()
        yield watched
        async with asyncio.timeout(PROBER_ENDS_WITHIN_S):
            output, _ = await prober.communicate(b"")
        watched.probes = msgspec.json.decode(output, type=Probes)
    finally:
        if prober.returncode is None:
            prober.kill()
            await prober.wait()
