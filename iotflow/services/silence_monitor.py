"""The watch over rules of silence: `offline` and `no_data`.

A device with such rules has a row with the time before which none of them fires. It is looked at when it is due, by the
holder of the scheduler's lease; what devices send in between is noted in the states of their rules.
"""

from iotflow.clock import Clock
from iotflow.domain.alert_rules import MAX_RULES_PER_DEVICE
from iotflow.domain.devices import MAX_ONLINE_WINDOW_S, DeviceSummary
from iotflow.domain.silence import SilenceCheck
from iotflow.domain.times import SECOND_MS, Millis
from iotflow.repositories.cache import PresenceRepository
from iotflow.repositories.transactions import Transactions
from iotflow.services.alert_observer import AlertObserver
from iotflow.services.presence_monitor import SETTLE_MS, Watch, last_seen

DEVICES_PER_STEP = 200
MAX_CHECK_AHEAD_MS = MAX_ONLINE_WINDOW_S * SECOND_MS
"""Of longer rules there are checks in between."""


class SilenceMonitor:
    """Periodic work of one process: evaluates the rules of silence that are due."""

    def __init__(
        self, presence: PresenceRepository, transactions: Transactions, observer: AlertObserver, clock: Clock
    ) -> None:
        self._presence = presence
        self._transactions = transactions
        self._observer = observer
        self._clock = clock
        self._watch = Watch()

    async def check_due(self) -> None:
        """Evaluate due rules, in steps. Raises StoreUnavailable; what was not evaluated stays due."""
        while await self._step() == DEVICES_PER_STEP:
            pass

    async def _step(self) -> int:
        """Evaluate the rules of some due devices, and return the number of devices."""
        now = self._clock.now()
        async with self._transactions.read() as transaction:
            due = await transaction.watches.silence_to_check(now, DEVICES_PER_STEP)
        self._watch.step(now)
        view = await self._presence.view([device.id for device in due], now)
        if not due:
            return 0
        since = Millis(self._watch.since(view) + SETTLE_MS)
        checked: list[tuple[int, Millis, Millis | None]] = []
        for device, was in due.items():
            check = SilenceCheck(now, since, last_seen(device, view) or None)
            next_at = await self._check(device.summary(), check)
            latest = Millis(now + MAX_CHECK_AHEAD_MS)
            checked.append((device.id, was, None if next_at is None else min(next_at, latest)))
        async with self._transactions.write() as transaction:
            for device_id, was, at in sorted(checked):
                await transaction.watches.check_silence_at(device_id, was, at)
        return len(due)

    async def _check(self, device: DeviceSummary, check: SilenceCheck) -> Millis | None:
        # Not the cached rules: a change of them may not have reached this process, and is not due again.
        async with self._transactions.read() as transaction:
            covering = await transaction.alert_rules.of_device(device.id, MAX_RULES_PER_DEVICE)
        return None if covering is None else await self._observer.check_silence(device, covering.rules, check)
