"""The part `lines`: each side under a closed loop in turns, then the service under an open loop."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

from bench.deployments import BASELINE, DEPLOYMENTS, INFLUXDB, SERVICE, Deployment
from bench.fleet import midnight_ms
from bench.lines import BY_NAME, CONNECTIONS, Line
from bench.load import Run, drive
from bench.open_loop import OpenLoop, arrive
from bench.progress import progress
from bench.raw_http import templates, write_requests
from bench.traffic import INFLUX_REQUESTS, SERVICE_REQUESTS

WARM_UP_S = 1
SHARE_OF_PEAK = 0.7
OPEN_LOOP_LENGTH = 2.5
"""An open loop lasts this many times as long as a run of a closed one."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The runs of each side on one line, by round. Runs of a round followed each other immediately.

    `open_loop` is the service at `SHARE_OF_PEAK` of its rate here, measured at the most connections only.
    """

    stores: str
    line: str
    connections: int
    runs: Mapping[str, Sequence[Run]]
    open_loop: OpenLoop | None = None

    def ratio(self, to: str) -> float | None:
        """Return the ratio of the service's rate to a side's, the median of the rounds; None without that side.

        Not the quotient of two medians: other load on the machine differs between rounds, but is the same for both.
        """
        if to not in self.runs:
            return None
        rounds = zip(self.runs[SERVICE], self.runs[to], strict=True)
        return median(
            service.requests_per_s / other.requests_per_s if other.requests_per_s else 0.0 for service, other in rounds
        )

    @property
    def errors(self) -> int:
        """The errors of all sides in all runs."""
        runs = sum(run.errors for side in self.runs.values() for run in side)
        return runs + (self.open_loop.errors if self.open_loop else 0)


def summary(runs: Sequence[Run]) -> Run:
    """Return the median of each figure over the rounds, and the sum of the errors."""
    figures = {field.name: median(getattr(run, field.name) for run in runs) for field in fields(Run)}
    return Run(**{**figures, "errors": sum(run.errors for run in runs)})


def compare(stores: Sequence[str], lines: Sequence[Line], seconds: int, rounds: int) -> list[Comparison]:
    """Measure lines on stores. Raises NoStores, NotAlike, NoLoad."""
    found: list[Comparison] = []
    for name in stores:
        progress(f"{name}: starting the processes, registering devices")
        with (
            tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory,
            DEPLOYMENTS[name](Path(directory)) as deployment,
        ):
            with _errors_reported(deployment):
                deployment.require_alike()
            load = _Load(deployment, Path(directory))
            for line in lines:
                found += load.comparisons(name, line, seconds, rounds)
            if any(one.errors for one in found if one.stores == name):
                progress(deployment.logged_errors())
    return found


class _Load:
    """The load of one deployment. Each run sends batches of another day, so no timestamp is sent twice."""

    def __init__(self, deployment: Deployment, directory: Path) -> None:
        self._deployment = deployment
        self._directory = directory
        self._runs = 0

    def comparisons(self, stores: str, line: Line, seconds: int, rounds: int) -> Iterator[Comparison]:
        """Yield a comparison for each number of connections."""
        requests = self._requests(line)
        for side in requests:
            self._run(side, requests[side], CONNECTIONS[0], WARM_UP_S)
        for connections in CONNECTIONS:
            progress(f"{stores}: {line.title}, {connections} connections")
            runs: dict[str, list[Run]] = {side: [] for side in requests}
            for number in range(rounds):
                # Before a round the machine may be idle or still write back data, so the first side alternates.
                for side in sorted(runs, reverse=number % 2 == 0):
                    runs[side].append(self._run(side, requests[side], connections, seconds * line.patience))
            open_loop = None
            if connections == CONNECTIONS[-1]:
                open_loop = self._open_loop(line, SHARE_OF_PEAK * summary(runs[SERVICE]).requests_per_s, seconds)
            yield Comparison(stores, line.name, connections, runs, open_loop)

    def _requests(self, line: Line) -> dict[str, Path]:
        """Write the requests of each side that can answer them."""
        fleet = self._deployment.fleet
        written = {side: SERVICE_REQUESTS[line.name](fleet) for side in (SERVICE, BASELINE)}
        if INFLUXDB in self._deployment.sides and line.name in INFLUX_REQUESTS:
            written[INFLUXDB] = INFLUX_REQUESTS[line.name](fleet)
        paths = {side: self._directory / f"{line.name} of {side}" for side in written}
        for side, requests in written.items():
            write_requests(paths[side], requests)
        return paths

    def _run(self, side: str, requests: Path, connections: int, seconds: int) -> Run:
        process = self._deployment.sides[side]
        return drive(process.base_url, process.pid, requests, connections, seconds, self._next_times())

    def _open_loop(self, line: Line, per_s: float, closed_s: int) -> OpenLoop:
        service, requests = self._deployment.service, templates(SERVICE_REQUESTS[line.name](self._deployment.fleet))
        seconds = OPEN_LOOP_LENGTH * closed_s * line.patience
        return arrive(service.base_url, service.pid, requests, max(per_s, 1), seconds, self._next_times())

    def _next_times(self) -> int:
        self._runs += 1
        return midnight_ms(days_ago=2 + self._runs)


@contextmanager
def _errors_reported(deployment: Deployment) -> Iterator[None]:
    try:
        yield
    except Exception:
        progress(deployment.logged_errors())
        raise


def checks(found: Comparison) -> list[tuple[str, bool]]:
    """Return the required figures of a line, and whether each was met."""
    line = BY_NAME[found.line]
    demands = [("no errors", not found.errors)]
    if found.stores == "servers":
        per_s = summary(found.runs[SERVICE]).requests_per_s * line.units
        demands.append(
            (f"{line.least_of_baseline:g} of the baseline", _at_least(found, BASELINE, line.least_of_baseline))
        )
        demands.append((f"{line.least_per_s:,} {line.unit}/s", per_s >= line.least_per_s))
    elif INFLUXDB in found.runs and line.least_of_influxdb is not None and found.connections == line.required_at:
        demands.append((f"{line.least_of_influxdb:g} of InfluxDB", _at_least(found, INFLUXDB, line.least_of_influxdb)))
    return demands


def _at_least(found: Comparison, to: str, least: float) -> bool:
    return (found.ratio(to) or 0.0) >= least
