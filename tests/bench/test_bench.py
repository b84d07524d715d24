"""`python -m bench`: a short run, its JSON, and its errors."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.lines import Line
from bench.load import Run
from bench.report import Comparison, summary
from tests.docs.documents import ROOT

DEADLINE_S = 240
FIGURES = {"requests_per_s", "p50_ms", "p95_ms", "p99_ms", "errors", "cpu_s_per_1000"}
LINE = Line("submissions", "submissions", 51)


@pytest.mark.timeout(DEADLINE_S + 20)
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_short_run_measures_service_and_baseline_without_errors(tmp_path: Path) -> None:
    file = tmp_path / "figures" / "bench.json"

    outcome = _bench(
        "--only", "embedded", "submissions", "latest", "--seconds", "2", "--rounds", "1", "--json", str(file)
    )

    assert outcome.returncode == 0, outcome.stderr
    report = json.loads(file.read_text())
    assert (report["seconds"], report["rounds"]) == (2, 1)
    lines = report["lines"]
    measured = [(line["stores"], line["line"], line["connections"]) for line in lines]
    assert measured == [("embedded", name, count) for name in ("submissions", "latest") for count in (16, 64)]
    for line in lines:
        assert set(line["checks"][0]) == {"demand", "passed"}
        for side in (line["service"], line["baseline"]):
            assert set(side) == {*FIGURES, "rounds"}
            assert [set(run) for run in side["rounds"]] == [FIGURES]
            assert side["errors"] == 0
            assert side["requests_per_s"] > 0
            assert side["p50_ms"] <= side["p95_ms"] <= side["p99_ms"]
    assert outcome.stdout.count("| service  |") == outcome.stdout.count("| baseline |") == len(lines)


def test_without_wrk_one_line_names_the_package_to_install() -> None:
    outcome = _bench(PATH="")

    assert outcome.returncode == 1
    assert outcome.stderr == "bench: wrk is not installed: on Debian, apt-get install wrk\n"


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # In the last round the machine was half as fast for both.
    service, baseline = [_run(60), _run(50), _run(30)], [_run(100), _run(100), _run(50)]

    found = Comparison("servers", LINE, 16, service, baseline)

    assert found.ratio == 0.6
    assert [(check.demand, check.passed) for check in found.checks] == [
        ("no errors", True),
        ("at least 0.5 of the baseline", True),
        ("at least 51 requests/s", False),
    ]


def test_errors_are_summed_and_fail_the_line() -> None:
    runs = [_run(60), _run(60, errors=1), _run(60, errors=2)]

    found = Comparison("embedded", LINE, 16, runs, [_run(100)] * 3)

    assert summary(runs).errors == 3
    assert [check.passed for check in found.checks] == [False, True]


def _run(requests_per_s: float, errors: int = 0) -> Run:
    return Run(requests_per_s, 1.0, 2.0, 3.0, errors, 0.5)


def _bench(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
