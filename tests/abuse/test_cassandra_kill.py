"""Acknowledged records survive a kill of Cassandra's only node under load."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from tests.api.clients import new_device, sign_up
from tests.cli.command import iotflow
from tests.faults.load import Sender, log_in, open_client
from tests.processes import ServiceProcess
from tests.servers.containers import Server
from tests.servers.kinds import CASSANDRA

CLIENTS = 32
LOAD_S = 1.5
RECORDS_PER_LIFE = 1_000
ACKNOWLEDGED_WITHIN_S = 120.0
SOME_KILLS_S = 400
TEN_KILLS_S = 1_500


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(2, marks=pytest.mark.timeout(SOME_KILLS_S)),
        pytest.param(10, marks=[pytest.mark.soak, pytest.mark.timeout(TEN_KILLS_S)]),
    ],
)
async def test_acknowledged_records_survive_a_kill_of_the_only_node(
    own_server: Callable[..., Server], tmp_path: Path, kills: int
) -> None:
    server = await asyncio.to_thread(own_server, CASSANDRA)
    url = f"{server.url}/iotflow_kill"
    environment = {"IOTFLOW_TELEMETRY_URL": url, "IOTFLOW_LOG_LEVEL": "error"}
    migrated = await asyncio.to_thread(
        iotflow, "migrate", cwd=tmp_path, env={**environment, "IOTFLOW_DATA_DIR": str(tmp_path / "data")}
    )
    assert migrated.returncode == 0, migrated.stderr
    with ServiceProcess(tmp_path / "data", environment) as service:
        async with open_client(service.base_url) as client:
            senders = await _new_senders(client)
            sending = [asyncio.create_task(sender.run(client)) for sender in senders]
            for _ in range(kills):
                await _until_more_is_acknowledged(senders, sending)
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            await _until_more_is_acknowledged(senders, sending)
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)
            owner = await log_in(client, "owner")
            stored = [set(await sender.stored(client, owner, "asc")) for sender in senders]
    lost = [len(sender.acknowledged - found) for sender, found in zip(senders, stored, strict=True)]
    total = sum(len(sender.acknowledged) for sender in senders)
    print(f"{kills} kills: {sum(lost)} of {total} acknowledged records lost")
    assert sum(lost) == 0, f"{sum(lost)} of {total} acknowledged records are lost"


async def _new_senders(client: httpx.AsyncClient) -> list[Sender]:
    owner = await sign_up(client, "owner")
    first_ms = int((time.time() - 3_600) * 1_000)
    devices = [await new_device(owner, f"sender-{number}") for number in range(CLIENTS)]
    return [Sender(device.id, device.key, first_ms) for device in devices]


async def _until_more_is_acknowledged(senders: Sequence[Sender], sending: Sequence[asyncio.Task[None]]) -> None:
    """Run the senders for `LOAD_S`, and until `RECORDS_PER_LIFE` more records are acknowledged."""
    began, before = time.monotonic(), _acknowledged(senders)
    while time.monotonic() < began + LOAD_S or _acknowledged(senders) < before + RECORDS_PER_LIFE:
        assert time.monotonic() < began + ACKNOWLEDGED_WITHIN_S, "the load does not get through"
        done, _ = await asyncio.wait(sending, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
        assert not done, f"a client has stopped: {done}"


def _acknowledged(senders: Sequence[Sender]) -> int:
    return sum(len(sender.acknowledged) for sender in senders)
