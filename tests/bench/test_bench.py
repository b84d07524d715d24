"""`python -m bench`: a short run, its file and its table, and its errors."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.comparison import Comparison, checks, summary
from bench.influxdb import is_installed
from bench.load import Run
from bench.results import read_result
from tests.docs.documents import ROOT

DEADLINE_S = 240


@pytest.mark.timeout(DEADLINE_S + 20)
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_short_run_measures_all_sides_without_errors(tmp_path: Path) -> None:
    short = ("--only", "embedded", "submissions", "--seconds", "1", "--rounds", "1")
    outcome = _bench("lines", *short, "--results", str(tmp_path))

    assert outcome.returncode == 0, outcome.stderr
    lines = read_result(tmp_path / "lines.json", list[Comparison]).figures
    assert [(line.stores, line.line, line.connections) for line in lines] == [
        ("embedded", "submissions", connections) for connections in (16, 64)
    ]
    for line in lines:
        assert set(line.runs) == {"service", "baseline"} | ({"InfluxDB"} if is_installed() else set())
        for (run,) in line.runs.values():
            assert run.errors == 0
            assert run.requests_per_s > 0
            assert run.p50_ms <= run.p95_ms <= run.p99_ms
    loop = lines[1].open_loop
    assert loop is not None
    assert loop.errors == 0
    assert loop.p50_ms <= loop.p90_ms <= loop.p99_ms <= loop.p999_ms <= loop.max_ms
    assert outcome.stdout.count("| embedded | submissions |") == len(lines) + 1


def test_without_wrk_one_line_names_the_package_to_install(tmp_path: Path) -> None:
    outcome = _bench("lines", "--results", str(tmp_path), PATH="")

    assert outcome.returncode == 1
    assert outcome.stderr == "bench: wrk is not installed: on Debian, apt-get install wrk\n"


def test_an_unknown_part_is_refused_with_the_names_of_the_others() -> None:
    outcome = _bench("speed")

    assert outcome.returncode == 2
    assert "speed: no such part; expected lines, year, workers, in-process, growth or report" in outcome.stderr


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # In the last round the machine was half as fast for both.
    service, baseline = [_run(6_000), _run(5_000), _run(3_000)], [_run(10_000), _run(10_000), _run(5_000)]

    found = Comparison("servers", "submissions", 16, {"service": service, "baseline": baseline})

    assert found.ratio("baseline") == 0.6
    assert found.ratio("InfluxDB") is None
    assert checks(found) == [("no errors", True), ("0.7 of the baseline", False), ("3,000 requests/s", True)]


@pytest.mark.parametrize(("connections", "demands"), [(16, []), (64, [("12 of InfluxDB", True)])])
def test_embedded_lines_are_judged_by_influxdb_at_one_number_of_connections(
    connections: int, demands: list[tuple[str, bool]]
) -> None:
    runs = {"service": [_run(130)], "baseline": [_run(1_000)], "InfluxDB": [_run(10)]}

    assert checks(Comparison("embedded", "latest", connections, runs)) == [("no errors", True), *demands]


def test_errors_are_summed_and_fail_the_line() -> None:
    runs = [_run(60), _run(60, errors=1), _run(60, errors=2)]

    found = Comparison("embedded", "submissions", 16, {"service": runs, "baseline": [_run(100)] * 3})

    assert summary(runs).errors == 3
    assert checks(found) == [("no errors", False)]


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
