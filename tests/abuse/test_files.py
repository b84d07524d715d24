"""The files of the embedded database: unlinked, replaced, served twice, read by other users."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.api.clients import PASSWORD, new_device, sign_up
from tests.cli.command import iotflow, refusal
from tests.docs.documents import ROOT, blocks
from tests.faults.monitor import DEADLINE_S, accepts, is_healthy, is_unhealthy, stored_seconds
from tests.processes import ServiceProcess
from tests.waiting import wait_until

DATABASE = "iotflow.db"


def unlink(data_dir: Path, *suffixes: str) -> None:
    for suffix in suffixes:
        (data_dir / f"{DATABASE}{suffix}").unlink()


def rename_over(data_dir: Path) -> None:
    copy = shutil.copy(data_dir / DATABASE, data_dir / "copy.db")
    Path(copy).rename(data_dir / DATABASE)


def replace_by_copy(data_dir: Path) -> None:
    copy = shutil.copytree(data_dir, data_dir.with_name("copy"))
    shutil.rmtree(data_dir)
    shutil.copytree(copy, data_dir)


LOSSES: dict[str, Callable[[Path], object]] = {
    "database unlinked": lambda data_dir: unlink(data_dir, ""),
    "all unlinked": lambda data_dir: unlink(data_dir, "", "-wal", "-shm"),
    "log unlinked": lambda data_dir: unlink(data_dir, "-wal"),
    "index unlinked": lambda data_dir: unlink(data_dir, "-shm"),
    "renamed over": rename_over,
    "replaced by a copy": replace_by_copy,
    "directory removed": shutil.rmtree,
}


@pytest.fixture
async def client(embedded: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service on embedded stores."""
    embedded.start()
    async with httpx.AsyncClient(base_url=f"{embedded.base_url}/api/v1", timeout=60.0, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("loss", LOSSES)
async def test_no_write_to_unlinked_files_is_acknowledged(
    embedded: ServiceProcess, client: httpx.AsyncClient, loss: str
) -> None:
    device = await new_device(await sign_up(client, "ada"))
    assert await accepts(device, 1)

    LOSSES[loss](embedded.data_dir)

    assert [await accepts(device, second) for second in (2, 3)] == [False, False]
    assert (await device.send("GET", f"/telemetry/{device.id}")).status_code == 503
    await wait_until(lambda: is_unhealthy(embedded), DEADLINE_S)
    log = embedded.log()
    assert log.count("files were unlinked or replaced while in use; every request is refused") == 1
    assert f"/proc/{embedded.pid}/fd" in log
    assert "Traceback" not in log
    assert embedded.stop() == 0


async def test_a_directory_moved_away_and_back_is_served_again(
    embedded: ServiceProcess, client: httpx.AsyncClient
) -> None:
    device = await new_device(await sign_up(client, "ada"))
    assert await accepts(device, 1)
    elsewhere = embedded.data_dir.rename(embedded.data_dir.with_name("elsewhere"))
    assert not await accepts(device, 2)

    elsewhere.rename(embedded.data_dir)

    assert await accepts(device, 3)
    await wait_until(lambda: is_healthy(embedded), DEADLINE_S)
    assert await stored_seconds(device) == [1, 3]
    assert "back in its place" in embedded.log()


async def test_acknowledged_records_are_recovered_from_the_running_process(
    embedded: ServiceProcess, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    device = await new_device(await sign_up(client, "ada"))
    for second in range(20):
        assert await accepts(device, second)
    shutil.rmtree(embedded.data_dir)
    assert not await accepts(device, 20)

    (rescue,) = [block.text for block in blocks(ROOT / "docs" / "troubleshooting.md") if "rescued" in block.text]
    script = rescue.replace("PID", str(embedded.pid))
    await asyncio.to_thread(subprocess.run, ["sh", "-euc", script], cwd=tmp_path, check=True, timeout=60)
    embedded.kill()
    (tmp_path / "rescued").rename(embedded.data_dir)

    embedded.start()
    assert await stored_seconds(device) == list(range(20))
    with closing(sqlite3.connect(embedded.data_dir / DATABASE)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("gone", [(".lock",), (".lock", ".pid"), ("",), ("", "-wal", "-shm")], ids="+".join)
def test_a_second_service_does_not_start_beside_the_first(embedded: ServiceProcess, gone: tuple[str, ...]) -> None:
    embedded.start()
    unlink(embedded.data_dir, *gone)

    line = refusal(iotflow("serve", "--port", "0", cwd=embedded.data_dir, env={"IOTFLOW_DATA_DIR": "."}))

    assert "is already served" in line
    assert embedded.stop() == 0


def test_commands_work_beside_the_running_service(embedded: ServiceProcess) -> None:
    embedded.start()
    environment = {"IOTFLOW_DATA_DIR": str(embedded.data_dir)}
    for command in (["migrate"], ["doctor"], ["create-admin", "eve", "eve@example.org", "--password-stdin"]):
        outcome = iotflow(*command, cwd=embedded.data_dir, env=environment, stdin=f"{PASSWORD}\n")
        assert outcome.returncode == 0, outcome.stderr
    assert httpx.get(f"{embedded.base_url}/health/ready", trust_env=False).status_code == 200


@pytest.mark.parametrize("command", ["serve", "migrate", "create-admin", "doctor"])
def test_other_users_cannot_read_files_that_a_command_creates(tmp_path: Path, command: str) -> None:
    data_dir = tmp_path / "data"
    if command == "serve":
        with ServiceProcess(data_dir):
            assert_private(data_dir)
        return
    arguments = ["eve", "eve@example.org", "--password-stdin"] if command == "create-admin" else []
    environment = {"IOTFLOW_DATA_DIR": str(data_dir)}
    iotflow(command, *arguments, cwd=tmp_path, env=environment, stdin=f"{PASSWORD}\n")
    assert_private(data_dir)


def test_files_readable_by_others_are_made_private_and_logged(embedded: ServiceProcess) -> None:
    embedded.data_dir.chmod(0o755)
    for file in embedded.data_dir.iterdir():
        file.chmod(0o644)

    with ServiceProcess(embedded.data_dir) as service:
        assert_private(embedded.data_dir)
        assert "mode 755 gave access to other users; changed to 700" in service.log()
        assert f"{DATABASE}: mode 644 gave access to other users; changed to 600" in service.log()


def test_a_directory_that_the_service_did_not_create_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    environment = {
        "IOTFLOW_DATA_DIR": str(tmp_path / "data"),
        "IOTFLOW_DATABASE_URL": f"sqlite+aiosqlite:///{shared / DATABASE}",
    }
    assert iotflow("migrate", cwd=tmp_path, env=environment).returncode == 0
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert stat.S_IMODE((shared / DATABASE).stat().st_mode) == 0o600


def assert_private(data_dir: Path) -> None:
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in data_dir.iterdir()}
    assert DATABASE in files
    assert set(files.values()) == {0o600}, files
