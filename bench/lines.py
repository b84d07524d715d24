"""The measured lines: five kinds of requests and their required figures."""

from dataclasses import dataclass

CONNECTIONS = (16, 64)


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of request, and the least figures of the service.

    Runs last `patience` times as long as others: the end of a run interrupts requests, which would count too much where
    each takes long. On servers are required `least_of_baseline`, a ratio, and on a quiet machine `least_per_s`, in
    units of which a request holds `units`; on the embedded stores `least_of_influxdb`, a ratio at `required_at`
    connections. InfluxDB has no counterpart of a line without it.
    """

    name: str
    title: str
    least_of_baseline: float
    least_per_s: int
    least_of_influxdb: float | None = None
    required_at: int = 64
    unit: str = "requests"
    units: int = 1
    patience: int = 1


LINES = (
    Line("submissions", "submissions of 3 measurements", 0.7, 3_000, 0.33),
    Line("latest", "latest values of 3 names, cached", 0.7, 6_000, 12),
    Line("history", "history, pages of 100 records of 3 measurements", 0.7, 1_000, 2),
    Line("heartbeats", "heartbeats", 0.6, 8_000),
    # The last one: it adds names to the devices.
    Line(
        "batches",
        "batches of 1,000 points (200 records of 5 values)",
        0.8,
        150_000,
        0.33,
        required_at=16,
        unit="points",
        units=1_000,
        patience=4,
    ),
)
BY_NAME = {line.name: line for line in LINES}
