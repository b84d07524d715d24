"""docs/observability.md and the dashboard name exactly the metrics, labels and limits that exist."""

import ast
import json
import re
from collections.abc import Iterator

from iotflow.metrics import definitions
from iotflow.metrics.counting import Histogram, Metric
from tests.docs.documents import ROOT, code, table_rows

PAGE = ROOT / "docs" / "observability.md"
DASHBOARD = ROOT / "compose" / "grafana" / "iotflow.json"
METRICS = [metric for metric in vars(definitions).values() if isinstance(metric, Metric)]
OF_PROMQL = {"le", "job", "instance"}


def exposed_names() -> set[str]:
    """Return the names that queries may use."""
    names = set()
    for metric in METRICS:
        suffixes = ("_bucket", "_count", "_sum") if isinstance(metric, Histogram) else ("",)
        names |= {metric.exposed_name + suffix for suffix in suffixes}
    return names


def queries() -> Iterator[str]:
    """Return the queries of the dashboard's panels and variables."""
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["name"] == "job")


def names_of_limits() -> set[str]:
    """Return the names of limits in the code: first arguments of `LimitLog` and of the limits of the server."""
    names = set()
    for path in ROOT.glob("iotflow/**/*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            called = ast.unparse(call.func).rpartition(".")[2]
            if called in ("LimitLog", "SharedLimit", "RateLimit", "_burst") and call.args:
                name = call.args[0]
                if isinstance(name, ast.Constant):
                    names.add(str(name.value).replace(" ", "_").replace("-", "_"))
    return names


def test_every_metric_is_documented_with_its_labels_and_meaning() -> None:
    rows = {code(row[0]): row[1:] for row in table_rows(PAGE, "Metric")}
    assert rows == {
        metric.exposed_name: [
            metric.kind,
            ", ".join(f"`{label}`" for label in metric.labels),
            metric.help,
        ]
        for metric in METRICS
    }


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    named = {name for query in queries() for name in re.findall(r"\b(?:iotflow|process)_\w+", query)}
    assert named <= exposed_names()
    shown = {metric for metric in METRICS for name in named if name.startswith(metric.exposed_name)}
    assert {metric.name for metric in METRICS} == {metric.name for metric in shown}


def test_the_dashboard_uses_labels_that_exist() -> None:
    labels = {label for metric in METRICS for label in metric.labels} | OF_PROMQL
    for query in queries():
        grouped = {label for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(", ")}
        filtered = {label for group in re.findall(r"\{([^}]*)\}", query) for label in re.findall(r"(\w+)=", group)}
        assert grouped | filtered <= labels, query


def test_every_limit_is_documented() -> None:
    documented = {name for row in table_rows(PAGE, "Limit") for name in re.findall(r"`(\w+)`", row[0])}
    assert {name for name in names_of_limits() if name not in documented} == set()
