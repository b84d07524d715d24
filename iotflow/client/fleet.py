"""A simulated fleet: owners, their devices, and what each device sent."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from iotflow.client import answers
from iotflow.client.session import Session
from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis


class CheckFailed(Exception):
    """An answer of the service's is not what it should be; the message says which and how."""


@dataclass
class Owner:
    """An account and its groups, by kind of device."""

    session: Session
    user: answers.User
    group_ids: dict[str, int] = field(default_factory=dict)


@dataclass
class Device:
    """A device and all that it sent: the values by their timestamp as the service writes it."""

    id: int
    name: str
    kind: str
    owner: Owner
    session: Session
    chance: random.Random
    sent: dict[str, dict[str, Value]] = field(default_factory=dict)
    temperature: float = 20.0
    last_time: int = 0

    def measure(self) -> dict[str, Value]:
        """The next values: each type that a measurement can have."""
        self.temperature += self.chance.uniform(-0.5, 0.5)
        return {
            "temperature": round(self.temperature, 2),
            "humidity": round(self.chance.uniform(30, 90), 1),
            "battery": 100 - len(self.sent) % 100,
            "door_open": self.chance.random() < 0.1,
            "state": self.chance.choice(("idle", "heating", "cooling")),
        }

    def next_time(self) -> Millis:
        """Now, and later than the time before."""
        self.last_time = max(self.last_time + 1, time.time_ns() // 1_000_000)
        return Millis(self.last_time)


def typed(values: Mapping[str, Value]) -> dict[str, tuple[type, Value]]:
    """Values that are equal only where their types are: 1, 1.0 and true are not."""
    return {name: (type(value), value) for name, value in values.items()}


def check(holds: bool, otherwise: str) -> None:
    """Raise CheckFailed unless it holds."""
    if not holds:
        raise CheckFailed(otherwise)
