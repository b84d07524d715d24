"""The bench of the app alone measures each of its calls."""

import re
import subprocess
import sys

from tests.docs.documents import ROOT


def test_each_call_has_a_cpu_time() -> None:
    command = [sys.executable, "-m", "bench.in_process", "--rounds", "1"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr[-2_000:]
    lines = [re.fullmatch(r"(.+?) +([\d,.]+) us, at most [\d,]+", line) for line in ran.stdout.splitlines()]
    assert [line[1] for line in lines if line] == [
        "GET /health/live",
        "heartbeat",
        "latest, cached",
        "submission",
        "batch of 1,000",
    ]
