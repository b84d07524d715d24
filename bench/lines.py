"""The measured lines: five kinds of requests and their required results."""

from dataclasses import dataclass
from pathlib import Path

MIN_RATIO = 0.5
"""Required ratio of the service's requests per second to the baseline's, on each line and all stores."""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of request, sent by `bench/lua/NAME.lua`.

    `least_per_s` is the required rate of the service on servers that share two cores with the load, in units of which a
    request holds `units`; None if only the ratio to the baseline is required. Runs last `patience` times as long as
    others: the end of a run interrupts requests, which would count too much where each takes long.
    """

    name: str
    title: str
    least_per_s: int | None
    unit: str = "requests"
    units: int = 1
    patience: int = 1

    @property
    def script(self) -> Path:
        """Return the script for wrk."""
        return Path(__file__).with_name("lua") / f"{self.name}.lua"


LINES = (
    Line("submissions", "submissions of 3 measurements", 1_000),
    Line("batches", "batches of 1,000 points (200 records of 5 values)", 20_000, "points", 1_000, patience=4),
    Line("latest", "latest values of 3 names, cached", 2_000),
    Line("history", "history, pages of 100 records of 3 measurements", 300),
    Line("heartbeats", "heartbeats", None),
)
