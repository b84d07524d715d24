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

    DELETE_ACCOUNT = "delete_account"
    """Remove the groups, devices and the row of the payload's `user_id`, an account that is marked as deleted."""

    PURGE_TELEMETRY = "purge_telemetry"
    """Remove the telemetry, cached values, presence and activity of the payload's `device_ids`."""

    INVALIDATE_PRINCIPALS = "invalidate_principals"
    """Drop from all caches the payload's `digests`, or all credentials and devices of its `user_id`."""


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
    """A stored message, claimed by one relay until its lease ends.

    `attempts` counts the claims since it was stored or last made progress, this one included.
    """

    id: int
    topic: Topic
    subject: str
    payload: JsonObject
    attempts: int


@dataclass(frozen=True, slots=True)
class DueSubjects:
    """Subjects whose first message is due: each with the id of that message, in order.

    `scanned_to` is where the scan goes on: the last subject that was looked at, "" after the last of all.
    """

    heads: dict[str, int]
    scanned_to: str
