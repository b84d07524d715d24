"""Acknowledged writes survive a kill of the service under load, and are stored once."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

import httpx

from tests.faults.load import Registrar, Sender, all_items, log_in, open_client, pages
from tests.processes import ServiceProcess

CLIENTS = 50
REGISTRARS = 4
LIVES = 2
LOAD_S = 2.5
RECORDS_PER_LIFE = 500
LOAD_DEADLINE_S = 20.0
EVENTS_DEADLINE_S = 30.0


async def test_writes_acknowledged_before_a_kill_are_stored_once(service: ServiceProcess) -> None:
    service.start()
    async with open_client(service.base_url) as client:
        await client.post("/auth/register", json=_account("owner"))
        owner = await log_in(client, "owner")
        senders = [await _new_sender(client, owner, number) for number in range(CLIENTS)]
    accounts = [Registrar("/auth/register", "account")]
    devices = [Registrar("/devices/register", f"late-{number}", owner) for number in range(REGISTRARS)]

    for life in range(1, LIVES + 1):
        await _load_then_kill(service, senders, [*accounts, *devices], life * RECORDS_PER_LIFE)
        service.start()

    async with open_client(service.base_url) as client:
        admin = await log_in(client, "root")
        for sender in senders:
            await _check_records(client, owner, sender)
        await _check_accounts(client, admin, accounts)
        await _check_devices(client, admin, devices, {sender.device_id for sender in senders})
    assert service.stop() == 0
    with closing(sqlite3.connect(service.data_dir / "iotflow.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def _new_sender(client: httpx.AsyncClient, owner: dict[str, str], number: int) -> Sender:
    body = {"name": f"sender-{number}", "device_type": "sensor"}
    answer = await client.post("/devices/register", json=body, headers=owner)
    device = answer.json()["device"]
    return Sender(device["id"], device["api_key"], first_ms=int((time.time() - 3_600) * 1_000))


async def _load_then_kill(
    service: ServiceProcess, senders: Sequence[Sender], registrars: Sequence[Registrar], records: int
) -> None:
    """Run all clients for `LOAD_S`, and until this number of records is acknowledged."""
    started = time.monotonic()
    registered = [len(registrar.acknowledged) for registrar in registrars]
    async with open_client(service.base_url) as client:
        clients: list[Sender | Registrar] = [*senders, *registrars]
        running = [asyncio.create_task(each.run(client)) for each in clients]
        while time.monotonic() < started + LOAD_S or sum(len(each.acknowledged) for each in senders) < records:
            assert time.monotonic() < started + LOAD_DEADLINE_S, "the load does not get through"
            done, _ = await asyncio.wait(running, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
            assert not done, f"a client has stopped: {done}"
        await asyncio.to_thread(service.kill)
        await asyncio.gather(*running)
    assert all(len(registrar.acknowledged) > before for registrar, before in zip(registrars, registered, strict=True))


async def _check_records(client: httpx.AsyncClient, owner: dict[str, str], sender: Sender) -> None:
    ascending = await sender.stored(client, owner, "asc")
    assert ascending == sorted(set(ascending)), "records come twice or out of order"
    assert await sender.stored(client, owner, "desc") == ascending[::-1]
    assert sender.acknowledged <= set(ascending), "acknowledged records are lost"
    assert set(ascending) <= sender.acknowledged | sender.unanswered


async def _check_accounts(client: httpx.AsyncClient, admin: dict[str, str], registrars: Sequence[Registrar]) -> None:
    users = {user["username"]: user["user_id"] for user in await all_items(client, "/users", admin, "users")}
    acknowledged = {name: found for registrar in registrars for name, found in registrar.acknowledged.items()}
    assert acknowledged.items() <= users.items()
    # Each account has its event, unacknowledged ones too, and each event has its account.
    assert await _registered(client, admin, "user.registered", "user_id", len(users)) == Counter(users.values())
    for name in {name for registrar in registrars for name in registrar.unanswered} & users.keys():
        assert await log_in(client, name)


async def _check_devices(
    client: httpx.AsyncClient, admin: dict[str, str], registrars: Sequence[Registrar], senders: set[int]
) -> None:
    devices = {device["name"]: device["id"] for device in await all_items(client, "/admin/devices", admin, "devices")}
    acknowledged = {name: found for registrar in registrars for name, found in registrar.acknowledged.items()}
    assert acknowledged.items() <= devices.items()
    assert senders <= set(devices.values())
    assert await _registered(client, admin, "device.registered", "device_id", len(devices)) == Counter(devices.values())
    for name in {name for registrar in registrars for name in registrar.unanswered} & devices.keys():
        config = await client.get(f"/devices/{devices[name]}/config", headers=admin)
        assert config.status_code == 200


async def _registered(
    client: httpx.AsyncClient, admin: dict[str, str], event_type: str, member: str, expected: int
) -> Counter[str | int]:
    """Wait for the expected number of events of the type, and count them by account or device.

    The messages that a killed relay has claimed wait until the claim expires.
    """
    deadline = time.monotonic() + EVENTS_DEADLINE_S
    while True:
        query = {"event_type": event_type, "limit": 1_000}
        found = Counter([event[member] async for event in pages(client, "/events", admin, query, "events")])
        if found.total() >= expected or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.2)


def _account(name: str) -> dict[str, str]:
    return {"username": name, "email": f"{name}@example.org", "password": "correct horse battery"}
