"""A damaged database file: requests are answered 503, and restoring the file is enough to recover."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.api.clients import new_device, sign_up
from tests.faults.monitor import DEADLINE_S, accepts, is_unhealthy, stored_seconds
from tests.processes import ServiceProcess
from tests.waiting import wait_until


async def test_a_file_overwritten_under_the_service_is_answered_503_until_it_is_restored(
    service: ServiceProcess, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    owner = await sign_up(client, "owner")
    device = await new_device(owner)
    assert await accepts(device, 1)
    service.stop()
    saved = shutil.copytree(service.data_dir, tmp_path / "saved")

    service.start()
    for file in service.data_dir.glob("iotflow.db*"):
        if (
            file.suffix != ".db-shm"
        ):  # the file is mapped into the service's memory: a change in place would change its memory
            file.write_bytes(os.urandom(max(65_536, file.stat().st_size)))
    assert not await accepts(device, 2)
    for path in (f"/telemetry/{device.id}", f"/telemetry/{device.id}/latest", "/devices/status", "/devices/config"):
        assert (await device.send("GET", path)).status_code == 503
    assert (await owner.send("POST", "/groups", json={"name": "shed"})).status_code == 503
    await wait_until(lambda: is_unhealthy(service), DEADLINE_S)
    assert service.stop() == 0

    shutil.rmtree(service.data_dir)
    shutil.copytree(saved, service.data_dir)
    service.start()
    assert await accepts(device, 3)
    assert await stored_seconds(device) == [1, 3]


@pytest.mark.parametrize("make", [lambda file: file.write_bytes(os.urandom(65_536)), lambda file: file.mkdir()])
def test_a_service_does_not_start_on_a_file_that_is_no_database(make: Callable[[Path], object], tmp_path: Path) -> None:
    file = tmp_path / "iotflow.db"
    make(file)
    ended = subprocess.run(
        [sys.executable, "-m", "iotflow", "serve", "--port", "0"],
        env={**os.environ, "IOTFLOW_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "IOTFLOW_DATABASE_URL" in line
