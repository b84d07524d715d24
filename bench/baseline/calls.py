"""The interface of the baseline's calls of the stores, and its data types."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis

DAY_US = 86_400_000_000


class Sent(NamedTuple):
    """A record as sent by a device; its time of receipt is in microseconds since the epoch."""

    time_ms: Millis
    received_us: int
    values: Mapping[str, Value]


class Newest(NamedTuple):
    """The latest value of a name, as JSON, and its time."""

    value: msgspec.Raw
    time_ms: Millis


class Calls(Protocol):
    """The calls of requests with warm caches, one method for each step of a request."""

    async def seen(self, device_id: int, at_ms: Millis) -> None:
        """Record a device's presence."""

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        """Store records durably, in the order of their times, then update the cache of latest values."""

    async def latest(self, device_id: int) -> Mapping[str, Newest]:
        """Return the latest values from the cache."""

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        """Return time and values of the last records of the range, newest first."""


def newest_of(records: Sequence[Sent]) -> dict[str, Sent]:
    """Return the last record with each name."""
    return {name: record for record in records for name in record.values}
