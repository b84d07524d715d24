"""The service keeps working when the host's clock is set back, which libfaketime simulates."""

import os
import time
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.abuse.conftest import Serve
from tests.api.clients import ADMIN, PASSWORD, DeviceClient, UserClient, login, new_device, sign_up, submit
from tests.waiting import wait_until

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
AHEAD_S = 6 * 3_600
DEADLINE_S = 60.0


@pytest.fixture
def offset(tmp_path: Path) -> Path:
    """The file with the offset of the service's clock. Skips the test without libfaketime."""
    if not LIBRARIES and not os.environ.get("IOTFLOW_REQUIRE_STORES"):
        pytest.skip("needs libfaketime: apt install faketime")
    file = tmp_path / "offset"
    set_clock(file, AHEAD_S)
    return file


def set_clock(offset: Path, ahead_s: int) -> None:
    """Set the service's clock to this number of seconds ahead of the host's."""
    offset.write_text(f"+{ahead_s}s")


def moved_by(offset: Path) -> dict[str, str]:
    """Return the environment of a service whose time of day, but not monotonic time, follows the file."""
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "IOTFLOW_LOGIN_WINDOW_SECONDS": "20",
        "IOTFLOW_ONLINE_WINDOW_SECONDS": "1",
    }


async def test_a_clock_that_was_ahead_is_corrected(serve: Serve, offset: Path) -> None:
    service = serve(moved_by(offset))
    async with httpx.AsyncClient(base_url=f"{service.base_url}/api/v1", timeout=60.0, trust_env=False) as client:
        ada, admin = await sign_up(client, "ada"), await login(client, ADMIN)
        device, silent = await new_device(ada, "probe"), await new_device(ada, "silent")
        ahead = (await submit(device, x=1))["timestamp"]
        assert datetime.fromisoformat(ahead).timestamp() > time.time() + AHEAD_S / 2
        await submit(device, at=1_700_000_000, y=1)
        await silent.post("/devices/heartbeat")
        assert (await ada.get(f"/telemetry/{device.id}/latest"))["latest_data"]["x"]["value"] == 1
        for _ in range(10):
            await ada.refused(401, "POST", "/auth/login", {"username": "ada", "password": "wrong"})

        set_clock(offset, 0)

        await check_submissions(ada, device)
        await wait_until(lambda: can_log_in(client), DEADLINE_S, interval_s=0.5)
        await ada.patch(f"/devices/{device.id}", {"location": "roof"})
        await wait_until(lambda: has_event(ada, "device.updated"), DEADLINE_S, interval_s=0.5)
        await wait_until(lambda: is_offline(admin, silent), DEADLINE_S, interval_s=0.5)


async def check_submissions(ada: UserClient, device: DeviceClient) -> None:
    """Check that submissions have the time of day, and that of two for one time the last wins."""
    answer = await submit(device, x=2)
    assert abs(datetime.fromisoformat(answer["timestamp"]).timestamp() - time.time()) < DEADLINE_S
    await submit(device, at=time.time(), x=3)
    await submit(device, at=1_700_000_000, y=2)
    (record,) = (await ada.get(f"/telemetry/{device.id}", start_time=1_700_000_000, end_time=1_700_000_001))["data"]
    assert record["measurements"] == {"y": 2}
    assert (await ada.get(f"/telemetry/{device.id}/latest"))["latest_data"]["y"]["value"] == 2
    await ada.delete(f"/telemetry/{device.id}", start_time=1_600_000_000, stop_time="now")
    assert "y" not in (await ada.get(f"/telemetry/{device.id}/latest"))["latest_data"]


async def has_event(reader: UserClient, event_type: str) -> bool:
    return bool((await reader.get("/events", event_type=event_type))["events"])


async def can_log_in(client: httpx.AsyncClient) -> bool:
    answer = await client.post("/auth/login", json={"username": "ada", "password": PASSWORD})
    return answer.status_code == 200


async def is_offline(admin: UserClient, device: DeviceClient) -> bool:
    await admin.get("/admin/stats")  # it flushes presence
    return not (await admin.get(f"/devices/{device.id}/status"))["device"]["is_online"]
