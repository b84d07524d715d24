"""The publisher of live events: buffered, so that no submission waits for it."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

import msgspec

from iotflow.domain.alerts import Alert
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import Event, EventType
from iotflow.domain.json import JsonObject
from iotflow.domain.live_events import MAX_EVENT_BYTES, MAX_EVENTS_PER_BATCH, LiveEvent, LiveEventType
from iotflow.domain.times import format_rfc3339
from iotflow.logs import LimitLog
from iotflow.repositories.live_events import LiveEventLog
from iotflow.services.observers import SubmittedRecords

GATHER_S = 0.02
"""Time for which events wait for others, to be sent with them."""
MAX_WAITING_EVENTS = 10_000
"""Events of a process that wait to be sent, each of at most `MAX_EVENT_BYTES`."""
EVENTS_PER_CALL = 100

STATUS_EVENTS = frozenset({EventType.DEVICE_STATUS_CHANGED, EventType.DEVICE_ONLINE, EventType.DEVICE_OFFLINE})
"""The changes of a device that streams show as `status`."""

_encode = msgspec.json.Encoder().encode

logger = logging.getLogger(__name__)


class LiveEventPublisher:
    """Publishes live events of accounts that are followed. An observer of stored records."""

    def __init__(self, log: LiveEventLog) -> None:
        self._log = log
        self._waiting: dict[UUID, list[bytes]] = {}
        self._waiting_events = 0
        self._sender: asyncio.Task[None] | None = None
        self._limit = LimitLog("live_events", f"{MAX_WAITING_EVENTS:,} live events of a process that wait")

    def is_followed(self, user_id: UUID) -> bool:
        """Return whether events of an account are published."""
        return self._log.is_followed(user_id)

    async def on_stored(self, submitted: SubmittedRecords) -> None:
        user_id, device_id = submitted.device.user_id, submitted.device.id
        if not self._log.is_followed(user_id):
            return
        for record in sorted(submitted.records, key=lambda record: record.timestamp)[-MAX_EVENTS_PER_BATCH:]:
            head: dict[str, object] = {"device_id": device_id, "timestamp": format_rfc3339(record.timestamp)}
            data = _encode({**head, "measurements": record.values})
            if len(data) > MAX_EVENT_BYTES:
                data = _encode({**head, "measurements": None})
            self._add(user_id, LiveEvent(LiveEventType.TELEMETRY, device_id, data))

    async def on_write_failed(self, device: DeviceSummary) -> None:
        pass

    def publish_alert(self, alert: Alert, shown: JsonObject) -> None:
        """Publish an alert that was raised or has changed, as the API shows it."""
        data = _encode({"alert": shown})
        if len(data) > MAX_EVENT_BYTES:
            data = _encode({"alert": {**shown, "details": None}})
        self._add(alert.user_id, LiveEvent(LiveEventType.ALERT, alert.device_id, data))

    def publish_status(self, events: Sequence[Event]) -> None:
        """Publish those events that are about the status of a device."""
        for event in events:
            if event.event_type in STATUS_EVENTS and event.device_id is not None and self.is_followed(event.user_id):
                data = _encode(
                    {
                        "device_id": event.device_id,
                        "event_type": event.event_type.value,
                        "timestamp": format_rfc3339(event.timestamp),
                        "details": event.details,
                    }
                )
                if len(data) <= MAX_EVENT_BYTES:
                    self._add(event.user_id, LiveEvent(LiveEventType.STATUS, event.device_id, data))

    async def close(self) -> None:
        """Send what waits."""
        if self._sender is not None:
            await self._sender

    def _add(self, user_id: UUID, event: LiveEvent) -> None:
        if not self._log.is_followed(user_id):
            return
        if self._waiting_events >= MAX_WAITING_EVENTS:
            self._limit.record(f"account {user_id}")
            return
        self._waiting.setdefault(user_id, []).append(event.encode())
        self._waiting_events += 1
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_until_empty(), name="live events")

    async def _send_until_empty(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_S)
                waiting, self._waiting, self._waiting_events = self._waiting, {}, 0
                for user_id, contents in waiting.items():
                    for first in range(0, len(contents), EVENTS_PER_CALL):
                        await self._log.append(user_id, contents[first : first + EVENTS_PER_CALL])
        except StoreUnavailable as error:
            # The log reports an interruption to the followers.
            logger.warning("live events: the %s store is unavailable: %s; events are lost", error.store, error)
        finally:
            self._sender = None
