"""The audit log: events of changes, written to the outbox in the transaction of the change."""

from uuid import UUID, uuid4

from iotflow.domain.context import Context
from iotflow.domain.events import Event, EventFilter, EventPosition, EventType
from iotflow.domain.json import JsonObject
from iotflow.domain.permissions import require_account, require_admin
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.principals import DevicePrincipal, UserPrincipal
from iotflow.domain.times import Millis
from iotflow.repositories.events import EventRepository
from iotflow.repositories.transactions import Transaction
from iotflow.services.outbox_messages import event_message


async def record_event(
    transaction: Transaction,
    context: Context,
    event_type: EventType,
    at: Millis,
    *,
    user_id: UUID,
    device_id: int | None = None,
    details: JsonObject | None = None,
) -> None:
    """Add an event to the outbox, in the transaction of the change. `user_id` is the account concerned."""
    event = Event(
        id=uuid4(),
        event_type=event_type,
        timestamp=at,
        user_id=user_id,
        device_id=device_id,
        details={"actor": actor_of(context, user_id), **(details or {})},
        request_id=context.request_id,
    )
    await transaction.outbox.add([event_message(event)])


def actor_of(context: Context, user_id: UUID) -> JsonObject:
    """Return the author of a change, as events name it. `user_id` is the account concerned."""
    match context.principal:
        case UserPrincipal() as user:
            return {"type": "user", "id": str(user.user_id)}
        case DevicePrincipal() as device:
            return {"type": "device", "id": str(device.device_id)}
    # A registration or a login: the account acts without credentials.
    return {"type": "user", "id": str(user_id)}


class AuditLog:
    """The audit log, read by users and administrators."""

    def __init__(self, events: EventRepository) -> None:
        self._events = events

    async def page(self, context: Context, where: EventFilter, limit: int, after: EventPosition | None) -> list[Event]:
        """Return a page of events after a position (None: from the newest), newest first.

        Users read the events of their account, administrators all.

        Raises:
            Unauthenticated: the caller has no credentials.
            Forbidden: the filter admits events of other users.
            StoreUnavailable: the documents are unavailable.

        """
        if where.user_id is None:
            require_admin(context.principal)
        else:
            require_account(context.principal, where.user_id, TokenScope.READ)
        return await self._events.page(where, limit, after)
