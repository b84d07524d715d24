"""Reads of the newest values that cross a submission or a deletion: nobody sees a value older than the store's."""

import asyncio
from dataclasses import replace

import pytest

from iotflow.domain.errors import NotFound, StoreUnavailable
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis, Span
from iotflow.services.passwords import Passwords
from tests.services.edges import Edge, Fail, Pause
from tests.services.house import House, Probe, Resident, furnish, new_probe, submit

ALL = Span(Millis(0), None)


@pytest.fixture
async def probe(house: House, ada: Resident) -> Probe:
    """A device of Ada's that has sent 10 for second 10 and 20 for second 20; no cache knows."""
    probe = await new_probe(house, ada)
    for second in (10, 20):
        await submit(house, probe, second, temp=second)
    await house.stores.latest.invalidate(probe.id)
    return probe


async def latest(house: House, owner: Resident, probe: Probe) -> Value | None:
    """The newest value as a reader sees it now and, from the cache, a moment later."""
    try:
        first = (await house.history.latest(owner.caller, probe.id)).values["temp"].value
    except NotFound:
        return None
    again = await house.history.latest(owner.caller, probe.id)
    assert again.values["temp"].value == first
    return first


def slowed(house: House, passwords: Passwords, *, telemetry: Edge) -> House:
    """The services over stores of which telemetry is seen through an edge."""
    return furnish(replace(house.stores, telemetry=telemetry), house.clock, passwords)


async def test_a_read_that_crosses_a_submission_leaves_no_older_value(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    pause = Pause()
    slow = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "latest", after=pause))
    reading = asyncio.create_task(slow.history.latest(ada.caller, probe.id))
    await pause.reached.wait()
    await submit(house, probe, 30, temp=30)
    pause.go_on.set()
    assert (await reading).values["temp"].value == 20
    assert await latest(house, ada, probe) == 30


@pytest.mark.parametrize("known", [False, True])
async def test_a_submission_that_crosses_a_read_is_seen_once_it_is_acknowledged(
    house: House, ada: Resident, probe: Probe, passwords: Passwords, known: bool
) -> None:
    if known:
        assert await latest(house, ada, probe) == 20
    pause = Pause()
    slow = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "write", after=pause))
    submitting = asyncio.create_task(submit(slow, probe, 30, temp=30))
    await pause.reached.wait()
    await latest(house, ada, probe)
    pause.go_on.set()
    await submitting
    assert await latest(house, ada, probe) == 30


async def test_submissions_that_overtake_each_other_end_with_the_newest(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    assert await latest(house, ada, probe) == 20
    pause = Pause()
    slow = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "write", after=pause))
    overtaken = asyncio.create_task(submit(slow, probe, 30, temp="first sent"))
    await pause.reached.wait()
    await submit(house, probe, 30, temp="sent again")
    pause.go_on.set()
    await overtaken
    assert await latest(house, ada, probe) == "sent again"


async def test_a_read_that_crosses_a_deletion_leaves_no_deleted_value(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    pause = Pause()
    slow = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "latest", after=pause))
    reading = asyncio.create_task(slow.history.latest(ada.caller, probe.id))
    await pause.reached.wait()
    await house.history.delete(ada.caller, probe.id, Span(Millis(20_000), None), None)
    pause.go_on.set()
    await reading
    assert await latest(house, ada, probe) == 10


@pytest.mark.parametrize("known", [False, True])
async def test_a_deletion_that_crosses_a_read_is_complete_once_it_is_acknowledged(
    house: House, ada: Resident, probe: Probe, passwords: Passwords, known: bool
) -> None:
    if known:
        assert await latest(house, ada, probe) == 20
    pause = Pause()
    slow = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "delete", after=pause))
    deleting = asyncio.create_task(slow.history.delete(ada.caller, probe.id, ALL, None))
    await pause.reached.wait()
    await latest(house, ada, probe)
    pause.go_on.set()
    await deleting
    assert await latest(house, ada, probe) is None


async def test_a_submission_that_was_deleted_before_it_is_acknowledged_is_not_shown(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    pause = Pause()
    slow = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "write", after=pause))
    submitting = asyncio.create_task(submit(slow, probe, 30, temp=30))
    await pause.reached.wait()
    await house.history.delete(ada.caller, probe.id, Span(Millis(30_000), None), None)
    assert await latest(house, ada, probe) == 20
    pause.go_on.set()
    await submitting
    assert await latest(house, ada, probe) == 20


async def test_a_write_or_a_deletion_that_failed_but_reached_the_store_is_shown(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    fail = Fail(StoreUnavailable("telemetry", "its answer was lost"))
    assert await latest(house, ada, probe) == 20
    doubtful = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "write", after=fail))
    with pytest.raises(StoreUnavailable):
        await submit(doubtful, probe, 30, temp=30)
    assert await latest(house, ada, probe) == 30
    doubtful = slowed(house, passwords, telemetry=Edge(house.stores.telemetry, "delete", after=fail))
    with pytest.raises(StoreUnavailable):
        await doubtful.history.delete(ada.caller, probe.id, Span(Millis(20_000), None), None)
    assert await latest(house, ada, probe) == 10
