"""`make demo` shows its data to the users that it names."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.docs.documents import ROOT
from tests.processes import free_port

DEADLINE_S = 100.0


def test_the_demo_shows_a_year_of_weather_to_the_named_users() -> None:
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
    # The demo must ignore the stores of the caller's environment.
    named = {"IOTFLOW_TELEMETRY_URL": "cassandra://127.0.0.1:1/none", "IOTFLOW_DATA_DIR": "/nowhere"}
    demo = subprocess.Popen(
        [ROOT / "docs" / "demo.sh", Path(sys.executable).parent, "127.0.0.1", str(port)],
        env={**inherited, **named},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed = _read_introduction(demo)
        address = re.search(r"Look around at (\S+)/docs", printed)
        account = re.search(r"username (\S+), password (\S+)", printed)
        assert address, printed
        assert account, printed
        with httpx.Client(base_url=f"{address[1]}/api/v1", trust_env=False) as client:
            credentials = {"username": account[1], "password": account[2]}
            token = client.post("/auth/login", json=credentials).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            devices = client.get("/devices/user/me").raise_for_status().json()["devices"]
            # The commands that it proposes.
            query = {
                "field": "temp",
                "aggregation": "mean",
                "window": "7d",
                "start_time": "2013-01-01T05:00:00Z",
                "end_time": "2014-01-01T05:00:00Z",
                "timezone": "America/New_York",
            }
            weeks = client.get("/telemetry/1/aggregated", params=query).raise_for_status().json()["data"]
        assert sorted(device["name"] for device in devices) == ["EWR", "JFK", "LGA"]
        assert all(f"{value}" in printed for value in query.values())
        assert len(weeks) == 53
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        demo.communicate(timeout=DEADLINE_S)
    assert demo.returncode == 0


def _read_introduction(demo: subprocess.Popen[str]) -> str:
    """Read the output up to the line that names Ctrl-C."""
    assert demo.stdout is not None
    printed = ""
    for line in demo.stdout:
        printed += line
        if line == "Ctrl-C ends it.\n":
            break
    return printed
