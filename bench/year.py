"""The part `year`: bytes a point of a year of weather, and the daily means of two million values, on embedded stores.

InfluxDB holds the same. It writes and compacts its files after 1 s without writes here, instead of minutes and hours,
so that they are measured in their final form.
"""

import asyncio
import json
import math
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.deployments import INFLUXDB, SERVICE
from bench.filling import Reading, chunks, write_readings
from bench.fleet import Fleet, midnight_ms, register
from bench.influxdb import MISSING, InfluxDB, is_installed
from bench.progress import progress
from bench.raw_http import Connection, raw_request
from bench.traffic import MEASUREMENT, fields_of, influx_query, influx_write
from iotflow.clock import SystemClock
from iotflow.composition import open_stores
from iotflow.domain.times import DAY_MS
from iotflow.settings import load_settings
from tests.processes import ServiceProcess

DAYS = 365
STATIONS = 8
STEP_MS = 600_000
VALUES = 2_000_000
TURNS = 20
MOST_BYTES_A_POINT = 12
MOST_MEANS_MS = 30
LINES_PER_WRITE = 5_000
STEADY_S = 15.0
"""A size that has not changed for this time is final: the housekeeping of the service, or a compaction, has ended."""
SETTLE_DEADLINE_S = 600.0
BLOCK_BYTES = 512
"""The unit of `st_blocks` (stat(2))."""
COMPACT_AT_ONCE = {
    "INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION": "1s",
    "INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION": "1s",
}


@dataclass(frozen=True, slots=True)
class Means:
    """Response times of the daily means: of the first request, and the median of later ones."""

    first_ms: float
    median_ms: float


@dataclass(frozen=True, slots=True)
class Year:
    """The figures. Bytes are those of all files; `in_use` leaves out free pages, which SQLite fills again."""

    points: int
    values: int
    bytes_a_point: Mapping[str, float]
    in_use_a_point: Mapping[str, float]
    means: Mapping[str, Means]


WRITTEN, LATER = f"{SERVICE}, as written", f"{SERVICE}, after its housekeeping"


def measure_year(days: int = DAYS, stations: int = STATIONS, values: int = VALUES, steady_s: float = STEADY_S) -> Year:
    """Measure both. `steady_s` is the time after which an unchanged size is final."""
    with tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory, ExitStack() as stack:
        influxdb = None
        if is_installed():
            influxdb = stack.enter_context(InfluxDB(Path(directory) / INFLUXDB, COMPACT_AT_ONCE))
        else:
            progress(MISSING)
        service = ServiceProcess(Path(directory) / SERVICE)
        with service:
            fleet = register(service.base_url, stations + 1)
        ids = [device_id for device_id, _ in fleet.devices]
        empty, unused = _size(service.data_dir), _in_use(service.data_dir)

        def sizes_of_service() -> tuple[int, int]:
            return _size(service.data_dir) - empty, _in_use(service.data_dir) - unused

        progress(f"embedded: a year of {stations} stations")
        points = _fill(service, influxdb, lambda: {one: _weather(days, one) for one in ids[:-1]})
        sizes = {WRITTEN: sizes_of_service()}
        with service:
            _wait_until_steady(lambda: _in_use(service.data_dir), steady_s)
        sizes[LATER] = sizes_of_service()
        if influxdb is not None:
            files = influxdb.files
            _wait_until_steady(lambda: sum(map(_size, files)), steady_s)
            sizes[INFLUXDB] = (sum(map(_size, files)),) * 2
        progress(f"embedded: daily means of {values:,} values")
        _fill(service, influxdb, lambda: {ids[-1]: _many(values, days)})
        with service:
            _wait_until_steady(lambda: _in_use(service.data_dir), steady_s)
            means = _means(service, influxdb, fleet, days)
    return Year(
        points,
        values,
        {name: size / points for name, (size, _) in sizes.items()},
        {name: in_use / points for name, (_, in_use) in sizes.items()},
        means,
    )


def _fill(
    service: ServiceProcess, influxdb: InfluxDB | None, readings: Callable[[], Mapping[int, Iterable[Reading]]]
) -> int:
    """Write the readings of devices, computed for each side, into both. Return the number of points."""

    async def fill() -> int:
        clock, settings = SystemClock(), load_settings(data_dir=service.data_dir)
        async with open_stores(settings, clock) as stores:
            return await write_readings(stores, clock, readings())

    points = asyncio.run(fill())
    if influxdb is not None:
        with Connection(influxdb.base_url) as connection:
            for device_id, of_device in readings().items():
                for some in chunks(of_device, LINES_PER_WRITE):
                    lines = (f"{MEASUREMENT},device={device_id} {fields_of(values)} {at}" for at, values in some)
                    connection.ask(influx_write(lines))
    return points


def _weather(days: int, seed: int) -> Iterator[Reading]:
    """Yield readings of 10 minutes, with one decimal: a year and a day as waves, weather and noise of the sensor."""
    chance = random.Random(seed)
    first_ms, weather, low, rain = midnight_ms(days_ago=days), 0.0, 0.0, 0.0
    for number in range(days * DAY_MS // STEP_MS):
        hours = number * STEP_MS / 3_600_000
        weather = 0.999 * weather + chance.gauss(0, 0.15)
        low = 0.9995 * low + chance.gauss(0, 0.12)
        rain = max(0.0, 0.9 * rain + chance.gauss(-0.3, 0.4))
        day, year = math.sin(hours / 24 * math.tau), math.sin(hours / 8_766 * math.tau)
        values = {
            "temperature": 10 + 9 * year + 4 * day + weather + chance.gauss(0, 0.1),
            "humidity": min(100.0, max(5.0, 70 - 12 * day - 2 * weather + chance.gauss(0, 1))),
            "pressure": 1_013 + 3 * low + chance.gauss(0, 0.1),
            "wind_speed": abs(3 + low + chance.gauss(0, 1.5)),
            "rain": rain,
        }
        yield first_ms + number * STEP_MS, {name: round(value, 1) for name, value in values.items()}


def _many(values: int, days: int) -> Iterator[Reading]:
    """Yield a number of values of one name, evenly over the days."""
    first_ms, step_ms = midnight_ms(days_ago=days), days * DAY_MS / values
    for number in range(values):
        yield first_ms + int(number * step_ms), {"temperature": round(10 + 9 * math.sin(number / 5_000), 1)}


def _means(service: ServiceProcess, influxdb: InfluxDB | None, fleet: Fleet, days: int) -> dict[str, Means]:
    """Ask for the daily means in turns."""
    device_id, _ = fleet.devices[-1]
    first_ms, end_ms = midnight_ms(days_ago=days), midnight_ms(days_ago=0)
    query = f"field=temperature&aggregation=mean&window=1d&start_time={first_ms}&end_time={end_ms}"
    path = f"/api/v1/telemetry/{device_id}/aggregated?{query}"
    asked = {SERVICE: (service.base_url, raw_request("GET", path, fleet.owner))}
    if influxdb is not None:
        selected = f"SELECT mean(temperature) FROM {MEASUREMENT} WHERE device = '{device_id}'"
        within = f"time >= {first_ms}ms AND time < {end_ms}ms"
        asked[INFLUXDB] = (influxdb.base_url, influx_query(f"{selected} AND {within} GROUP BY time(1d)"))
    taken: dict[str, list[float]] = {side: [] for side in asked}
    with ExitStack() as stack:
        connections = {side: stack.enter_context(Connection(url)) for side, (url, _) in asked.items()}
        for _ in range(TURNS + 1):
            for side, (_, request) in asked.items():
                began = time.perf_counter()
                answer = json.loads(connections[side].ask(request))
                taken[side].append((time.perf_counter() - began) * 1_000)
                found = answer["data"] if side == SERVICE else answer["results"][0]["series"][0]["values"]
                if len(found) != days:
                    raise ValueError(f"{side}: {len(found)} daily means of {days} days")
    return {side: Means(times[0], median(times[1:])) for side, times in taken.items()}


def _wait_until_steady(size: Callable[[], int], steady_s: float) -> None:
    """Wait until a size has not changed for a while, at most `SETTLE_DEADLINE_S` seconds."""
    deadline = time.monotonic() + SETTLE_DEADLINE_S
    before, since = size(), time.monotonic()
    while time.monotonic() < min(deadline, since + steady_s):
        time.sleep(0.25)
        if (now := size()) != before:
            before, since = now, time.monotonic()


def _size(directory: Path) -> int:
    """Return the bytes that all files take on disk. A file that is removed during the call is left out.

    Not their lengths: InfluxDB's index of series has 32 MiB of which it has written only the first few KiB.
    """
    try:
        return sum(path.stat().st_blocks * BLOCK_BYTES for path in directory.rglob("*") if path.is_file())
    except FileNotFoundError:
        return _size(directory)


def _in_use(directory: Path) -> int:
    """Return the bytes of the pages of SQLite that hold data."""
    with closing(sqlite3.connect(directory / "iotflow.db")) as database:
        pages, free, page_bytes = (
            int(database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * page_bytes
