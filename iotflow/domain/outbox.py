"""Work that must follow a committed change: relaying an event, purging what is gone, ending what caches believe."""

from dataclasses import dataclass
from enum import StrEnum

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis


class Topic(StrEnum):
    """What a message asks for. Each topic has one consumer, so that one store's outage delays only its own."""

    EVENT = "event"
    """Put the payload, an event, into the documents."""

    ANONYMIZE_EVENTS = "anonymize_events"
    """Remove names and addresses from the events of the payload's `user_id`."""

    PURGE_TELEMETRY = "purge_telemetry"
    """Remove the telemetry, cached values, presence and activity of the payload's `device_id`."""

    INVALIDATE_PRINCIPALS = "invalidate_principals"
    """Have all processes forget whom the payload's `digests` prove."""


ALL_TOPICS = frozenset(Topic)

LONGEST_WAIT_MS = 600_000
"""The longest lease, retry or delay of a message."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be stored with the change that it follows.

    Messages of one subject are handled in the order in which they were stored. `not_before` delays it.
    """

    topic: Topic
    subject: str
    payload: JsonObject
    not_before: Millis


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message, claimed by one relay until its lease ends. `attempts` counts the claims, this one included."""

    id: int
    topic: Topic
    subject: str
    payload: JsonObject
    attempts: int
