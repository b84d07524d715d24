"""The part `workers`: the service with 1, 2 and 4 workers on the servers, in turns."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.comparison import WARM_UP_S
from bench.deployments import new_databases
from bench.fleet import midnight_ms, register, send_history
from bench.lines import Line
from bench.load import Run, drive
from bench.progress import progress
from bench.raw_http import write_requests
from bench.traffic import SERVICE_REQUESTS
from tests.processes import ServiceProcess

WORKERS = (1, 2, 4)
CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Scaling:
    """The runs of one line with a number of workers."""

    line: str
    workers: int
    runs: Sequence[Run]


def measure_workers(
    lines: Sequence[Line], seconds: int, rounds: int, workers: Sequence[int] = WORKERS
) -> list[Scaling]:
    """Measure lines with each number of workers. Raises NoStores, NoLoad."""
    progress(f"servers: starting services with {workers} workers")
    with tempfile.TemporaryDirectory(prefix="iotflow-bench-") as name, ExitStack() as stack:
        directory = Path(name)
        environment = stack.enter_context(new_databases()).environment()
        services = [
            stack.enter_context(
                ServiceProcess(directory / str(number), environment, options=["--workers", str(number)])
            )
            for number in workers
        ]
        fleet = register(services[0].base_url)
        send_history(services[0].base_url, fleet)
        found: list[Scaling] = []
        days = 2
        for line in lines:
            progress(f"servers: {line.title}, {CONNECTIONS} connections, by workers")
            write_requests(directory / line.name, SERVICE_REQUESTS[line.name](fleet))
            runs: list[list[Run]] = [[] for _ in workers]
            for number in range(rounds + 1):
                duration = seconds * line.patience if number else WARM_UP_S
                for service, some in zip(services, runs, strict=True):
                    days += 1
                    times = midnight_ms(days_ago=days)
                    requests = directory / line.name
                    some.append(drive(service.base_url, service.pid, requests, CONNECTIONS, duration, times))
            found += [Scaling(line.name, count, some[1:]) for count, some in zip(workers, runs, strict=True)]
    return found
