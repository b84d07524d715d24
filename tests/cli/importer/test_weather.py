"""A year of real weather: 26,115 hourly observations of three airports, imported by the command and read back."""

import asyncio
import csv
import gzip
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cli.http.account import PASSWORD, Account
from tests.processes import ServiceProcess
from tests.server_stack import ServerStack

WEATHER = Path(__file__).parents[2] / "data" / "weather.csv.gz"
FIELDS = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
AIRPORTS = ("EWR", "JFK", "LGA")
ZONE = "America/New_York"
CLOCK_CHANGES = ("2013-03-10", "2013-11-03")


def run_import(account: Account) -> str:
    """Import the file; return the output."""
    command = [sys.executable, "-m", "iotflow", "import", str(WEATHER)]
    command += ["--url", account.url, "--username", account.username]
    command += ["--device-column", "origin", "--time-column", "time_hour"]
    for field in FIELDS:
        command += ["--field", field]
    environment = {**os.environ, "IOTFLOW_PASSWORD": PASSWORD}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def expected_history() -> dict[str, list[dict[str, Any]]]:
    """Return the records of each airport in order of time, with numbers as in JSON."""
    history: dict[str, list[dict[str, Any]]] = {airport: [] for airport in AIRPORTS}
    with gzip.open(WEATHER, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values = {name: json.loads(row[name]) for name in FIELDS if row[name] != "NA"}
            timestamp = row["time_hour"].replace("Z", ".000Z")
            history[row["origin"]].append({"timestamp": timestamp, "measurements": values})
    return {airport: sorted(records, key=lambda record: record["timestamp"]) for airport, records in history.items()}


def with_types(records: list[dict[str, Any]]) -> list[tuple[str, dict[str, tuple[type, Any]]]]:
    """Return the records with types, so that 1 and 1.0 differ."""
    return [
        (record["timestamp"], {name: (type(value), value) for name, value in record["measurements"].items()})
        for record in records
    ]


@pytest.fixture(params=["embedded", "servers"])
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    if request.param == "embedded":
        service: ServiceProcess = request.getfixturevalue("service")
        with Account.fresh(service.base_url) as account:
            yield account
        return
    server_stack: ServerStack = request.getfixturevalue("server_stack")
    asyncio.run(server_stack.restore({}))
    with (
        ServiceProcess(tmp_path / "data", server_stack.environment()) as service,
        Account.fresh(service.base_url) as account,
    ):
        yield account


@pytest.mark.timeout(300)
def test_a_year_of_weather(account: Account) -> None:
    assert run_import(account) == "rows stored: 26,115\nvalues stored: 211,061\ndevices registered: 3\n"
    before = visible(account)
    every_value_comes_back_once(account, before)
    for airport in AIRPORTS:
        daily_means_are_those_of_pandas(account, airport)

    assert run_import(account) == "rows stored: 26,115\nvalues stored: 211,061\n", (
        "the second import stores all of them again"
    )
    after = visible(account)
    assert after.keys() == before.keys()
    for part, seen in after.items():
        assert first_difference(seen, before[part]) is None, f"a reader sees a change in {part}"


def every_value_comes_back_once(account: Account, seen: dict[str, list[Any]]) -> None:
    expected = {airport: with_types(records) for airport, records in expected_history().items()}
    assert sum(len(values) for records in expected.values() for _, values in records) == 211_061
    for airport in AIRPORTS:
        assert first_difference(with_types(seen[airport]), expected[airport]) is None
        assert first_difference(with_types(account.history(airport, "desc")), expected[airport][::-1]) is None


def first_difference(found: list[Any], expected: list[Any]) -> tuple[object, object] | None:
    """Return the first found and expected item that differ: a diff of all would be too long."""
    for pair in itertools.zip_longest(found, expected):
        if pair[0] != pair[1]:
            return pair
    return None


def visible(account: Account) -> dict[str, list[Any]]:
    """Return the devices and their records as a reader sees them."""
    seen: dict[str, list[Any]] = {airport: account.history(airport) for airport in AIRPORTS}
    seen["devices"] = account.get("/devices/user/me")["devices"]
    for airport, device_id in account.devices().items():
        latest = account.get(f"/telemetry/{device_id}/latest")
        seen[f"latest of {airport}"] = [latest["latest_data"], latest["timestamp"]]
    return seen


def daily_means_are_those_of_pandas(account: Account, airport: str) -> None:
    table = pd.read_csv(WEATHER)
    table = table[table["origin"] == airport]
    local = pd.to_datetime(table["time_hour"], utc=True).dt.tz_convert(ZONE)
    days = table.groupby(local.dt.strftime("%Y-%m-%d"))
    for day in CLOCK_CHANGES:
        offsets = {moment.utcoffset() for moment in local[days.groups[day]]}
        assert len(offsets) == 2, "the file has observations before and after the change"

    for field in FIELDS:
        answer = account.get(
            f"/telemetry/{account.devices()[airport]}/aggregated",
            field=field,
            aggregation="mean",
            window="1d",
            timezone=ZONE,
            start_time="2013-01-01T00:00:00-05:00",
        )
        means = days[field].mean().dropna()
        starts = [pd.Timestamp(window["timestamp"]).tz_convert(ZONE) for window in answer["data"]]
        assert [str(start) for start in starts] == [str(pd.Timestamp(day, tz=ZONE)) for day in means.index]
        assert [window["value"] for window in answer["data"]] == pytest.approx(means.tolist(), rel=0, abs=1e-9)
        counts = days[field].count()
        assert [window["count"] for window in answer["data"]] == counts[counts > 0].tolist()
