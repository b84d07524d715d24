"""Many who miss the same entry of a cache at the same time: the store is read once."""

import asyncio
from dataclasses import replace

import pytest

from iotflow.domain.errors import StoreUnavailable
from iotflow.services.passwords import Passwords
from iotflow.services.single_flight import SingleFlight
from tests.services.edges import Edge, Fail, Pause
from tests.services.house import House, Probe, Resident, calling, furnish, new_probe, submit

READERS = 50


@pytest.fixture
async def probe(house: House, ada: Resident) -> Probe:
    """A device of Ada's that has sent a value; no cache knows."""
    probe = await new_probe(house, ada)
    await submit(house, probe, 10, temp=10)
    await house.stores.latest.invalidate(probe.id)
    return probe


async def test_many_who_want_the_newest_values_read_the_store_once(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    reads = Fail(None)
    crowded = furnish(
        replace(house.stores, telemetry=Edge(house.stores.telemetry, "latest", before=reads)), house.clock, passwords
    )
    answers = await asyncio.gather(*(crowded.history.latest(ada.caller, probe.id) for _ in range(READERS)))
    assert {answer.values["temp"].value for answer in answers} == {10}
    assert reads.calls == 1


async def test_many_with_the_same_key_look_it_up_once(house: House, probe: Probe, passwords: Passwords) -> None:
    await house.stores.principals.invalidate([(await calling(house, probe.key)).credential])
    fills = Fail(None)
    crowded = furnish(
        replace(house.stores, principals=Edge(house.stores.principals, "fill", before=fills)), house.clock, passwords
    )
    devices = await asyncio.gather(*(calling(crowded, probe.key) for _ in range(READERS)))
    assert {device.device_id for device in devices} == {probe.id}
    assert fills.calls == 1


async def test_who_comes_after_a_submission_does_not_share_a_read_that_began_before_it(
    house: House, ada: Resident, probe: Probe, passwords: Passwords
) -> None:
    pause = Pause()
    slow = furnish(
        replace(house.stores, telemetry=Edge(house.stores.telemetry, "latest", after=pause)), house.clock, passwords
    )
    early = asyncio.create_task(slow.history.latest(ada.caller, probe.id))
    await pause.reached.wait()
    await submit(house, probe, 20, temp=20)
    late = await slow.history.latest(ada.caller, probe.id)
    pause.go_on.set()
    assert late.values["temp"].value == 20
    assert (await early).values["temp"].value == 10


async def test_a_reader_who_leaves_takes_nothing_from_the_others() -> None:
    flights, pause = SingleFlight[int](), Pause()

    async def work() -> int:
        await pause()
        return 7

    readers = [asyncio.create_task(flights.read("key", work)) for _ in range(3)]
    await pause.reached.wait()
    readers[0].cancel()
    pause.go_on.set()
    assert await asyncio.gather(*readers[1:]) == [7, 7]
    assert readers[0].cancelled()


async def test_an_outage_is_everybody_s_and_not_remembered() -> None:
    flights, fail = SingleFlight[int](), Fail(StoreUnavailable("sql", "gone"))

    async def work() -> int:
        await fail()
        return 7

    outcomes = await asyncio.gather(*(flights.read("key", work) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    fail.error = None
    assert await flights.read("key", work) == 7
    assert fail.calls == 2
