"""Devices that exceed the limit of a rule again and again, and record what must be raised about them."""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from iotflow.domain.times import parse_rfc3339

HOT, COLD = 20, 1
RULE = {"name": "hot", "severity": "error", "condition": {"type": "threshold", "field": "t", "op": "gt", "value": 10}}
PAUSE_S = 0.5
"""Pause after a reading. Of a device, 100 transitions may wait for the documents."""
RETRY_S = 0.1


@dataclass
class Stream:
    """The load of all devices. `awaits_alerts`: a reading is repeated until the alert that it must change shows it."""

    client: httpx.AsyncClient
    owner: dict[str, str]
    awaits_alerts: bool = False
    is_over: bool = False

    async def call(self, method: str, path: str, headers: dict[str, str], **request: Any) -> Any:
        """Repeat a request until it succeeds, and return the answer's body. Any: arguments of httpx, decoded JSON."""
        while True:
            try:
                answer = await self.client.request(method, path, headers=headers, **request)
            except httpx.TransportError:
                await asyncio.sleep(RETRY_S)
                continue
            if answer.status_code != 503:
                assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
                return answer.json()
            await asyncio.sleep(RETRY_S)

    async def get(self, path: str, **query: Any) -> Any:
        """Return what the owner reads. Any: as in `call`."""
        return await self.call("GET", path, self.owner, params=query)


@dataclass
class Probe:
    """A device with a rule. Each of its runs is set inactive, exceeds the limit, and falls below it again.

    A run must raise one alert, which resolves itself, and activate the device once.
    """

    stream: Stream
    device_id: int
    key: dict[str, str]
    runs: int = 0
    readings: int = 0
    run_of: dict[int, int] = field(default_factory=dict)
    """The run of each reading over the limit, by its time in milliseconds."""
    _times: "itertools.count[int]" = field(default_factory=lambda: itertools.count(int(time.time()) - 3_600))

    @classmethod
    async def create(cls, stream: Stream, name: str, webhook_url: str) -> "Probe":
        """Register a device with its rule."""
        new = {"name": name, "device_type": "sensor"}
        device = (await stream.call("POST", "/devices/register", stream.owner, json=new))["device"]
        rule = {**RULE, "device_id": device["id"], "webhook_url": webhook_url}
        await stream.call("POST", "/alert-rules", stream.owner, json=rule)
        return cls(stream, device["id"], {"X-API-Key": device["api_key"]})

    async def run(self) -> None:
        """Do runs until the stream is over, the last one to its end."""
        while not self.stream.is_over:
            await self.stream.call("PATCH", self._path, self.stream.owner, json={"status": "inactive"})
            await self._hold(HOT, "active")
            await self._hold(COLD, "resolved")
            self.runs += 1

    async def alerts(self) -> dict[str, tuple[int | None, str]]:
        """Return the run and the status of each alert by its id."""
        return {alert["id"]: (self._run(alert), alert["status"]) for alert in await self._alerts(limit=1_000)}

    async def events(self) -> Counter[str]:
        """Return the numbers of the events of registration and of each change of status."""
        found = (await self.stream.get("/events", device_id=self.device_id, limit=1_000))["events"]
        changes = [event for event in found if event["event_type"] == "device.status_changed"]
        registered = sum(event["event_type"] == "device.registered" for event in found)
        return Counter(change["details"]["to"] for change in changes) + Counter(registered=registered)

    @property
    def _path(self) -> str:
        return f"/devices/{self.device_id}"

    async def _hold(self, value: int, status: str) -> None:
        """Send readings of a value until the device is active and, if awaited, the alert of the run has the status."""
        while True:
            at = next(self._times)
            if value == HOT:
                self.run_of[at * 1_000] = self.runs
            await self.stream.call("POST", "/telemetry", self.key, json={"timestamp": at, "data": {"t": value}})
            self.readings += 1
            await asyncio.sleep(PAUSE_S)
            device = (await self.stream.get(self._path))["device"]
            if device["status"] == "active" and (not self.stream.awaits_alerts or await self._has_alert(status)):
                return

    async def _has_alert(self, status: str) -> bool:
        newest = await self._alerts(limit=1)
        return [(self._run(alert), alert["status"]) for alert in newest] == [(self.runs, status)]

    async def _alerts(self, limit: int) -> list[dict[str, Any]]:  # Any: decoded JSON
        found: list[dict[str, Any]] = (await self.stream.get("/alerts", device_id=self.device_id, limit=limit))[
            "alerts"
        ]
        return found

    def _run(self, alert: dict[str, Any]) -> int | None:  # Any: decoded JSON
        return self.run_of.get(parse_rfc3339(alert["fired_at"]))
