"""Live events: what a stream shows as it happens, and the limits of streams."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_EVENT_BYTES = 8_192
"""Data of one live event. Of a larger record the event has no measurements."""
MAX_HISTORY_EVENTS = 1_000
"""The newest events of an account that are kept for streams that resume."""
HISTORY_LIFETIME_S = 300
"""Time for which events are kept, and collected, after the last stream of an account has ended."""
MAX_EVENTS_PER_BATCH = 100
"""Of a larger batch only the newest records are live events: a stream is no copy of back-filled history."""


class LiveEventType(StrEnum):
    """The kind of a live event."""

    TELEMETRY = "telemetry"
    ALERT = "alert"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event about a device. `data` is a JSON object without line breaks."""

    event_type: LiveEventType
    device_id: int
    data: bytes

    def encode(self) -> bytes:
        """Return the event as the log keeps it."""
        return b"%b %d %b" % (self.event_type.encode(), self.device_id, self.data)

    @classmethod
    def decode(cls, content: bytes) -> "LiveEvent":
        """Return the event that `encode` encoded. Raises ValueError."""
        event_type, device_id, data = content.split(b" ", 2)
        return cls(LiveEventType(event_type.decode()), int(device_id), data)


EventId = tuple[int, int]
"""The place of an event in the log of its account: a time in milliseconds, and a number among those of that time."""

UNKNOWN_ID: Final[EventId] = (0, 0)
"""An id that no event has."""


def parse_event_id(text: str) -> EventId:
    """Return the id of this form: `1767225600000-0`. `UNKNOWN_ID` for any other text: it names no event."""
    time, _, number = text.partition("-")
    if time.isdecimal() and number.isdecimal() and len(text) <= 32:
        return int(time), int(number)
    return UNKNOWN_ID


def format_event_id(event_id: EventId) -> str:
    """Return an id as text."""
    return f"{event_id[0]}-{event_id[1]}"
