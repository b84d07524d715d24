"""What was measured, put together for people and for programs."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.lines import LEAST_OF_FLOOR, Line
from bench.load import Run

NO_ERRORS = "no errors"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is demanded, and whether it was met."""

    demand: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """The service and its floor on one line, round by round; the rounds of one number followed each other at once."""

    stores: str
    line: Line
    connections: int
    service: Sequence[Run]
    floor: Sequence[Run]

    @property
    def ratio(self) -> float:
        """The service's share of the floor's requests, the median of the rounds.

        Not the quotient of two medians: what else the machine does changes from round to round, for both alike.
        """
        return median(
            service.requests_per_s / floor.requests_per_s if floor.requests_per_s else 0.0
            for service, floor in zip(self.service, self.floor, strict=True)
        )

    @property
    def checks(self) -> list[Check]:
        """What is demanded of this line."""
        found = [
            Check(NO_ERRORS, not summary(self.service).errors and not summary(self.floor).errors),
            Check(f"at least {LEAST_OF_FLOOR} of the floor", self.ratio >= LEAST_OF_FLOOR),
        ]
        if self.line.least_per_s is not None and self.stores == "four":
            per_s = summary(self.service).requests_per_s * self.line.units
            demand = f"at least {self.line.least_per_s:,} {self.line.unit}/s"
            found.append(Check(demand, per_s >= self.line.least_per_s))
        return found


def summary(runs: Sequence[Run]) -> Run:
    """The median of each figure over the rounds; of the errors the sum."""
    figures = {field.name: median(getattr(run, field.name) for run in runs) for field in fields(Run)}
    return Run(**{**figures, "errors": sum(run.errors for run in runs)})


def table(comparisons: Sequence[Comparison]) -> str:
    """A table in Markdown, two rows a line: the service and below it the floor."""
    rows: list[tuple[str, ...]] = [
        ("Stores", "Line", "Conn.", "", "req/s", "p50 ms", "p95 ms", "p99 ms", "CPU s/1k", "Errors", "Ratio", "Demands")
    ]
    rows.append(("---",) * 3 + ("---",) + ("---:",) * 7 + ("---",))
    for found in comparisons:
        demands = "; ".join(f"{'pass' if check.passed else 'FAIL'}: {check.demand}" for check in found.checks)
        title = (found.stores, found.line.title, str(found.connections))
        rows.append((*title, "service", *_cells(found.service), f"{found.ratio:.2f}", demands))
        rows.append(("", "", "", "floor", *_cells(found.floor), "", ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )


def write_json(path: Path, comparisons: Sequence[Comparison], *, seconds: int, rounds: int) -> None:
    """All figures, those of each round too, with what tells whether the machine was quiet."""
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
        for side, runs in (("service", found.service), ("floor", found.floor))
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
