"""`python -m bench`: measure parts, write the figures of each to a file, and print them as tables."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from bench.comparison import compare
from bench.deployments import DEPLOYMENTS, NoStores
from bench.growth import measure_growth
from bench.in_process import CpuTime
from bench.likeness import NotAlike
from bench.lines import LINES, Line
from bench.load import NoLoad, require_wrk
from bench.report import report
from bench.results import write_result
from bench.workers import measure_workers
from bench.year import measure_year

REPORT = "report"
RESULTS = Path(".cache/bench")
NAMES = [*DEPLOYMENTS, *(line.name for line in LINES)]


def main() -> None:
    """Measure the parts, and print their tables; `report` prints those of all files."""
    arguments = _arguments()
    parts = [part for part in arguments.parts if part != REPORT]
    try:
        for part in parts:
            write_result(arguments.results / f"{part}.json", PARTS[part](arguments))
    except (NoLoad, NoStores, NotAlike) as reason:
        sys.exit(f"bench: {reason}")
    print(report(arguments.results, list(PARTS) if REPORT in arguments.parts else parts))


def _compare(arguments: argparse.Namespace) -> object:
    require_wrk()
    return compare(_stores(arguments), _lines(arguments), arguments.seconds, arguments.rounds)


def _workers(arguments: argparse.Namespace) -> object:
    require_wrk()
    return measure_workers(_lines(arguments), arguments.seconds, arguments.rounds)


def _in_process() -> object:
    """Measure in a separate process: its log has a line for each request."""
    command = [sys.executable, "-m", "bench.in_process", "--json"]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return msgspec.json.decode(ran.stdout.splitlines()[-1], type=list[CpuTime])


def _stores(arguments: argparse.Namespace) -> list[str]:
    return [name for name in DEPLOYMENTS if name in arguments.only] or list(DEPLOYMENTS)


def _lines(arguments: argparse.Namespace) -> list[Line]:
    return [line for line in LINES if line.name in arguments.only] or list(LINES)


PARTS: Mapping[str, Callable[[argparse.Namespace], object]] = {
    "lines": _compare,
    "year": lambda _: measure_year(),
    "workers": _workers,
    "in-process": lambda _: _in_process(),
    "growth": lambda arguments: measure_growth(_stores(arguments)),
}
DEFAULT = ["lines", "year", "workers", "in-process"]


def _part(name: str) -> str:
    if name not in (*PARTS, REPORT):
        raise argparse.ArgumentTypeError(f"{name}: no such part; expected {', '.join(PARTS)} or {REPORT}")
    return name


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        type=_part,
        default=DEFAULT,
        help=f"{', '.join(PARTS)}, or {REPORT}; by default all but growth",
        metavar="PART",
    )
    parser.add_argument(
        "--seconds", type=int, default=2, help="seconds of a run; runs of batches last four times as long (2)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each side on each line; the median is reported (3)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=[], help="only these stores and lines", metavar="NAME"
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help=f"directory of the files ({RESULTS})", metavar="DIRECTORY"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
