"""What is measured: the five kinds of requests, and what is demanded of each."""

from dataclasses import dataclass
from pathlib import Path

LEAST_OF_FLOOR = 0.5
"""The share of the floor's requests that the service is to carry out, on each line and on all stores."""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of request, sent by `bench/lua/NAME.lua`.

    `least_per_s` is demanded of the service on the four, with servers and load on the same two cores, in units of which
    a request holds `units`; None where only the floor is the measure. Runs last `patience` times as long as others:
    where requests take long, those that a run's end cuts off are many.
    """

    name: str
    title: str
    least_per_s: int | None
    unit: str = "requests"
    units: int = 1
    patience: int = 1

    @property
    def script(self) -> Path:
        """The script of wrk."""
        return Path(__file__).with_name("lua") / f"{self.name}.lua"


LINES = (
    Line("submissions", "submissions of 3 measurements", 1_000),
    Line("batches", "batches of 1,000 points (200 records of 5 values)", 20_000, "points", 1_000, patience=4),
    Line("latest", "latest values of 3 names, cached", 2_000),
    Line("history", "history, pages of 100 records of 3 measurements", 300),
    Line("heartbeats", "heartbeats", None),
)
