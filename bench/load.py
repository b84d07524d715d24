"""Generate load with wrk, and measure it with wrk and the kernel."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

_RESULT = "RESULT "
_SCRIPT = Path(__file__).with_name("replay.lua")
TIMEOUT_S = 30
"""Timeout of a response for wrk: far more than an overloaded machine needs."""

IDLE_FOR_S = 0.1
IDLE_CPU_S = 0.01
"""CPU time of an idle process within that time: its timers run."""


class NoLoad(Exception):
    """The load cannot be generated; the message is one line."""


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run.

    Requests are those with a 2xx response. Errors are other responses, and connections or responses that broke off; a
    run without any response has one too. CPU time is that of all threads of the process under load, user and system.
    """

    requests_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    cpu_s_per_1000: float


class _Result(msgspec.Struct):
    requests: int
    duration_us: int
    p50_us: int
    p95_us: int
    p99_us: int
    refused: int
    broken: int


def require_wrk() -> None:
    """Raise NoLoad if wrk is missing."""
    if shutil.which("wrk") is None:
        raise NoLoad("wrk is not installed: on Debian, apt-get install wrk")


def drive(url: str, pid: int, requests: Path, connections: int, seconds: int, first_time_ms: int) -> Run:
    """Load a process for `seconds`; each connection sends its next request after the response.

    Then wait until the process has done what the end of the load has cut off, or the next run would suffer from it.
    `requests` is a file of `write_requests`; their times begin at `first_time_ms`. Raises NoLoad with wrk's message.
    """
    command = [
        "wrk",
        "--threads=1",
        f"--connections={connections}",
        f"--duration={seconds}s",
        f"--timeout={TIMEOUT_S}s",
        f"--script={_SCRIPT}",
    ]
    command += [url, "--", str(requests), str(first_time_ms)]
    before = cpu_s(pid)
    wrk = subprocess.run(command, capture_output=True, text=True, check=False)
    spent_s = cpu_s(pid) - before
    wait_until_idle(pid)
    found = next((text for text in wrk.stdout.splitlines() if text.startswith(_RESULT)), None)
    if wrk.returncode or found is None:
        raise NoLoad(f"wrk failed on {requests.stem}: {' '.join((wrk.stderr or wrk.stdout).split())}")
    result = msgspec.json.decode(found.removeprefix(_RESULT), type=_Result)
    answered = result.requests - result.refused
    return Run(
        requests_per_s=answered / result.duration_us * 1e6,
        p50_ms=result.p50_us / 1e3,
        p95_ms=result.p95_us / 1e3,
        p99_ms=result.p99_us / 1e3,
        errors=result.refused + result.broken + (not answered),
        cpu_s_per_1000=1_000 * spent_s / max(1, answered),
    )


def wait_until_idle(pid: int) -> None:
    """Wait until a process and its children do nothing, at most `TIMEOUT_S` seconds."""
    deadline = time.monotonic() + TIMEOUT_S
    idle = False
    while not idle and time.monotonic() < deadline:
        before = cpu_s(pid)
        time.sleep(IDLE_FOR_S)
        idle = cpu_s(pid) - before <= IDLE_CPU_S


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process and its children in seconds, with a resolution of 0.01 s (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    children = (task.read_text().split() for task in Path(f"/proc/{pid}/task").glob("*/children"))
    of_children = sum(cpu_s(int(child)) for some in children for child in some)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + of_children
