"""Outbox messages: work that must follow a committed change, such as storing an event or invalidating a cache."""

from dataclasses import dataclass
from enum import StrEnum

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis


class OutboxTopic(StrEnum):
    """The work of a message. Each topic has one consumer, so that a store's outage delays only its topics."""

    EVENT = "event"
    """Store the payload, an event, in the documents store."""

    ANONYMIZE_EVENTS = "anonymize_events"
    """Remove the preferences of the payload's `user_id`, and names and addresses from its events."""

    DELETE_ACCOUNT = "delete_account"
    """Remove the groups, devices and row of the payload's `user_id`, an account that is marked as deleted."""

    PURGE_TELEMETRY = "purge_telemetry"
    """Remove the telemetry, cached values, presence, activity and metadata of the payload's `device_ids`."""

    RESOLVE_ALERTS = "resolve_alerts"
    """Resolve the open alerts of the payload's `rule_id`, a rule that was deleted or disabled."""

    COMPUTE_REPORT = "compute_report"
    """Compute and store the report that the payload describes."""

    # The text must stay: it is stored in rows, and processes of other releases read it during a rolling upgrade.
    INVALIDATE_CACHES = "invalidate_principals"
    """Drop from all caches the payload's `digests` and `device_ids`, or all credentials and devices of its `user_id`.

    A payload with `rules_of` drops alert rules alone: those of these devices, or of all devices of the account if null.
    """


MAX_MESSAGE_DELAY_MS = 600_000
"""The longest lease, retry delay or other delay of a message, in milliseconds."""


@dataclass(frozen=True, slots=True)
class NewOutboxMessage:
    """A message to store in the transaction of the change that it follows.

    Messages of one subject are handled in the order of their storage. A message is due from `not_before` on.
    """

    topic: OutboxTopic
    subject: str
    payload: JsonObject
    not_before: Millis


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A stored message, claimed by one relay for a lease.

    `attempts` is the number of claims since it was stored or last made progress, including this one.
    """

    id: int
    topic: OutboxTopic
    subject: str
    payload: JsonObject
    attempts: int


@dataclass(frozen=True, slots=True)
class DueSubjects:
    """The subjects whose first message is due, in order.

    `scanned_to` is the last subject scanned, from which the next scan continues; "" at the end of all subjects.
    """

    subjects: list[str]
    scanned_to: str
