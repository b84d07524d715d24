"""A simulated fleet: owners, their devices, and the records that each device sent."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from iotflow_sdk import MeasuredValue
from iotflow_sdk.models import User

from iotflow.cli.http.client import ServiceClient

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CheckFailed(Exception):
    """A response of the service is not the expected one; the message has both."""


@dataclass
class Owner:
    """An account and its groups, by kind of device."""

    client: ServiceClient
    user: User
    group_ids: dict[str, int] = field(default_factory=dict)


@dataclass
class Device:
    """A device and the values it sent, by time."""

    id: int
    name: str
    kind: str
    owner: Owner
    client: ServiceClient
    rng: random.Random
    sent: dict[datetime, dict[str, MeasuredValue]] = field(default_factory=dict)
    temperature: float = 20.0
    last_time_ms: int = 0

    def measure(self) -> dict[str, MeasuredValue]:
        """Return the next values: one of each type of measurement at least."""
        self.temperature += self.rng.uniform(-0.5, 0.5)
        return {
            "temperature": round(self.temperature, 2),
            "humidity": round(self.rng.uniform(30, 90), 1),
            "battery": 100 - len(self.sent) % 100,
            "door_open": self.rng.random() < 0.1,
            "state": self.rng.choice(("idle", "heating", "cooling")),
        }

    def next_time(self) -> datetime:
        """Return the current time to the millisecond, or the previous one plus 1 ms if that is later."""
        self.last_time_ms = max(self.last_time_ms + 1, time.time_ns() // 1_000_000)
        return EPOCH + timedelta(milliseconds=self.last_time_ms)


def with_types(values: Mapping[str, MeasuredValue]) -> dict[str, tuple[type, MeasuredValue]]:
    """Return the values with their types, for comparison: 1, 1.0 and true are equal in Python."""
    return {name: (type(value), value) for name, value in values.items()}


def expect(holds: bool, otherwise: str) -> None:
    """Raise CheckFailed with the message `otherwise` unless `holds`."""
    if not holds:
        raise CheckFailed(otherwise)
