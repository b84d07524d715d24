"""There is no room for the files to grow: what cannot be stored is refused, and room is enough to go on."""

import resource
from itertools import count

import httpx

from tests.api.people import join, new_device
from tests.faults.watch import SUCCESS_IS_SEEN_WITHIN_S, accepts, is_healthy, is_unhealthy, stored_seconds, until
from tests.processes import ServiceProcess

ROOM = 512 * 1_024
"""Bytes that each file may have; the kernel refuses to write beyond, as it does on a full disk."""


async def test_a_full_disk_refuses_writes_until_there_is_room(
    service: ServiceProcess, client: httpx.AsyncClient
) -> None:
    owner = await join(client, "owner")
    device = await new_device(owner)
    without_limit = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)

    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (ROOM, without_limit[1]))
    seconds = count(1)
    accepted = []
    while await accepts(device, second := next(seconds)):
        accepted.append(second)
        assert second < 2_000, "the disk does not become full"
    assert (await owner.send("POST", "/groups", json={"name": "shed"})).status_code == 503
    assert await stored_seconds(device) == accepted
    assert await until(lambda: is_unhealthy(service))

    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, without_limit)
    assert await until(lambda: accepts(device, 10_000))
    assert await until(lambda: is_healthy(service), SUCCESS_IS_SEEN_WITHIN_S)
    assert await stored_seconds(device) == [*accepted, 10_000]
    service.stop()
    service.start()
    assert await stored_seconds(device) == [*accepted, 10_000]
