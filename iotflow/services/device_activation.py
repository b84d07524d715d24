"""Activation of inactive devices by their telemetry."""

import asyncio
import logging
from collections.abc import Sequence

from iotflow.clock import Clock
from iotflow.concurrency.group_commit import GroupCommit
from iotflow.domain.context import Context, RequestContext
from iotflow.domain.devices import DeviceStatus
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import EventType
from iotflow.domain.principals import DevicePrincipal
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.cache_invalidation import CacheInvalidation

ACTIVATIONS_PER_COMMIT = 500
MAX_WAITING_ACTIVATIONS = 10_000
ACTIVATION_DEADLINE_S = 1.5

logger = logging.getLogger(__name__)


class DeviceActivation:
    """Activates devices in groups, after their telemetry is stored."""

    def __init__(self, transactions: Transactions, invalidation: CacheInvalidation, clock: Clock) -> None:
        self._transactions = transactions
        self._invalidation = invalidation
        self._clock = clock
        self._activations = GroupCommit(
            self._activate_devices,
            store="sql",
            group_weight=ACTIVATIONS_PER_COMMIT,
            max_waiting_weight=MAX_WAITING_ACTIVATIONS,
            deadline_s=ACTIVATION_DEADLINE_S,
        )

    async def activate(self, device: DevicePrincipal, context: Context) -> None:
        """Activate the device if it is inactive. A failure is logged: its next submission activates it."""
        if device.device.status is not DeviceStatus.INACTIVE:
            return
        try:
            async with asyncio.timeout(ACTIVATION_DEADLINE_S):
                await self._activations.submit(RequestContext(device, context.request_id))
        except (StoreUnavailable, TimeoutError) as error:
            # The telemetry is stored, so the submission must not fail.
            logger.warning(
                "ingestion: device=%d not activated: %r; retry with its next submission", device.device_id, error
            )

    async def close(self) -> None:
        """Wait for activations under way."""
        await self._activations.close()

    async def _activate_devices(self, contexts: Sequence[RequestContext[DevicePrincipal]]) -> None:
        now = self._clock.now()
        by_device = {context.principal.device_id: context for context in contexts}
        async with self._transactions.write(bulk=True) as transaction:
            digests: list[bytes] = []
            activated = await transaction.devices.activate(by_device.keys(), now)
            for device in activated:
                digests += await transaction.keys.digests_of_device(device.id)
                await record_event(
                    transaction,
                    by_device[device.id],
                    EventType.DEVICE_STATUS_CHANGED,
                    now,
                    user_id=device.user_id,
                    device_id=device.id,
                    details={"from": DeviceStatus.INACTIVE.value, "to": DeviceStatus.ACTIVE.value},
                )
            device_ids = [device.id for device in activated]
            await self._invalidation.invalidate_on_commit(transaction, now, digests=digests, device_ids=device_ids)
