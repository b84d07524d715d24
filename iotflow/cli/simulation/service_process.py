"""A temporary service in a child process."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from iotflow.cli.errors import ServiceNotStarted

READY_DEADLINE_S = 60.0
STOP_DEADLINE_S = 20.0
POLL_S = 0.05
LOG_TAIL_LINES = 20


@asynccontextmanager
async def embedded_service() -> AsyncIterator[str]:
    """Run a service on a free port with its files in a temporary directory; yield its address.

    It gets none of the caller's `IOTFLOW_` variables, so it cannot touch a real database. Raises ServiceNotStarted if
    it does not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="iotflow-") as directory:
        port = _free_port()
        log_path = Path(directory, "log")
        with await asyncio.to_thread(log_path.open, "wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "iotflow", "serve", "--host", "127.0.0.1", "--port", str(port)),
                env=_environment(Path(directory, "data")),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            await _until_ready(url, process, log_path)
            yield url
        finally:
            await _stop(process)


def _environment(data_dir: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
    return {
        **inherited,
        "IOTFLOW_DATA_DIR": str(data_dir),
        "IOTFLOW_LOG_LEVEL": "warning",
        "IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until_ready(url: str, process: asyncio.subprocess.Process, log_path: Path) -> None:
    try:
        async with asyncio.timeout(READY_DEADLINE_S), httpx.AsyncClient(timeout=1.0, trust_env=False) as http:
            while process.returncode is None:
                if await _is_ready(http, url):
                    return
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        reason = f"was not ready within {READY_DEADLINE_S:.0f} s"
    else:
        reason = f"ended with status {process.returncode}"
    lines = (await asyncio.to_thread(log_path.read_text, errors="replace")).splitlines()
    raise ServiceNotStarted("\n".join([f"the temporary service {reason}; its log ends:", *lines[-LOG_TAIL_LINES:]]))


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/health/ready")).is_success
    except httpx.TransportError:
        return False


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_DEADLINE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
