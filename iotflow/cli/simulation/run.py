"""`iotflow simulate`: the steps of a fleet's day against a running service, each checked and timed."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from math import ceil

from iotflow_sdk import IoTFlowError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from iotflow.cli.errors import UsageError
from iotflow.cli.http.client import open_client, sign_in
from iotflow.cli.simulation.fleet import CheckFailed
from iotflow.cli.simulation.incident import Incident
from iotflow.cli.simulation.service_process import embedded_service
from iotflow.cli.simulation.steps import HEALTH_ROUNDS, KINDS, Advance, SimulatedDay, submissions
from iotflow.cli.simulation.webhook_receiver import running_receiver

MIN_DEVICES_OF_INCIDENT = 2
"""One overheats, another falls silent."""


class Scenario(StrEnum):
    """What is simulated."""

    DAY = "day"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationOptions:
    """The options of the command. Without a `url` a temporary service is started.

    `duration_s` and `rate`, in submissions per second and device, are those of a day. `username`, or `IOTFLOW_TOKEN` in
    the environment, selects an account of the service at `url`; without either the simulation registers accounts.
    """

    scenario: Scenario
    url: str | None
    username: str | None
    devices: int
    duration_s: float
    rate: float
    seed: int


@dataclass(slots=True)
class Timings:
    """The durations of a step's requests in seconds, the number of failed ones, and the outcome of its checks."""

    durations_s: list[float] = field(default_factory=list)
    errors: int = 0
    outcome: str = "not run"

    def observe(self, duration_s: float, succeeded: bool) -> None:
        """Record one request."""
        self.durations_s.append(duration_s)
        self.errors += not succeeded


@dataclass(slots=True)
class Recorder:
    """Records each request in the timings of the current step."""

    current: Timings = field(default_factory=Timings)

    def observe(self, duration_s: float, succeeded: bool) -> None:
        """Record one request."""
        self.current.observe(duration_s, succeeded)


@dataclass(frozen=True, slots=True)
class Step:
    """A step and its units of progress."""

    name: str
    units: int
    run: Callable[[Advance], Awaitable[None]]


async def simulate(options: SimulationOptions) -> bool:
    """Run the steps up to the first that fails, showing progress on stderr and the summary on stdout.

    Return whether all checks passed. Raises UsageError, and IoTFlowError or ServiceNotStarted if the first
    step cannot begin.
    """
    if options.scenario is Scenario.INCIDENT and options.devices < MIN_DEVICES_OF_INCIDENT:
        raise UsageError(f"--devices {options.devices}: an incident needs at least {MIN_DEVICES_OF_INCIDENT} devices")
    async with _service(options) as url, AsyncExitStack() as stack:
        recorder = Recorder()
        client = await stack.enter_async_context(open_client(url, recorder.observe))
        account = None
        if options.username or (options.url and os.environ.get("IOTFLOW_TOKEN")):
            account = await stack.enter_async_context(sign_in(client, options.username))
        day = SimulatedDay(client, account, devices=options.devices, seed=options.seed)
        steps = [
            Step("users", day.owner_count, day.register_owners),
            Step("devices", options.devices, day.register_devices),
        ]
        if options.scenario is Scenario.INCIDENT:
            incident = Incident(day, await stack.enter_async_context(running_receiver()))
            steps += _incident_steps(incident, day.owner_count, options.devices)
        else:
            steps += _day_steps(day, options)
        timings = {step.name: Timings() for step in steps}
        failure = await _run(steps, timings, recorder)
        Console().print(_summary(timings))
        if failure:
            Console(stderr=True, soft_wrap=True).print(failure, markup=False, highlight=False)
        return failure is None


@asynccontextmanager
async def _service(options: SimulationOptions) -> AsyncIterator[str]:
    if options.url is not None:
        yield options.url
        return
    if options.username is not None:
        raise UsageError("--username needs --url: a temporary service has no accounts")
    async with embedded_service() as url:
        yield url


def _day_steps(day: SimulatedDay, options: SimulationOptions) -> list[Step]:
    groups = day.owner_count * len(KINDS)
    send = partial(day.send_telemetry, duration_s=options.duration_s, rate=options.rate)
    return [
        Step("groups", groups, day.create_groups),
        Step("grouping", groups, day.group_devices),
        Step("telemetry", options.devices * submissions(options.duration_s, options.rate), send),
        Step("latest", options.devices, day.read_latest),
        Step("history", options.devices, day.read_history),
        Step("status", options.devices, day.read_status),
        Step("health", HEALTH_ROUNDS, day.read_health),
    ]


def _incident_steps(incident: Incident, owners: int, devices: int) -> list[Step]:
    alerts = incident.overheated_count + 1
    return [
        Step("webhooks", owners, incident.create_webhooks),
        Step("rules", devices, incident.create_rules),
        Step("usual", devices, incident.report_usual),
        Step("overheat", incident.overheated_count, incident.overheat),
        Step("silence", 1, incident.fall_silent),
        Step("delivery", 1, incident.receive_webhooks),
        Step("acknowledge", alerts, incident.acknowledge),
        Step("recovery", alerts, incident.recover),
    ]


async def _run(steps: Sequence[Step], timings: dict[str, Timings], recorder: Recorder) -> str | None:
    """Run the steps in order. Return the problem of the one that failed, or None."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<11}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for step in steps:
            recorder.current = timings[step.name]
            bar = progress.add_task(step.name, total=step.units)
            try:
                await step.run(partial(progress.advance, bar))
            except (CheckFailed, IoTFlowError) as error:
                recorder.current.outcome = "FAILED"
                return f"{step.name}: {error}"
            recorder.current.outcome = "ok"
    return None


def _summary(timings: dict[str, Timings]) -> Table:
    table = Table("step", box=None, pad_edge=False)
    for heading in ("requests", "errors", "p50 ms", "p95 ms", "p99 ms", "checks"):
        table.add_column(heading, justify="right")
    whole = Timings()
    for name, timing in timings.items():
        whole.durations_s += timing.durations_s
        whole.errors += timing.errors
        table.add_row(*_row(name, timing))
    whole.outcome = "ok" if all(timing.outcome == "ok" for timing in timings.values()) else "FAILED"
    table.add_section()
    table.add_row(*_row("summary", whole))
    return table


def _row(name: str, timing: Timings) -> list[str]:
    ordered = sorted(timing.durations_s)
    quantiles = [f"{percentile(ordered, percent) * 1_000:.1f}" if ordered else "-" for percent in (50, 95, 99)]
    return [name, f"{len(ordered):,}", f"{timing.errors:,}", *quantiles, timing.outcome]


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that is not exceeded by `percent` percent of the values (nearest rank)."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
