"""The cost of a password's hash, and the order in which passwords are hashed."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from iotflow.domain.errors import Overloaded
from iotflow.services import passwords
from iotflow.services.passwords import ARGON2, MAX_QUEUED_PASSWORDS, Passwords

PASSWORD = "correct horse battery"
CROWD, CALM, LATE = "192.0.2.1", "192.0.2.2", "192.0.2.3"
DEADLINE_S = 10.0


class Gate:
    """A method of the cheap Argon2 of the tests, each call of which waits until it may pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
        self._passes = threading.Semaphore(0)
        real = getattr(passwords.ARGON2, method)

        def gated(*arguments: str) -> object:
            assert self._passes.acquire(timeout=DEADLINE_S)
            return real(*arguments)

        monkeypatch.setattr(passwords.ARGON2, method, gated)

    def open(self, calls: int) -> None:
        """Let this number of calls pass."""
        self._passes.release(calls)


@pytest.fixture
async def fresh() -> AsyncIterator[Passwords]:
    fresh = Passwords()
    yield fresh
    fresh.close()


def hashing(fresh: Passwords, network: str, times: int) -> list["asyncio.Task[str]"]:
    return [asyncio.create_task(fresh.hash(PASSWORD, network)) for _ in range(times)]


async def test_the_cost(monkeypatch: pytest.MonkeyPatch, fresh: Passwords) -> None:
    monkeypatch.setattr(passwords, "ARGON2", ARGON2)  # imported before the other tests got a cheap one
    assert (await fresh.hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_login_overtakes_waiting_registrations(monkeypatch: pytest.MonkeyPatch, fresh: Passwords) -> None:
    stored = await fresh.hash(PASSWORD)
    gate = Gate(monkeypatch, "hash")
    crowd = hashing(fresh, CROWD, MAX_QUEUED_PASSWORDS)
    await asyncio.sleep(0)
    assert await fresh.verify(PASSWORD, stored, CROWD)
    assert not any(task.done() for task in crowd)
    gate.open(len(crowd))
    await asyncio.gather(*crowd)


async def test_many_logins_do_not_starve_registrations(monkeypatch: pytest.MonkeyPatch, fresh: Passwords) -> None:
    gate = Gate(monkeypatch, "verify")
    crowd = [asyncio.create_task(fresh.verify(PASSWORD, None, CROWD)) for _ in range(MAX_QUEUED_PASSWORDS)]
    await asyncio.sleep(0)
    gate.open(1)
    assert (await fresh.hash(PASSWORD, CALM)).startswith("$argon2id$")
    assert sum(task.done() for task in crowd) == 1
    gate.open(len(crowd) - 1)
    await asyncio.gather(*crowd)


async def test_networks_alternate(fresh: Passwords) -> None:
    finished: list[str] = []
    crowd, calm = hashing(fresh, CROWD, 20), hashing(fresh, CALM, 3)
    networks = dict.fromkeys(crowd, CROWD) | dict.fromkeys(calm, CALM)
    for task in networks:
        task.add_done_callback(lambda task: finished.append(networks[task]))
    await asyncio.gather(*crowd, *calm)
    assert finished == [CROWD, *[CROWD, CALM] * len(calm), *[CROWD] * 16]


async def test_a_full_queue_admits_a_network_with_fewer_entries(fresh: Passwords) -> None:
    crowd = hashing(fresh, CROWD, MAX_QUEUED_PASSWORDS + 1)
    await asyncio.sleep(0)
    calm = hashing(fresh, CALM, 2)
    with pytest.raises(Overloaded):
        await fresh.hash(PASSWORD, CROWD)
    await asyncio.gather(*calm)
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [str] * (MAX_QUEUED_PASSWORDS - 1) + [Overloaded] * 2


async def test_a_cancelled_caller_leaves_the_queue(monkeypatch: pytest.MonkeyPatch, fresh: Passwords) -> None:
    gate = Gate(monkeypatch, "hash")
    for turns in range(4):
        crowd = hashing(fresh, CROWD, 10)
        for _ in range(turns):  # the first call is granted, then passed to its thread, in which it waits
            await asyncio.sleep(0)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        gate.open(1)
    gate.open(2)
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*hashing(fresh, CALM, 2), fresh.verify(PASSWORD, None, LATE))
