"""Devices that submit and read, for Locust, on a host of your choice.

    locust -f bench/locustfile.py --host https://iot.example.org --users 50 --spawn-rate 10 --account bench

Every simulated user is a device. The account is registered unless it exists; devices are deleted when they stop.
"""

import random
import secrets
import time
from argparse import ArgumentParser

from locust import HttpUser, between, events, task

API = "/api/v1"
BATCH_RECORDS = 60


@events.init_command_line_parser.add_listener
def add_options(parser: ArgumentParser) -> None:
    """Add the credentials to Locust's options."""
    parser.add_argument("--account", default="locust", env_var="IOTFLOW_ACCOUNT", help="username of the account")
    parser.add_argument(
        "--password", default="no secret at all", env_var="IOTFLOW_PASSWORD", is_secret=True, help="its password"
    )


class Device(HttpUser):
    """A device that submits about once a second; its owner reads it now and then."""

    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        """Log in as the owner, and register the device."""
        self.owner = {"Authorization": f"Bearer {self._log_in()}"}
        new = {"name": f"locust {secrets.token_hex(8)}", "device_type": "climate"}
        device = self.client.post(f"{API}/devices/register", json=new, headers=self.owner).json()["device"]
        self.path, self.key = f"{API}/telemetry/{device['id']}", {"X-API-Key": device["api_key"]}
        self.device_path = f"{API}/devices/{device['id']}"
        self.submit()

    def _log_in(self) -> str:
        """Return a token of the account, which is registered if its login fails."""
        options = self.environment.parsed_options
        login = {"username": options.account, "password": options.password}
        with self.client.post(f"{API}/auth/login", json=login, catch_response=True) as answer:
            if answer.status_code != 401:
                return str(answer.json()["access_token"])
            answer.success()
        account = {**login, "email": f"{options.account}@example.org"}
        with self.client.post(f"{API}/auth/register", json=account, catch_response=True) as answer:
            if answer.status_code == 409:  # another device was faster
                answer.success()
        return str(self.client.post(f"{API}/auth/login", json=login).json()["access_token"])

    def on_stop(self) -> None:
        """Delete the device with its telemetry."""
        self.client.delete(self.device_path, headers=self.owner, name=f"{API}/devices/ID")

    @task(20)
    def submit(self) -> None:
        """Send a record."""
        self.client.post(f"{API}/telemetry", json={"data": _values()}, headers=self.key)

    @task(1)
    def submit_batch(self) -> None:
        """Send the records of the last hour."""
        now_s = int(time.time())
        records = [{"timestamp": now_s - 60 * minutes, "data": _values()} for minutes in range(BATCH_RECORDS)]
        self.client.post(f"{API}/telemetry/batch", json=records, headers=self.key)

    @task(2)
    def beat(self) -> None:
        """Send a heartbeat."""
        self.client.post(f"{API}/devices/heartbeat", headers=self.key)

    @task(4)
    def read_latest(self) -> None:
        """Read the latest values, as the owner."""
        self.client.get(f"{self.path}/latest", headers=self.owner, name=f"{API}/telemetry/ID/latest")

    @task(2)
    def read_history(self) -> None:
        """Read a page of the last hour, as the owner."""
        self.client.get(f"{self.path}?limit=100", headers=self.owner, name=f"{API}/telemetry/ID")

    @task(1)
    def read_means(self) -> None:
        """Read the means of each hour of a day, as the owner."""
        query = "field=temperature&aggregation=mean&window=1h"
        self.client.get(f"{self.path}/aggregated?{query}", headers=self.owner, name=f"{API}/telemetry/ID/aggregated")


def _values() -> dict[str, float]:
    return {
        "temperature": round(random.gauss(20, 3), 1),
        "humidity": round(random.uniform(30, 70), 1),
        "pressure": round(random.gauss(1_013, 8), 1),
    }
