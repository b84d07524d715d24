"""Outbox messages by topic: their payloads, encoded for the outbox and decoded for its handlers.

A message is added in the transaction of its change. Payloads are msgspec structs: `decode` raises
msgspec.ValidationError for a payload of another shape.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from iotflow.domain.events import Event, EventType
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewOutboxMessage, OutboxTopic
from iotflow.domain.reports import Report, ReportStatus, ReportType
from iotflow.domain.times import Millis

PURGE_AGAIN_AFTER_MS = 90_000
"""Time after which no cached key of the device is valid (30 s) and its activity is flushed (twice 30 s)."""


class EventPayload(msgspec.Struct):
    """An event. Times are milliseconds since the epoch."""

    id: UUID
    event_type: EventType
    timestamp: int
    user_id: UUID
    device_id: int | None
    details: dict[str, Any]  # Any: a JSON object, whose recursive type msgspec cannot resolve
    request_id: str | None


class AnonymizePayload(msgspec.Struct):
    """An account whose events are anonymized after the event of this time and id (None: from the first)."""

    user_id: UUID
    timestamp: int | None = None
    id: UUID | None = None


class AccountPayload(msgspec.Struct):
    """An account that is marked as deleted."""

    user_id: UUID


class PurgePayload(msgspec.Struct):
    """Deleted devices whose data may be left in a store."""

    device_ids: list[int]


class RulePayload(msgspec.Struct):
    """An alert rule that is no longer evaluated: for this device, or at all (None)."""

    rule_id: int
    device_id: int | None = None


class ReportPayload(msgspec.Struct):
    """A report to compute, for the attempt with this number. Times are milliseconds since the epoch."""

    id: UUID
    user_id: UUID
    report_type: ReportType
    device_id: int | None
    group_id: int | None
    start_time: int
    end_time: int
    created_at: int
    attempts: int

    def report(self) -> Report:
        """Return the report, pending."""
        return Report(
            id=self.id,
            user_id=self.user_id,
            report_type=self.report_type,
            device_id=self.device_id,
            group_id=self.group_id,
            start_time=Millis(self.start_time),
            end_time=Millis(self.end_time),
            status=ReportStatus.PENDING,
            created_at=Millis(self.created_at),
        )


P = TypeVar("P", bound=msgspec.Struct)


def encode(payload: msgspec.Struct) -> JsonObject:
    """Return a payload as the outbox stores it."""
    encoded: JsonObject = msgspec.to_builtins(payload)
    return encoded


def decode(payload: JsonObject, kind: type[P]) -> P:
    """Return a payload as a struct."""
    return msgspec.convert(payload, kind)


def event_message(event: Event) -> NewOutboxMessage:
    """Return the message that stores an event.

    All events of an account share a subject, so they are handled in order: an event stored after the anonymization
    would escape it.
    """
    payload = EventPayload(
        event.id,
        event.event_type,
        event.timestamp,
        event.user_id,
        event.device_id,
        dict(event.details),
        event.request_id,
    )
    return NewOutboxMessage(OutboxTopic.EVENT, _account_subject(event.user_id), encode(payload), event.timestamp)


def decode_event(payload: JsonObject) -> Event:
    """Return the event of a message."""
    found = decode(payload, EventPayload)
    return Event(
        found.id,
        found.event_type,
        Millis(found.timestamp),
        found.user_id,
        found.device_id,
        found.details,
        found.request_id,
    )


def anonymize_message(user_id: UUID, at: Millis) -> NewOutboxMessage:
    """Return the message that anonymizes an account's events. It is handled after the earlier events of the outbox."""
    return NewOutboxMessage(
        OutboxTopic.ANONYMIZE_EVENTS, _account_subject(user_id), encode(AnonymizePayload(user_id)), at
    )


def account_deletion_message(user_id: UUID, at: Millis) -> NewOutboxMessage:
    """Return the message that removes the rows of a deleted account."""
    return NewOutboxMessage(OutboxTopic.DELETE_ACCOUNT, f"account:{user_id}", encode(AccountPayload(user_id)), at)


def purge_messages(user_id: UUID, device_ids: Sequence[int], at: Millis) -> list[NewOutboxMessage]:
    """Return the messages that purge deleted devices: at once, and again after `PURGE_AGAIN_AFTER_MS`.

    A submission with a cached key may follow the first purge.

    An account's purges share a subject, so that accounts take turns.
    """
    payload = encode(PurgePayload(list(device_ids)))
    return [
        NewOutboxMessage(OutboxTopic.PURGE_TELEMETRY, f"purge:{user_id}", payload, at),
        NewOutboxMessage(
            OutboxTopic.PURGE_TELEMETRY, f"purge-again:{user_id}", payload, Millis(at + PURGE_AGAIN_AFTER_MS)
        ),
    ]


def alert_resolution_messages(rule_id: int, at: Millis, device_id: int | None = None) -> list[NewOutboxMessage]:
    """Return the messages that resolve a rule's open alerts: at once, and again after `PURGE_AGAIN_AFTER_MS`.

    `device_id`: those about this device only. An evaluation by cached rules may raise an alert after the first one.
    """
    payload = encode(RulePayload(rule_id, device_id))
    return [
        NewOutboxMessage(OutboxTopic.RESOLVE_ALERTS, f"rule:{rule_id}", payload, at),
        NewOutboxMessage(
            OutboxTopic.RESOLVE_ALERTS, f"rule-again:{rule_id}", payload, Millis(at + PURGE_AGAIN_AFTER_MS)
        ),
    ]


def report_message(report: Report, at: Millis, attempt: int = 1) -> NewOutboxMessage:
    """Return the message that computes a report. An account's reports share a subject, so that accounts take turns."""
    payload = ReportPayload(
        report.id,
        report.user_id,
        report.report_type,
        report.device_id,
        report.group_id,
        report.start_time,
        report.end_time,
        report.created_at,
        attempt,
    )
    return NewOutboxMessage(OutboxTopic.COMPUTE_REPORT, f"report:{report.user_id}", encode(payload), at)


def _account_subject(user_id: UUID) -> str:
    return f"user:{user_id}"
