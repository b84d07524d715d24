"""The part `growth`: whether operations stay as fast while the history of a device, or the number of devices, grows.

Services of all sizes run at once and are asked in turns over one connection each, so other load on the machine affects
all of them. All histories have 200 records a day, so that a day is the same amount of work at each size. Requests are
those of ten devices, spread evenly over the fleet: with more, the share of requests that a cache answers would differ
between the sizes, and would be measured instead.
"""

import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.deployments import new_databases
from bench.filling import Reading, add_devices, write_readings
from bench.fleet import LOGIN, PAGE, Fleet, midnight_ms, register
from bench.progress import progress
from bench.raw_http import Connection, raw_request
from bench.traffic import BATCH_VALUES, readings
from iotflow.cli.databases import prepare_databases
from iotflow.clock import SystemClock
from iotflow.composition import open_stores
from iotflow.domain.times import DAY_MS
from iotflow.settings import Settings, load_settings
from tests.processes import ServiceProcess

ASKED = 10
"""Devices whose requests are measured."""
POINTS = (1_000, 100_000, 10_000_000)
DEVICES = (10, 1_000, 100_000)
TURNS = 200
RECORDS_PER_DAY = 200
FEW_RECORDS = 4
"""Records of each device that is not asked."""
MOST_RATIO = 1.3
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Size:
    """One size of a service: its devices, and the points of each that is asked."""

    devices: int
    points: int


@dataclass(frozen=True, slots=True)
class Growth:
    """The median response times of one operation, by size."""

    stores: str
    of: str
    operation: str
    sizes: Sequence[int]
    medians_ms: Sequence[float]

    @property
    def ratio(self) -> float:
        """The time at the largest size divided by that at the smallest."""
        return self.medians_ms[-1] / self.medians_ms[0]


def measure_growth(
    stores: Sequence[str], points: Sequence[int] = POINTS, devices: Sequence[int] = DEVICES, turns: int = TURNS
) -> list[Growth]:
    """Measure both kinds of growth. Raises NoStores."""
    kinds = {
        "points a device": (points, [Size(1, size) for size in points]),
        "devices": (devices, [Size(size, min(points)) for size in devices]),
    }
    return [
        Growth(name, of, operation, values, medians)
        for name, (of, (values, sizes)) in itertools.product(stores, kinds.items())
        for operation, medians in _medians(name, sizes, turns).items()
    ]


def _medians(stores: str, sizes: Sequence[Size], turns: int) -> dict[str, list[float]]:
    """Return the medians in milliseconds of each operation, in the order of the sizes."""
    with tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory, ExitStack() as stack:
        filled = [
            stack.enter_context(_filled(stores, Path(directory) / str(number), size))
            for number, size in enumerate(sizes)
        ]
        # Only now: a service closes connections that are idle while another one is filled.
        asked = [(stack.enter_context(Connection(service.base_url)), _operations(fleet)) for service, fleet in filled]
        progress(f"{stores}: {turns} turns of each operation")
        names = list(asked[0][1])
        taken: dict[str, list[list[float]]] = {name: [[] for _ in sizes] for name in names}
        for turn, name in itertools.product(range(turns + 1), names):
            # The first one of a turn finds other caches of the CPU than the last one, so the order alternates.
            for number in range(len(asked))[:: -1 if turn % 2 else 1]:
                connection, operations = asked[number]
                requests = operations[name]
                began = time.perf_counter()
                connection.ask(requests[turn // 2 % len(requests)])
                if turn:  # the first turn fills caches
                    taken[name][number].append(time.perf_counter() - began)
    return {name: [median(some) * 1_000 for some in each] for name, each in taken.items()}


@contextmanager
def _filled(stores: str, directory: Path, size: Size) -> Iterator[tuple[ServiceProcess, Fleet]]:
    """Run a service of this size, with the credentials of the devices that are asked."""
    progress(f"{stores}: filling {size.devices:,} devices, {size.points:,} points each of those that are asked")
    with ExitStack() as stack:
        if stores == "servers":
            databases = stack.enter_context(new_databases())
            settings, environment = databases.settings(directory), databases.environment()
        else:
            settings, environment = load_settings(data_dir=directory), {}
        service = ServiceProcess(directory, environment)
        with service:
            token = register(service.base_url, devices=0).token
        devices = asyncio.run(_fill(settings, size))
        yield stack.enter_context(service), Fleet(token, devices, midnight_ms(days_ago=1))


async def _fill(settings: Settings, size: Size) -> list[tuple[int, str]]:
    """Fill the stores. Return the id and key of each device that is asked."""
    clock = SystemClock()
    await prepare_databases(settings)
    async with open_stores(settings, clock) as stores:
        async with stores.transactions.read() as transaction:
            owner = await transaction.accounts.find_credentials(LOGIN["username"])
        if owner is None:
            raise LookupError("the account of the fleet is not stored")
        devices = await add_devices(stores, clock, owner.user.user_id, size.devices)
        asked = devices[:: max(1, len(devices) // ASKED)][:ASKED]
        long = {device_id for device_id, _ in asked}
        few, many = FEW_RECORDS, size.points // len(BATCH_VALUES)
        await write_readings(
            stores, clock, {device_id: _history(many if device_id in long else few) for device_id, _ in devices}
        )
    return asked


def _history(records: int) -> Iterator[Reading]:
    """Yield readings up to the last midnight, oldest first."""
    end_ms, step_ms = midnight_ms(days_ago=0), DAY_MS // RECORDS_PER_DAY
    return ((end_ms - step_ms * back, {**BATCH_VALUES, **readings(back)}) for back in range(records, 0, -1))


def _operations(fleet: Fleet) -> Mapping[str, list[bytes]]:
    """Return the requests of each operation, one for each device that is asked."""
    as_json = {"Content-Type": "application/json"}
    ids = [device_id for device_id, _ in fleet.devices]
    keys = [{"X-API-Key": key} for _, key in fleet.devices]
    record = json.dumps({"data": BATCH_VALUES})
    day = f"start_time={fleet.first_ms}&end_time={fleet.first_ms + DAY_MS}"
    aggregate = f"field=temperature&aggregation=mean&window=1h&{day}"
    return {
        "submit": [raw_request("POST", f"{API}/telemetry", {**key, **as_json}, record) for key in keys],
        "latest": [raw_request("GET", f"{API}/telemetry/{one}/latest", fleet.owner) for one in ids],
        f"page of {PAGE} records": [
            raw_request("GET", f"{API}/telemetry/{one}?start_time=0&limit={PAGE}", fleet.owner) for one in ids
        ],
        "hourly means of a day": [
            raw_request("GET", f"{API}/telemetry/{one}/aggregated?{aggregate}", fleet.owner) for one in ids
        ],
        "heartbeat": [raw_request("POST", f"{API}/devices/heartbeat", key) for key in keys],
        "login": [raw_request("POST", f"{API}/auth/login", as_json, json.dumps(LOGIN))],
    }
