"""A full disk: writes are refused, and free space is enough to recover."""

import resource
from itertools import count

import httpx

from tests.api.clients import new_device, sign_up
from tests.faults.monitor import DEADLINE_S, SUCCESS_IS_SEEN_WITHIN_S, accepts, is_healthy, is_unhealthy, stored_seconds
from tests.processes import ServiceProcess
from tests.waiting import wait_until

ROOM = 512 * 1_024
"""Size limit of each file in bytes; the kernel refuses writes beyond it, as on a full disk."""


async def test_a_full_disk_refuses_writes_until_space_is_free(
    service: ServiceProcess, client: httpx.AsyncClient
) -> None:
    owner = await sign_up(client, "owner")
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
    await wait_until(lambda: is_unhealthy(service), DEADLINE_S)

    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, without_limit)
    await wait_until(lambda: accepts(device, 10_000), DEADLINE_S)
    await wait_until(lambda: is_healthy(service), SUCCESS_IS_SEEN_WITHIN_S)
    assert await stored_seconds(device) == [*accepted, 10_000]
    service.stop()
    service.start()
    assert await stored_seconds(device) == [*accepted, 10_000]
