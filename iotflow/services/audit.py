"""How a change tells of itself: an event in the outbox, in the change's own transaction."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from iotflow.domain.events import Event, EventPosition, EventType
from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.outbox import NewMessage, Topic
from iotflow.domain.principals import Principal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.events import EventRepository
from iotflow.repositories.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, and with which request."""

    kind: Literal["user", "device", "system"]
    id: str | None
    request_id: str | None

    @classmethod
    def of(cls, principal: Principal, request_id: str | None) -> "Actor":
        """The caller as an actor."""
        if isinstance(principal, UserPrincipal):
            return cls("user", str(principal.user_id), request_id)
        return cls("device", str(principal.device_id), request_id)


async def record_event(
    transaction: Transaction,
    actor: Actor,
    event_type: EventType,
    at: Millis,
    *,
    user_id: UUID,
    device_id: int | None = None,
    details: JsonObject | None = None,
) -> None:
    """Store an event with the change. `user_id` is the account it concerns."""
    message = event_message(actor, event_type, at, user_id=user_id, device_id=device_id, details=details)
    await transaction.outbox.add([message])


def event_message(
    actor: Actor,
    event_type: EventType,
    at: Millis,
    *,
    user_id: UUID,
    device_id: int | None = None,
    details: JsonObject | None = None,
) -> NewMessage:
    """The message that stores an event, to be added with the change."""
    event = Event(
        id=uuid4(),
        event_type=event_type,
        timestamp=at,
        user_id=user_id,
        device_id=device_id,
        details={"actor": {"type": actor.kind, "id": actor.id}, **(details or {})},
        request_id=actor.request_id,
    )
    # All of an account's messages share a subject: an event that comes after its anonymization would escape it.
    return NewMessage(Topic.EVENT, account_subject(user_id), event_payload(event), at)


def account_subject(user_id: UUID) -> str:
    """The outbox subject of an account and all that it owns."""
    return f"user:{user_id}"


def anonymize_message(user_id: UUID, at: Millis) -> NewMessage:
    """The message that has the account's events anonymized, once those that wait in the outbox are stored."""
    return NewMessage(Topic.ANONYMIZE_EVENTS, account_subject(user_id), {"user_id": str(user_id)}, at)


async def anonymize_part(events: EventRepository, payload: JsonObject) -> JsonObject | None:
    """Handle a chunk of an account's events; return the payload to go on with, None at the end.

    Raises StoreUnavailable.
    """
    user_id, timestamp, event_id = UUID(str(payload["user_id"])), payload.get("timestamp"), payload.get("id")
    after = EventPosition(Millis(timestamp), UUID(str(event_id))) if isinstance(timestamp, int) else None
    last = await events.anonymize_chunk(user_id, after)
    if last is None:
        return None
    return {"user_id": str(user_id), "timestamp": last.timestamp, "id": str(last.id)}


def event_payload(event: Event) -> JsonObject:
    """An event as JSON."""
    payload: dict[str, JsonValue] = {
        "id": str(event.id),
        "event_type": event.event_type.value,
        "timestamp": event.timestamp,
        "user_id": str(event.user_id),
        "device_id": event.device_id,
        "details": event.details,
        "request_id": event.request_id,
    }
    return payload


def event_of_payload(payload: JsonObject) -> Event:
    """The event that `event_payload` wrote."""
    fields = dict(payload)
    details, device_id, request_id, timestamp = (
        fields[name] for name in ("details", "device_id", "request_id", "timestamp")
    )
    if not (isinstance(details, dict) and isinstance(timestamp, int)):
        raise TypeError("no event's payload")
    return Event(
        id=UUID(str(fields["id"])),
        event_type=EventType(str(fields["event_type"])),
        timestamp=Millis(timestamp),
        user_id=UUID(str(fields["user_id"])),
        device_id=device_id if isinstance(device_id, int) else None,
        details=details,
        request_id=request_id if isinstance(request_id, str) else None,
    )
