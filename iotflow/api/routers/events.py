"""The audit trail."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query, Request

from iotflow.api.access import EventReader
from iotflow.api.cursors import Page, Time, foreign_cursor, open_page
from iotflow.api.deps import ClockDep, EventsDep, UserReference, account_of
from iotflow.api.routes import router
from iotflow.api.schemas.common import QueryTime
from iotflow.api.schemas.lists import Limit
from iotflow.api.schemas.operations import EventList, EventView
from iotflow.domain.devices import MAX_ID
from iotflow.domain.events import EventFilter, EventPosition, EventType
from iotflow.domain.permissions import may_act_for
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.times import Millis

routes = router("Events")


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After the event of this time and id."""

    time: Time
    id: UUID


@routes.get("/events", operation_id="list_events")
async def list_events(
    caller: EventReader,
    request: Request,
    events: EventsDep,
    clock: ClockDep,
    event_type: EventType | None = None,
    device_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="A device's id.")] = None,
    user_id: UserReference | None = None,
    start_time: QueryTime | None = None,
    end_time: QueryTime | None = None,
    limit: Limit = 100,
    cursor: Annotated[str | None, Query(description="The former page's `next_cursor`.")] = None,
) -> EventList:
    """List events. Each says who did what to which account, device, group, key or config.

    The newest come first. People see those of their own account, administrators all.
    """
    names = ("event_type", "device_id", "user_id", "start_time", "end_time")
    page = open_page(
        f"events for {'an admin' if caller.is_admin else caller.user_id}",
        request.query_params,
        dict.fromkeys(names),
        Position,
        clock.now(),
    )
    where = _filter(page, caller)
    after = EventPosition(Millis(page.position.time), page.position.id) if page.position else None
    found = await events.page(where, limit + 1, after)
    listed = found[:limit]
    more = len(found) > limit
    return EventList(
        events=[EventView.model_validate(event) for event in listed],
        next_cursor=page.cursor(Position(listed[-1].timestamp, listed[-1].id)) if more else None,
    )


def _filter(page: Page[Position], caller: UserPrincipal) -> EventFilter:
    """What the page shows. A cursor is a client's text: what it names is judged like a query."""
    chosen_user, chosen_device, chosen_type = (page.query[name] for name in ("user_id", "device_id", "event_type"))
    try:
        where = EventFilter(
            user_id=account_of(chosen_user, caller) if chosen_user else (None if caller.is_admin else caller.user_id),
            device_id=int(chosen_device) if chosen_device else None,
            event_type=EventType(chosen_type) if chosen_type else None,
            start=page.span.start,
            end=page.span.end,
        )
    except ValueError:
        raise foreign_cursor() from None
    if where.user_id is not None and not may_act_for(caller, where.user_id):
        raise foreign_cursor()
    if where.device_id is not None and not 1 <= where.device_id <= MAX_ID:
        raise foreign_cursor()
    return where
