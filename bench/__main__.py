"""`python -m bench`: load the service and its baseline alternately, on servers and on the embedded stores."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.deployments import DEPLOYMENTS, Deployment, NoStores
from bench.fleet import NotAlike, midnight_ms, require_alike
from bench.lines import LINES, Line
from bench.load import NoLoad, Run, drive, require_wrk
from bench.report import NO_ERRORS, Comparison, table, write_json

CONNECTIONS = (16, 64)
WARM_UP_S = 1
NAMES = [*DEPLOYMENTS, *(line.name for line in LINES)]


def main() -> None:
    """Measure the selected lines, and print a table."""
    arguments = _arguments()
    only = set(arguments.only)
    lines = [line for line in LINES if line.name in only] or LINES
    found: list[Comparison] = []
    try:
        require_wrk()
        for stores in [name for name in DEPLOYMENTS if name in only] or DEPLOYMENTS:
            _report(f"{stores}: starting the service and the baseline, registering devices")
            with (
                tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory,
                DEPLOYMENTS[stores](Path(directory)) as deployment,
            ):
                with _errors_reported(deployment):
                    require_alike(deployment.fleet, deployment.service.base_url, deployment.baseline.base_url)
                load = _Load(deployment)
                for line in lines:
                    found += load.comparisons(stores, line, arguments.seconds, arguments.rounds)
                if any(not check.passed for one in found for check in one.checks if check.demand == NO_ERRORS):
                    _report(deployment.logged_errors())
    except (NoLoad, NoStores, NotAlike) as reason:
        sys.exit(f"bench: {reason}")
    print(table(found))
    if arguments.json is not None:
        write_json(arguments.json, found, seconds=arguments.seconds, rounds=arguments.rounds)


class _Load:
    """The load generator of one deployment. Each run sends batches of another day, so no timestamp is sent twice."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._runs = 0

    def comparisons(self, stores: str, line: Line, seconds: int, rounds: int) -> Iterator[Comparison]:
        """Yield a comparison for each number of connections."""
        for side in ("service", "baseline"):
            self._run(side, line, CONNECTIONS[0], WARM_UP_S)
        for connections in CONNECTIONS:
            _report(f"{stores}: {line.title}, {connections} connections")
            runs: dict[str, list[Run]] = {"service": [], "baseline": []}
            for number in range(rounds):
                # Before a round the machine may be idle or still write back data, so the first side alternates.
                for side in sorted(runs, reverse=number % 2 == 0):
                    runs[side].append(self._run(side, line, connections, seconds * line.patience))
            yield Comparison(stores, line, connections, runs["service"], runs["baseline"])

    def _run(self, side: str, line: Line, connections: int, seconds: int) -> Run:
        self._runs += 1
        process = self._deployment.service if side == "service" else self._deployment.baseline
        first_time_ms = midnight_ms(days_ago=2 + self._runs)
        fleet = self._deployment.fleet.table
        return drive(process.base_url, process.pid, line, connections, seconds, fleet, first_time_ms)


@contextmanager
def _errors_reported(deployment: Deployment) -> Iterator[None]:
    try:
        yield
    except Exception:
        _report(deployment.logged_errors())
        raise


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--seconds", type=int, default=2, help="seconds of a run; runs of batches last four times as long (2)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each side on each line; the median is reported (3)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=[], help="only these stores and lines", metavar="NAME"
    )
    parser.add_argument("--json", type=Path, help="a file for all figures", metavar="PATH")
    return parser.parse_args()


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
