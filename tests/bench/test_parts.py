"""The parts of the bench at their smallest sizes, the report and the chart."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.chart import draw
from bench.comparison import Comparison
from bench.growth import Growth, measure_growth
from bench.in_process import CpuTime
from bench.influxdb import is_installed
from bench.lines import LINES
from bench.load import Run
from bench.open_loop import OpenLoop
from bench.report import TABLES, report
from bench.results import write_result
from bench.shares import shares
from bench.workers import Scaling, measure_workers
from bench.year import Means, Year, measure_year
from tests.docs.documents import ROOT
from tests.processes import ServiceProcess
from tests.servers.kinds import CASSANDRA, MONGO, POSTGRES, REDIS

RUN = Run(1_234.5, 1.0, 2.0, 3.0, 0, 0.5)
OPERATIONS = ["submit", "latest", "page of 100 records", "hourly means of a day", "heartbeat", "login"]


def test_growth_asks_for_each_operation_at_each_size() -> None:
    found = measure_growth(["embedded"], points=(1_000,), devices=(11,), turns=2)

    assert [(one.of, one.operation, one.sizes) for one in found] == [
        (of, operation, sizes)
        for of, sizes in (("points a device", (1_000,)), ("devices", (11,)))
        for operation in OPERATIONS
    ]
    assert all(median > 0 for one in found for median in one.medians_ms)


def test_a_year_has_sizes_and_means_of_each_side() -> None:
    found = measure_year(days=2, stations=1, values=1_000, steady_s=0.5)

    assert found.points == 2 * 144 * 5
    others = {"InfluxDB"} if is_installed() else set()
    assert set(found.bytes_a_point) == {"service, as written", "service, after its housekeeping"} | others
    assert all(size > 0 for size in found.bytes_a_point.values())
    assert set(found.means) == {"service"} | others
    assert all(means.median_ms > 0 for means in found.means.values())


def test_workers_share_the_load_without_errors(
    postgres_url: str, cassandra_url: str, redis_url: str, mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {POSTGRES: postgres_url, CASSANDRA: cassandra_url, REDIS: redis_url, MONGO: mongodb_url}
    for kind, url in urls.items():
        monkeypatch.setenv(kind.variable, url)
    heartbeats = next(line for line in LINES if line.name == "heartbeats")

    found = measure_workers([heartbeats], seconds=1, rounds=1, workers=(2,))

    assert [(one.line, one.workers) for one in found] == [("heartbeats", 2)]
    assert [run.errors for one in found for run in one.runs] == [0]


def test_the_report_has_a_table_of_each_part(tmp_path: Path) -> None:
    sides = {"service": [RUN], "baseline": [RUN], "InfluxDB": [RUN]}
    loop = OpenLoop(864, 4_320, 1.0, 2.0, 3.0, 4.0, 5.0, 0)
    means = {"service": Means(50.0, 9.0), "InfluxDB": Means(300.0, 200.0)}
    sizes = {"service, as written": 30.0, "service, after its housekeeping": 6.0}
    figures: dict[str, object] = {
        "lines": [Comparison("embedded", "latest", 64, sides, loop)],
        "year": Year(2_000_000, 2_000_000, sizes, sizes, means),
        "workers": [Scaling("latest", 4, [RUN])],
        "in-process": [CpuTime("heartbeat", 79.0, 80), CpuTime("submission", 131.0, 130)],
        "growth": [Growth("embedded", "devices", "login", [10, 100_000], [20.0, 30.0])],
    }
    for part, found in figures.items():
        write_result(tmp_path / f"{part}.json", found)

    text = report(tmp_path, list(TABLES))

    for row in (
        "| embedded | latest | 64 | 1,234 | 1.0 | 3.0 | 0.50 | 1,234 | 1.00 | 1,234 | 1.00 | 0 "
        "| pass: no errors; FAIL: 12 of InfluxDB |",
        "| embedded | latest | 864 | 1.0 | 2.0 | 3.0 | 4.0 | 5.0 | 0 |",
        "| service, after its housekeeping | 6.0 | 6.0 | 12 |",
        "| service | 50.0 | 9.0 | 30 |",
        "| latest values of 3 names, cached | 4 | 1,234 | 1.0 | 3.0 | 0.50 | 0 |",
        "| heartbeat | 79 | 80 | pass |",
        "| submission | 131 | 130 | FAIL |",
        "| login | 20.00 | 30.00 | 1.50 | FAIL |",
    ):
        assert row in text.splitlines()


def test_the_chart_has_a_point_for_each_side_of_each_line() -> None:
    lines = [
        Comparison("embedded", "latest", 64, {"service": [RUN], "baseline": [RUN], "InfluxDB": [RUN]}),
        Comparison("embedded", "heartbeats", 64, {"service": [RUN], "baseline": [RUN]}),
        Comparison("servers", "latest", 64, {"service": [RUN], "baseline": [RUN]}),
    ]

    chart = ElementTree.fromstring(draw(lines))

    in_legend = 3
    assert len(chart.findall("{*}circle")) == in_legend + 3 + 2
    assert "1 of InfluxDB" in [text.text for text in chart.findall("{*}text")]


def test_shares_count_the_samples_of_the_service_alone() -> None:
    service = 'process 7:"python -m iotflow serve";main (iotflow/cli/main.py:1);'
    stacks = [
        f"{service}write (iotflow/services/ingest.py:9);execute (sqlalchemy/engine/base.py:5) 3",
        f"{service}write (iotflow/services/ingest.py:12) 1",
        f"{service}_find_and_load (<frozen importlib._bootstrap>:1) 8",
        'process 8:"python -m bench.baseline";write (iotflow/services/ingest.py:12) 8',
    ]

    rows = shares(stacks, "iotflow serve").splitlines()

    for row in (
        "| `sqlalchemy` | 75.0% |",
        "| `iotflow/services` | 25.0% |",
        "| `write in iotflow/services/ingest.py` | 100.0% |",
    ):
        assert row in rows


@pytest.mark.skipif(importlib.util.find_spec("locust") is None, reason="locust is not installed: the group bench")
def test_locust_runs_without_a_failure(tmp_path: Path) -> None:
    with ServiceProcess(tmp_path / "service") as service:
        options = ["--headless", "--users", "2", "--spawn-rate", "2", "--run-time", "3s", "--only-summary"]
        command = [sys.executable, "-m", "locust", "-f", "bench/locustfile.py", "--host", service.base_url, *options]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "/api/v1/telemetry" in ran.stdout + ran.stderr
