"""Report the measured figures, as a table and as JSON."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.lines import MIN_RATIO, Line
from bench.load import Run

NO_ERRORS = "no errors"


@dataclass(frozen=True, slots=True)
class Check:
    """A required result and whether it was met."""

    demand: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """The runs of the service and its baseline on one line. Runs of a round followed each other immediately."""

    stores: str
    line: Line
    connections: int
    service: Sequence[Run]
    baseline: Sequence[Run]

    @property
    def ratio(self) -> float:
        """The ratio of the service's requests to the baseline's, the median of the rounds.

        Not the quotient of two medians: other load on the machine differs between rounds, but is the same for both.
        """
        return median(
            service.requests_per_s / baseline.requests_per_s if baseline.requests_per_s else 0.0
            for service, baseline in zip(self.service, self.baseline, strict=True)
        )

    @property
    def checks(self) -> list[Check]:
        """Return the required results of this line."""
        found = [
            Check(NO_ERRORS, not summary(self.service).errors and not summary(self.baseline).errors),
            Check(f"at least {MIN_RATIO} of the baseline", self.ratio >= MIN_RATIO),
        ]
        if self.line.least_per_s is not None and self.stores == "servers":
            per_s = summary(self.service).requests_per_s * self.line.units
            demand = f"at least {self.line.least_per_s:,} {self.line.unit}/s"
            found.append(Check(demand, per_s >= self.line.least_per_s))
        return found


def summary(runs: Sequence[Run]) -> Run:
    """Return the median of each figure over the rounds, and the sum of the errors."""
    figures = {field.name: median(getattr(run, field.name) for run in runs) for field in fields(Run)}
    return Run(**{**figures, "errors": sum(run.errors for run in runs)})


def table(comparisons: Sequence[Comparison]) -> str:
    """Return a Markdown table with two rows per line: the service and the baseline."""
    rows: list[tuple[str, ...]] = [
        ("Stores", "Line", "Conn.", "", "req/s", "p50 ms", "p95 ms", "p99 ms", "CPU s/1k", "Errors", "Ratio", "Demands")
    ]
    rows.append(("---",) * 3 + ("---",) + ("---:",) * 7 + ("---",))
    for found in comparisons:
        demands = "; ".join(f"{'pass' if check.passed else 'FAIL'}: {check.demand}" for check in found.checks)
        title = (found.stores, found.line.title, str(found.connections))
        rows.append((*title, "service", *_cells(found.service), f"{found.ratio:.2f}", demands))
        rows.append(("", "", "", "baseline", *_cells(found.baseline), "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )


def write_json(path: Path, comparisons: Sequence[Comparison], *, seconds: int, rounds: int) -> None:
    """Write all figures, of each round too, and the load of the machine."""
    report = {
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpus": os.cpu_count(),
            "system": platform.platform(),
            "python": sys.version.split()[0],
            "load_average": os.getloadavg(),
        },
        "seconds": seconds,
        "rounds": rounds,
        "lines": [_line(found) for found in comparisons],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def _line(found: Comparison) -> dict[str, object]:
    sides = {
        side: {**asdict(summary(runs)), "rounds": [asdict(run) for run in runs]}
        for side, runs in (("service", found.service), ("baseline", found.baseline))
    }
    return {
        "stores": found.stores,
        "line": found.line.name,
        "title": found.line.title,
        "connections": found.connections,
        "unit": found.line.unit,
        "units_per_request": found.line.units,
        **sides,
        "ratio": found.ratio,
        "checks": [asdict(check) for check in found.checks],
    }


def _cells(runs: Sequence[Run]) -> tuple[str, ...]:
    run = summary(runs)
    times = (f"{value:.1f}" for value in (run.p50_ms, run.p95_ms, run.p99_ms))
    return (f"{run.requests_per_s:,.0f}", *times, f"{run.cpu_s_per_1000:.3f}", str(run.errors))
