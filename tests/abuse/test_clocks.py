"""A host's clock that is set back stops nothing: libfaketime moves the service's clock while it runs."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.abuse.conftest import Serve
from tests.api.people import ADMIN, PASSWORD, Person, Thing, join, login, new_device, submit

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
AHEAD_S = 6 * 3_600
DEADLINE_S = 60.0


@pytest.fixture
def offset(tmp_path: Path) -> Path:
    """The file that holds how far the service's clock is ahead; skips without libfaketime."""
    if not LIBRARIES and not os.environ.get("IOTFLOW_REQUIRE_STORES"):
        pytest.skip("needs libfaketime: apt install faketime")
    file = tmp_path / "offset"
    set_clock(file, AHEAD_S)
    return file


def set_clock(offset: Path, ahead_s: int) -> None:
    """Set the service's clock to so many seconds ahead of this host's."""
    offset.write_text(f"+{ahead_s}s")


def moved_by(offset: Path) -> dict[str, str]:
    """The environment of a service whose time of day, and nothing else, follows the file."""
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "IOTFLOW_LOGIN_WINDOW": "20",
        "IOTFLOW_ONLINE_WINDOW": "1",
    }


async def test_a_clock_that_was_ahead_is_set_right(serve: Serve, offset: Path) -> None:
    service = serve(moved_by(offset))
    async with httpx.AsyncClient(base_url=f"{service.base_url}/api/v1", timeout=60.0, trust_env=False) as client:
        ada, admin = await join(client, "ada"), await login(client, ADMIN)
        probe, silent = await new_device(ada, "probe"), await new_device(ada, "silent")
        ahead = (await submit(probe, x=1))["timestamp"]
        assert datetime.fromisoformat(ahead).timestamp() > time.time() + AHEAD_S / 2
        await submit(probe, at=1_700_000_000, y=1)
        await silent.post("/devices/heartbeat")
        assert (await ada.get(f"/telemetry/{probe.id}/latest"))["latest_data"]["x"]["value"] == 1
        for _ in range(10):
            await ada.refused(401, "POST", "/auth/login", {"username": "ada", "password": "wrong"})

        set_clock(offset, 0)

        await goes_on(ada, probe)
        await eventually(lambda: can_log_in(client))
        await ada.patch(f"/devices/{probe.id}", {"location": "roof"})
        await eventually(lambda: is_told(ada, "device.updated"))
        await eventually(lambda: is_offline(admin, silent))


async def goes_on(ada: Person, probe: Thing) -> None:
    """Submissions are taken, with the time of day, and of two for one time the last wins."""
    answer = await submit(probe, x=2)
    assert abs(datetime.fromisoformat(answer["timestamp"]).timestamp() - time.time()) < DEADLINE_S
    await submit(probe, at=time.time(), x=3)
    await submit(probe, at=1_700_000_000, y=2)
    (record,) = (await ada.get(f"/telemetry/{probe.id}", start_time=1_700_000_000, end_time=1_700_000_001))["data"]
    assert record["measurements"] == {"y": 2}
    assert (await ada.get(f"/telemetry/{probe.id}/latest"))["latest_data"]["y"]["value"] == 2
    await ada.delete(f"/telemetry/{probe.id}", start_time=1_600_000_000, stop_time="now")
    assert "y" not in (await ada.get(f"/telemetry/{probe.id}/latest"))["latest_data"]


async def is_told(reader: Person, event_type: str) -> bool:
    return bool((await reader.get("/events", event_type=event_type))["events"])


async def can_log_in(client: httpx.AsyncClient) -> bool:
    answer = await client.post("/auth/login", json={"username": "ada", "password": PASSWORD})
    return answer.status_code == 200


async def is_offline(admin: Person, device: Thing) -> bool:
    await admin.get("/admin/stats")  # it stores what is known of who was seen
    return not (await admin.get(f"/devices/{device.id}/status"))["device"]["is_online"]


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(DEADLINE_S):
        while not await holds():  # noqa: ASYNC110  # the service tells nobody that it has changed
            await asyncio.sleep(0.5)
