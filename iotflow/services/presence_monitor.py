"""The watch over online devices: `device.online` and `device.offline`, each once per change.

A row of an online device is added or removed in one transaction with its event, so that concurrent processes, and
processes that are killed, announce a change once. A row is looked at when it is due, not with each request: then its
device is offline, or due again when its window ends.
"""

from collections.abc import Mapping
from uuid import uuid4

from iotflow.clock import Clock
from iotflow.domain.devices import Device
from iotflow.domain.events import Event, EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.times import SECOND_MS, Millis, format_rfc3339
from iotflow.repositories.cache import PresenceRepository, PresenceView
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.repositories.watches import PresenceChange
from iotflow.services.outbox_messages import event_message

DEVICES_PER_STEP = 500
MAX_GAP_MS = 5_000
"""A longer time without a step was an outage of the service: all windows begin at its end."""
SETTLE_MS = 2_000
"""Time for which a request may be unknown to other processes."""


class Watch:
    """The time for which steps of a monitor have followed each other without a gap of more than `MAX_GAP_MS`.

    It begins with the process: after a restart all windows begin anew.
    """

    def __init__(self) -> None:
        self._began_at = Millis(0)
        self._stepped_at: Millis | None = None

    def step(self, now: Millis) -> None:
        """Note a step. A clock that was set back begins the watch anew, too."""
        if self._stepped_at is None or not self._stepped_at <= now <= self._stepped_at + MAX_GAP_MS:
            self._began_at = now
        self._stepped_at = now

    def since(self, view: PresenceView) -> Millis:
        """Return the start of the watch: devices may have been seen unnoticed before."""
        assert self._stepped_at is not None
        return max(self._began_at, min(view.complete_since, self._stepped_at))


async def announce_online(transaction: Transaction, seen: Mapping[int, Millis], now: Millis) -> None:
    """Mark devices as online, with an event for each that was not."""
    came = await transaction.watches.mark_online(sorted(seen), now)
    events = [_event(EventType.DEVICE_ONLINE, change, seen[change.device_id]) for change in came]
    await transaction.outbox.add([event_message(event) for event in events])


class PresenceMonitor:
    """Periodic work of one process: finds online devices whose online window has passed."""

    def __init__(
        self, presence: PresenceRepository, transactions: Transactions, clock: Clock, *, online_window_s: int
    ) -> None:
        self._presence = presence
        self._transactions = transactions
        self._clock = clock
        self._online_window_s = online_window_s
        self._watch = Watch()

    async def announce_offline(self) -> None:
        """Mark devices as offline that are, in steps, with an event for each. Raises StoreUnavailable."""
        while await self._step() == DEVICES_PER_STEP:
            pass

    async def _step(self) -> int:
        """Check some due devices, and return their number."""
        now = self._clock.now()
        async with self._transactions.read() as transaction:
            due = await transaction.watches.online_to_check(now, DEVICES_PER_STEP)
        self._watch.step(now)
        view = await self._presence.view([device.id for device in due], now)
        if not due:
            return 0
        since = self._watch.since(view)
        ends = {device.id: self._end_of_window(device, view, since) for device in due}
        gone = sorted(device_id for device_id, end in ends.items() if end <= now)
        seen = {device.id: last_seen(device, view) for device in due}
        async with self._transactions.write() as transaction:
            events = [
                _event(EventType.DEVICE_OFFLINE, change, now, last_seen=format_rfc3339(seen[change.device_id]))
                for change in await transaction.watches.mark_offline(gone)
            ]
            await transaction.outbox.add([event_message(event) for event in events])
            await transaction.watches.check_online_at({id_: end for id_, end in ends.items() if end > now})
        return len(due)

    def _end_of_window(self, device: Device, view: PresenceView, since: Millis) -> Millis:
        window_s = self._online_window_s if device.online_window is None else device.online_window
        return Millis(max(last_seen(device, view), since) + window_s * SECOND_MS + SETTLE_MS)


def last_seen(device: Device, view: PresenceView) -> Millis:
    """Return when a device was last seen, by both stores; 0 if never."""
    return max(device.last_seen or Millis(0), view.seen.get(device.id, Millis(0)))


def _event(event_type: EventType, change: PresenceChange, at: Millis, **details: JsonValue) -> Event:
    actor: dict[str, JsonValue] = {"type": "system", "id": None}
    return Event(uuid4(), event_type, at, change.user_id, change.device_id, {"actor": actor, **details}, None)
