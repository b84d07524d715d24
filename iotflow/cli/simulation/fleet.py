"""A simulated fleet: owners, their devices, and the records that each device sent."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from iotflow.cli.http import responses
from iotflow.cli.http.session import Session
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis


class CheckFailed(Exception):
    """A response of the service is not the expected one; the message has both."""


@dataclass
class Owner:
    """An account and its groups, by kind of device."""

    session: Session
    user: responses.User
    group_ids: dict[str, int] = field(default_factory=dict)


@dataclass
class Device:
    """A device and the values it sent, by timestamp in the service's format."""

    id: int
    name: str
    kind: str
    owner: Owner
    session: Session
    rng: random.Random
    sent: dict[str, dict[str, Value]] = field(default_factory=dict)
    temperature: float = 20.0
    last_time: int = 0

    def measure(self) -> dict[str, Value]:
        """Return the next values: one of each type of measurement at least."""
        self.temperature += self.rng.uniform(-0.5, 0.5)
        return {
            "temperature": round(self.temperature, 2),
            "humidity": round(self.rng.uniform(30, 90), 1),
            "battery": 100 - len(self.sent) % 100,
            "door_open": self.rng.random() < 0.1,
            "state": self.rng.choice(("idle", "heating", "cooling")),
        }

    def next_time(self) -> Millis:
        """Return the current time, or the previous one plus 1 ms if that is later."""
        self.last_time = max(self.last_time + 1, time.time_ns() // 1_000_000)
        return Millis(self.last_time)


def with_types(values: Mapping[str, Value]) -> dict[str, tuple[type, Value]]:
    """Return the values with their types, for comparison: 1, 1.0 and true are equal in Python."""
    return {name: (type(value), value) for name, value in values.items()}


def expect(holds: bool, otherwise: str) -> None:
    """Raise CheckFailed with the message `otherwise` unless `holds`."""
    if not holds:
        raise CheckFailed(otherwise)
