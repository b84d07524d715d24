"""`python -m bench`: the service and its floor under load, in turns, on the four stores and on the embedded ones."""

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
    """Measure what the arguments ask for, and print it."""
    arguments = _arguments()
    only = set(arguments.only)
    lines = [line for line in LINES if line.name in only] or LINES
    found: list[Comparison] = []
    try:
        require_wrk()
        for stores in [name for name in DEPLOYMENTS if name in only] or DEPLOYMENTS:
            _tell(f"{stores}: starting the service and the floor, registering devices")
            with (
                tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory,
                DEPLOYMENTS[stores](Path(directory)) as deployment,
            ):
                with _complaints_told(deployment):
                    require_alike(deployment.fleet, deployment.service.base_url, deployment.floor.base_url)
                load = _Load(deployment)
                for line in lines:
                    found += load.comparisons(stores, line, arguments.seconds, arguments.rounds)
                if any(not check.passed for one in found for check in one.checks if check.demand == NO_ERRORS):
                    _tell(deployment.complaints())
    except (NoLoad, NoStores, NotAlike) as reason:
        sys.exit(f"bench: {reason}")
    print(table(found))
    if arguments.json is not None:
        write_json(arguments.json, found, seconds=arguments.seconds, rounds=arguments.rounds)


class _Load:
    """Loads one deployment. Each run sends its batches of a day of its own, so that no time is ever sent twice."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._runs = 0

    def comparisons(self, stores: str, line: Line, seconds: int, rounds: int) -> Iterator[Comparison]:
        """One for each number of connections."""
        for side in ("service", "floor"):
            self._run(side, line, CONNECTIONS[0], WARM_UP_S)
        for connections in CONNECTIONS:
            _tell(f"{stores}: {line.title}, {connections} connections")
            runs: dict[str, list[Run]] = {"service": [], "floor": []}
            for number in range(rounds):
                # Whoever is first finds a machine that has rested, or one that still has to write something back.
                for side in sorted(runs, reverse=number % 2 == 0):
                    runs[side].append(self._run(side, line, connections, seconds * line.patience))
            yield Comparison(stores, line, connections, runs["service"], runs["floor"])

    def _run(self, side: str, line: Line, connections: int, seconds: int) -> Run:
        self._runs += 1
        process = self._deployment.service if side == "service" else self._deployment.floor
        first_time_ms = midnight_ms(days_ago=2 + self._runs)
        fleet = self._deployment.fleet.table
        return drive(process.base_url, process.pid, line, connections, seconds, fleet, first_time_ms)


@contextmanager
def _complaints_told(deployment: Deployment) -> Iterator[None]:
    try:
        yield
    except Exception:
        _tell(deployment.complaints())
        raise


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--seconds", type=int, default=2, help="how long each run lasts; of batches four times as long (2)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each side on each line, of which the median is taken (3)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=[], help="these stores and lines alone", metavar="NAME"
    )
    parser.add_argument("--json", type=Path, help="a file for all figures", metavar="PATH")
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
