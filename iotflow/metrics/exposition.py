"""The metrics of all processes of a service, as Prometheus text."""

from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from iotflow.metrics import definitions
from iotflow.metrics.counting import CELLS, Gauge, Histogram, Metric

MEDIA_TYPE = CONTENT_TYPE_LATEST

Totals = dict[str, dict[tuple[str, ...], list[float]]]
"""The cells of each series by metric and labels, over all processes."""


def render_metrics() -> bytes:
    """Return the metrics of all processes of the service. Takes tens of milliseconds: run it in a thread."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Totals())
    return generate_latest(registry)


class _Totals(Collector):
    def collect(self) -> Iterable[Family]:
        totals = _add_up()
        # The definitions are imported for the metrics, which are also exposed before their first series.
        declared = [metric for metric in vars(definitions).values() if isinstance(metric, Metric)]
        return [_family(metric, totals.get(metric.name, {})) for metric in declared]


def _add_up() -> Totals:
    totals: Totals = {}
    for slot in CELLS.all_slots():
        is_alive = slot.is_alive
        for series in slot.read():
            metric = CELLS.metrics.get(series.metric)
            # A worker that was started after an upgrade may have metrics that this process has not.
            if metric is None or (isinstance(metric, Gauge) and not is_alive):
                continue
            of_metric = totals.setdefault(series.metric, {})
            sums = of_metric.get(series.labels)
            if sums is None:
                of_metric[series.labels] = list(series.values)
            elif isinstance(metric, Gauge) and metric.merge == "max":
                sums[0] = max(sums[0], series.values[0])
            else:
                of_metric[series.labels] = [a + b for a, b in zip(sums, series.values, strict=True)]
    return totals


def _family(metric: Metric, series: dict[tuple[str, ...], list[float]]) -> Family:
    if isinstance(metric, Histogram):
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, cells in sorted(series.items()):
            histogram.add_metric(labels, _buckets(metric, cells), sum_value=cells[0])
        return histogram
    family = (GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily)(
        metric.name, metric.help, labels=metric.labels
    )
    for labels, (value,) in sorted(series.items()):
        family.add_metric(labels, value)
    return family


def _buckets(histogram: Histogram, cells: list[float]) -> list[tuple[str, float]]:
    """Return the cumulative counts by upper bound, as Prometheus expects them."""
    total = 0.0
    buckets = []
    for bound, count in zip((*histogram.bounds, float("inf")), cells[1:], strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
    return buckets
