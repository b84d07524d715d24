"""Runs the command line like its users: as a process with an environment, a directory and standard streams."""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner

from iotflow.cli.main import app

DEADLINE_S = 60.0
MODULE = (sys.executable, "-m", "iotflow")
_ADDRESS = re.compile(r"serves on (\S+) ")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without the service's settings, plus `extra`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
    return {**inherited, "COLUMNS": "200", "PYTHONUNBUFFERED": "1", **(extra or {})}


def iotflow(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    command: Sequence[str] = MODULE,
) -> subprocess.CompletedProcess[str]:
    """Run a command until it exits."""
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=environment(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def iotflow_here(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command within this process, which is faster: for commands that stop at their arguments."""
    unset = dict.fromkeys((name for name in os.environ if name.startswith("IOTFLOW_")), None)
    outcome = CliRunner().invoke(app, arguments, env={**unset, **(env or {})}, catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, outcome.exit_code, outcome.stdout, outcome.stderr)


@contextmanager
def serving(*options: str, cwd: Path, command: Sequence[str] = MODULE) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `iotflow serve` on a free port, with the default data directory in `cwd`; yield its process and address."""
    process = subprocess.Popen(
        [*command, "serve", "--port", "0", *options],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = _first_line(process)
        address = _ADDRESS.search(line)
        assert address, line
        yield process, address[1]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def refusal(outcome: subprocess.CompletedProcess[str], status: int = 2) -> str:
    """Return the single line of a failed command."""
    assert outcome.returncode == status, outcome.stderr
    assert outcome.stdout == ""
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1, outcome.stderr
    return lines[0]


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + DEADLINE_S
    while not select.select([process.stdout], [], [], 0.1)[0]:
        assert process.poll() is None, "the service ended without output"
        assert time.monotonic() < deadline, "the service printed nothing"
    return process.stdout.readline()
