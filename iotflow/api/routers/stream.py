"""The route of the live stream."""

from typing import Annotated

from fastapi import Header, Query, Request, Response

from iotflow.api.auth import UserReadContext, bearer_token
from iotflow.api.dependencies import ServicesDep
from iotflow.api.event_streams import EVENT_STREAM, EventStream, EventStreamHead
from iotflow.api.middleware import IS_HEAD
from iotflow.api.routing import api_router, problem_responses
from iotflow.domain.devices import MAX_ID
from iotflow.domain.errors import InvalidInput
from iotflow.domain.live_events import LiveEventType, parse_event_id
from iotflow.services.live_streams import LiveStream

router = api_router("Live stream")

TYPES = ", ".join(LiveEventType)
ALL_TYPES = ",".join(LiveEventType)
Types = Annotated[
    str, Query(max_length=100, description=f"Types of events, comma separated, of {TYPES}.", examples=["alert"])
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=100,
        description="The id of the last event that the client got: the stream begins with those after it, or with "
        "`missed` if the service no longer has them.",
    ),
]


@router.get(
    "/stream",
    operation_id="stream_events",
    response_class=EventStreamHead,
    responses={200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}, **problem_responses(404)},
)
async def stream_events(
    context: UserReadContext,
    request: Request,
    services: ServicesDep,
    device_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only events of this device.")] = None,
    group_id: Annotated[
        int | None, Query(ge=1, le=MAX_ID, description="Only events of devices that are in this group now.")
    ] = None,
    types: Types = ALL_TYPES,
    last_event_id: LastEventId = None,
) -> Response:
    """Stream live events of the caller's devices.

    They are server-sent events: `telemetry` (`device_id`, `timestamp`, `measurements`, null for more than 8 KiB),
    `alert` (the `alert` that was raised or changed), `status` (`device_id`, `event_type`, `timestamp`, `details`),
    `missed` (events before it may be missing), and `end` with a `reason`: `stopping`, `credentials`, `deleted` or
    `slow`. A comment every 15 s keeps the connection alive.
    """
    chosen = _parse_types(types)
    await services.live_streams.require_visible(context, device_id, group_id)
    caller = context.principal
    services.live_streams.require_room(caller.user_id)
    if IS_HEAD in request.scope:
        return EventStreamHead()
    after = None if last_event_id is None else parse_event_id(last_event_id)
    stream = LiveStream(chosen, device_id, group_id)
    token = bearer_token(request) or ""

    async def require_access() -> None:
        await services.authentication.require_token(token, context.network)
        if device_id is not None:
            await services.live_streams.require_visible(context, device_id, None)

    return EventStream(
        services.live_streams.open(caller.user_id, stream, after),
        require_access,
    )


def _parse_types(text: str) -> frozenset[LiveEventType]:
    try:
        return frozenset(LiveEventType(name.strip()) for name in text.split(","))
    except ValueError:
        raise InvalidInput.at("query", "types", message=f"expected names of {TYPES}, comma separated") from None
