"""Whoever waits for a change may be cancelled at any moment: what the stores have done, the caches know."""

import asyncio
import random
from collections.abc import Awaitable, Coroutine
from dataclasses import replace

import pytest

from iotflow.domain import credentials
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import NotFound, Overloaded, Unauthenticated
from iotflow.domain.events import EventFilter, EventType
from iotflow.domain.times import Millis, Span
from iotflow.services import history
from iotflow.services.passwords import Passwords
from tests.services.edges import Edge, Pause
from tests.services.house import House, Probe, Resident, calling, furnish, new_probe, submit

MOMENTS = 60
DEADLINE_S = 10.0


async def cancelled_at(pause: Pause, work: Coroutine[None, None, object]) -> None:
    """Run the work, cancel it again and again while it is held, let it go on and wait for its end."""
    task = asyncio.create_task(work)
    await pause.reached.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    pause.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def key_works(house: House, key: str) -> bool:
    try:
        await calling(house, key)
    except Unauthenticated:
        return False
    return True


async def key_is_stored(house: House, key: str) -> bool:
    async with house.stores.transactions.read() as transaction:
        return await transaction.keys.get(credentials.digest(key)) is not None


async def is_active(house: House, probe: Probe) -> bool:
    return (await calling(house, probe.key)).status is DeviceStatus.ACTIVE


async def newest(house: House, owner: Resident, probe: Probe) -> object:
    try:
        return (await house.history.latest(owner.caller, probe.id)).values["temp"].value
    except NotFound:
        return None


async def test_a_revocation_whose_caller_leaves_reaches_the_cache(
    house: House, ada: Resident, passwords: Passwords
) -> None:
    probe = await new_probe(house, ada)
    assert await key_works(house, probe.key)
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "invalidate", before=pause))
    leaving = furnish(stores, house.clock, passwords)
    await cancelled_at(pause, leaving.devices.rotate_key(ada.caller, probe.id, 0, None))
    assert not await key_works(house, probe.key)


async def test_a_rotation_cancelled_at_any_moment_is_whole_or_not_at_all(house: House, ada: Resident) -> None:
    probe = await new_probe(house, ada)
    key, whole = probe.key, 0
    duration_s = await _duration(house.devices.rotate_key(ada.caller, (await new_probe(house, ada, "b")).id, 0, None))
    moments = random.Random(1)
    for _ in range(MOMENTS):
        assert await key_works(house, key)
        rotating = asyncio.create_task(house.devices.rotate_key(ada.caller, probe.id, 0, None))
        await asyncio.wait([rotating], timeout=moments.uniform(0, 2 * duration_s))
        while not rotating.done():
            rotating.cancel()
            await asyncio.sleep(0)
        stored = await key_is_stored(house, key)
        assert await key_works(house, key) == stored, "the cache believes what SQL does not know"
        if not stored:
            whole += 1
            key = (await house.devices.rotate_key(ada.caller, probe.id, 0, None)).api_key
    assert 0 < whole < MOMENTS, "no moment was before or none was after the change"


async def test_a_submission_whose_caller_leaves_reaches_the_cache(
    house: House, ada: Resident, passwords: Passwords
) -> None:
    probe = await new_probe(house, ada)
    await submit(house, probe, 10, temp=10)
    assert await newest(house, ada, probe) == 10
    pause = Pause()
    stores = replace(house.stores, telemetry=Edge(house.stores.telemetry, "write", after=pause))
    await cancelled_at(pause, submit(furnish(stores, house.clock, passwords), probe, 20, temp=20))
    assert await newest(house, ada, probe) == 20


async def test_submissions_cancelled_at_any_moment_leave_the_cache_as_new_as_the_store(
    house: House, ada: Resident
) -> None:
    probe = await new_probe(house, ada)
    duration_s = await _duration(submit(house, probe, 1, temp=1))
    moments = random.Random(2)
    for second in range(2, MOMENTS):
        await newest(house, ada, probe)
        submitting = asyncio.create_task(submit(house, probe, second, temp=second))
        await asyncio.wait([submitting], timeout=moments.uniform(0, 2 * duration_s))
        submitting.cancel()
        await asyncio.wait([submitting])
        stored = await house.stores.telemetry.latest(probe.id)
        assert await newest(house, ada, probe) == stored["temp"].value
        assert submitting.cancelled() or stored["temp"].value == second


async def test_a_deletion_whose_caller_leaves_reaches_the_cache_and_is_told_of(
    house: House, ada: Resident, passwords: Passwords
) -> None:
    probe = await new_probe(house, ada)
    await submit(house, probe, 10, temp=10)
    assert await newest(house, ada, probe) == 10
    pause = Pause()
    stores = replace(house.stores, telemetry=Edge(house.stores.telemetry, "delete", after=pause))
    leaving = furnish(stores, house.clock, passwords)
    await cancelled_at(pause, leaving.history.delete(ada.caller, probe.id, Span(Millis(0), None), None))
    assert await newest(house, ada, probe) is None
    await house.relay.handle_due()
    told = EventFilter(device_id=probe.id, event_type=EventType.DEVICE_TELEMETRY_DELETED)
    assert len(await house.stores.events.page(told, 10, None)) == 1


async def test_a_deletion_that_takes_too_long_is_given_up_and_reaches_the_cache(
    house: House, ada: Resident, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "DELETION_TIMEOUT_S", 0.05)
    probe = await new_probe(house, ada)
    await submit(house, probe, 10, temp=10)
    assert await newest(house, ada, probe) == 10
    stores = replace(house.stores, telemetry=Edge(house.stores.telemetry, "delete", after=Pause()))
    slow = furnish(stores, house.clock, passwords)
    with pytest.raises(Overloaded, match="repeat it"):
        await slow.history.delete(ada.caller, probe.id, Span(Millis(0), None), None)
    assert await newest(house, ada, probe) is None


async def test_a_device_whose_first_submission_is_cancelled_becomes_active_all_the_same(
    house: House, ada: Resident, passwords: Passwords
) -> None:
    probe = await new_probe(house, ada, active=False)
    pause = Pause()
    stores = replace(house.stores, principals=Edge(house.stores.principals, "invalidate", before=pause))
    submitting = asyncio.create_task(submit(furnish(stores, house.clock, passwords), probe, 10, temp=10))
    await pause.reached.wait()
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    pause.go_on.set()
    async with asyncio.timeout(DEADLINE_S):
        while not await is_active(house, probe):  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


async def _duration(work: Awaitable[object]) -> float:
    started = asyncio.get_running_loop().time()
    await work
    return asyncio.get_running_loop().time() - started
