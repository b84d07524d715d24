"""Server-sent events: the response of a stream, in the format of the HTML standard.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import NotFound, StoreUnavailable, Unauthenticated
from iotflow.domain.live_events import EventId, LiveEvent, format_event_id
from iotflow.metrics.definitions import STREAM_EVENTS, STREAMS_ENDED
from iotflow.services.live_streams import LiveStream, Missed, StreamTooSlow

EVENT_STREAM = "text/event-stream"
CHECK_EVERY_S = 0.5
"""Time between two checks of the caller's credentials."""
KEEP_ALIVE_S = 15.0
PART_BYTES = 32_768
"""Minimum size in bytes of a part of many events. Events that wait are shared by the streams of an account; a part that
waits for its client is a copy."""
RECONNECT_MS = 3_000
"""Time after which a browser reconnects."""


class EventStreamHead(Response):
    """The head of a stream, without its events."""

    media_type = EVENT_STREAM

    def __init__(self, status_code: int = 200) -> None:
        super().__init__(status_code=status_code)
        del self.headers["content-length"]
        # nginx would otherwise hold events back.
        self.headers["x-accel-buffering"] = "no"


class EventStream(EventStreamHead):
    """The events of a stream until the client leaves, its credentials end, or the service stops."""

    def __init__(
        self, opening: AbstractAsyncContextManager[LiveStream], require_access: Callable[[], Awaitable[object]]
    ) -> None:
        """`require_access` raises Unauthenticated once the credentials ended, NotFound once the device is deleted."""
        super().__init__()
        self._opening = opening
        self._require_access = require_access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(_until_disconnected(receive))
        try:
            async with self._opening as stream:
                leaving.add_done_callback(lambda _task: stream.wake())
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await send(_part(b"retry: %d\n\n" % RECONNECT_MS))
                reason = await self._send_events(stream, leaving, send)
        finally:
            await cancel_and_wait(leaving)
        STREAMS_ENDED.add(1, reason)
        await send(_part(b'event: end\ndata: {"reason": "%b"}\n\n' % reason.encode(), more=False))

    async def _send_events(self, stream: LiveStream, leaving: asyncio.Task[None], send: Send) -> str:
        """Send events until the stream ends; return the reason."""
        checked_s = sent_s = time.monotonic()
        try:
            while not leaving.done():
                events = await stream.next_events(CHECK_EVERY_S)
                now_s = time.monotonic()
                if now_s - checked_s >= CHECK_EVERY_S:
                    checked_s = now_s
                    await self._require_access()
                if events:
                    STREAM_EVENTS.add(len(events))
                    for part in _parts(events):
                        await self._send_part(part, stream, leaving, send)
                elif now_s - sent_s >= KEEP_ALIVE_S:
                    await self._send_part(b": keep-alive\n\n", stream, leaving, send)
                else:
                    continue
                sent_s = now_s
        except StreamTooSlow:
            return "slow"
        except (Unauthenticated, StoreUnavailable):
            return "credentials"
        except NotFound:
            return "deleted"
        return "stopping"

    async def _send_part(self, body: bytes, stream: LiveStream, leaving: asyncio.Task[None], send: Send) -> None:
        """Send a part, and check the stream and the credentials while the client does not read.

        Raises StreamTooSlow, Unauthenticated, NotFound, StoreUnavailable. The part is not sent then.
        """
        while not leaving.done():
            try:
                # Cancelled only while it waits for the client, before anything of the part is written.
                async with asyncio.timeout(CHECK_EVERY_S):
                    await send(_part(body))
            except TimeoutError:
                stream.require_pace()
                await self._require_access()
            else:
                return


def _parts(events: Iterable[tuple[EventId, LiveEvent] | Missed]) -> Iterator[bytes]:
    part = bytearray()
    for event in events:
        part += _encode(event)
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def _encode(event: tuple[EventId, LiveEvent] | Missed) -> bytes:
    if isinstance(event, Missed):
        return b"event: missed\ndata: {}\n\n"
    event_id, live = format_event_id(event[0]).encode(), event[1]
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id, live.event_type.encode(), live.data)


def _part(body: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
