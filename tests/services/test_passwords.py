"""The cost of a password's hash, and the order in which passwords are hashed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from iotflow.domain.errors import Overloaded
from iotflow.services import passwords
from iotflow.services.passwords import ARGON2, MAX_QUEUED_PASSWORDS, Passwords

PASSWORD = "correct horse battery"
CROWD, CALM, LATE = "192.0.2.1", "192.0.2.2", "192.0.2.3"


@pytest.fixture
async def fresh(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Passwords]:
    monkeypatch.setattr(passwords, "HASHING_TIMEOUT_S", 60.0)  # hashing is slow on a busy machine
    monkeypatch.setattr(
        passwords, "ARGON2", ARGON2
    )  # at the service's cost, for which the other tests have a cheap one
    fresh = Passwords()
    yield fresh
    fresh.close()


def hashing(fresh: Passwords, network: str, times: int) -> list["asyncio.Task[str]"]:
    return [asyncio.create_task(fresh.hash(PASSWORD, network)) for _ in range(times)]


async def test_the_cost(fresh: Passwords) -> None:
    assert (await fresh.hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_login_overtakes_waiting_registrations(fresh: Passwords) -> None:
    stored = await fresh.hash(PASSWORD)
    crowd = hashing(fresh, CROWD, MAX_QUEUED_PASSWORDS)
    await asyncio.sleep(0)
    assert await fresh.verify(PASSWORD, stored, CROWD)
    assert sum(task.done() for task in crowd) <= 3
    await asyncio.gather(*crowd)


async def test_many_logins_do_not_starve_registrations(fresh: Passwords) -> None:
    crowd = [asyncio.create_task(fresh.verify(PASSWORD, None, CROWD)) for _ in range(MAX_QUEUED_PASSWORDS)]
    await asyncio.sleep(0)
    assert (await fresh.hash(PASSWORD, CALM)).startswith("$argon2id$")
    assert sum(task.done() for task in crowd) <= 5
    await asyncio.gather(*crowd)


async def test_networks_alternate(fresh: Passwords) -> None:
    crowd = hashing(fresh, CROWD, 20)
    calm = hashing(fresh, CALM, 3)
    await asyncio.gather(*calm)
    assert sum(task.done() for task in crowd) <= 5
    await asyncio.gather(*crowd)


async def test_a_full_queue_admits_a_network_with_fewer_entries(fresh: Passwords) -> None:
    crowd = hashing(fresh, CROWD, MAX_QUEUED_PASSWORDS + 1)
    await asyncio.sleep(0)
    calm = hashing(fresh, CALM, 2)
    with pytest.raises(Overloaded):
        await fresh.hash(PASSWORD, CROWD)
    await asyncio.gather(*calm)
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [str] * (MAX_QUEUED_PASSWORDS - 1) + [Overloaded] * 2


async def test_a_cancelled_caller_leaves_the_queue(fresh: Passwords) -> None:
    for round_ in range(3):
        crowd = hashing(fresh, CROWD, 10)
        await asyncio.sleep(0.01 * round_)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
    async with asyncio.timeout(5.0):
        await asyncio.gather(*hashing(fresh, CALM, 2), fresh.verify(PASSWORD, None, LATE))
