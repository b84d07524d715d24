"""What the floor asks of stores, whichever they are, and in what form it is given."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from iotflow.domain.telemetry import Value
from iotflow.domain.times import Millis

DAY_US = 86_400_000_000


class Sent(NamedTuple):
    """A record as a device sent it; of its receipt the time is in microseconds since the epoch."""

    time_ms: Millis
    received_us: int
    values: Mapping[str, Value]


class Newest(NamedTuple):
    """A name's newest value, as JSON, and its time."""

    value: msgspec.Raw
    time_ms: Millis


class Calls(Protocol):
    """The calls that requests cost, once the caches are warm, one method for each step of a request."""

    async def seen(self, device_id: int, at_ms: Millis) -> None:
        """Note that a device has called."""

    async def write(self, device_id: int, records: Sequence[Sent]) -> None:
        """Store records durably, in the order of their times, then tell the cache of newest values."""

    async def latest(self, device_id: int) -> Mapping[str, Newest]:
        """The cache's newest values."""

    async def history(
        self, device_id: int, start_ms: Millis, end_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Mapping[str, Value]]]:
        """Time and values of the last records of the span, the newest first."""


def newest_of(records: Sequence[Sent]) -> dict[str, Sent]:
    """The last record that has each name."""
    return {name: record for record in records for name in record.values}
