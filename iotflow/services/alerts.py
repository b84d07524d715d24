"""Alerts as people see them: lists, acknowledgement, resolution, and alerts raised by hand."""

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from iotflow.clock import Clock
from iotflow.domain.alerts import (
    MAX_DETAILS_BYTES,
    Alert,
    AlertFilter,
    AlertPosition,
    AlertStatus,
    NewAlert,
)
from iotflow.domain.context import Context
from iotflow.domain.errors import Conflict, InvalidInput
from iotflow.domain.json import nesting_error, size_error
from iotflow.domain.permissions import is_admin, require_user, require_visible_alert
from iotflow.domain.personal_tokens import TokenScope
from iotflow.repositories.alerts import AlertRepository
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.device_lookup import DeviceLookup
from iotflow.services.notifications import AlertNotifications

MAX_DETAILS_BYTES_PER_PAGE = 2**20
"""Bytes of the details in a page, as JSON: decoded, empty arrays take 20 times as many."""
ALERTS_PER_READ = 50


class AlertPage(NamedTuple):
    """A page of alerts, and whether others may follow."""

    alerts: list[Alert]
    more: bool


class Alerts:
    """Operations on alerts. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right.
    - NotFound: the alert or device does not exist or is hidden from the caller.
    - StoreUnavailable.
    """

    def __init__(
        self,
        alerts: AlertRepository,
        device_lookup: DeviceLookup,
        notifications: AlertNotifications,
        bulk_reads: BulkReads,
        clock: Clock,
    ) -> None:
        self._alerts = alerts
        self._bulk_reads = bulk_reads
        self._notifications = notifications
        self._device_lookup = device_lookup
        self._clock = clock

    async def create(self, context: Context, new: NewAlert) -> Alert:
        """Raise an alert about a device. Raises InvalidInput for the details."""
        require_user(context.principal, TokenScope.WRITE)
        error = size_error(new.details, "details", MAX_DETAILS_BYTES) or nesting_error(new.details)
        if error:
            raise InvalidInput.at("body", "details", message=error)
        device = await self._device_lookup.get_visible(context.principal, new.device_id, TokenScope.WRITE)
        now = self._clock.now()
        alert = Alert(
            id=uuid4(),
            rule_id=None,
            device_id=new.device_id,
            user_id=device.user_id,
            alert_type=new.alert_type,
            severity=new.severity,
            status=AlertStatus.ACTIVE,
            message=new.message,
            details=new.details,
            count=1,
            created_at=now,
            updated_at=now,
        )
        await self._alerts.add(alert)
        self._notifications.show(alert)
        return alert

    async def page(self, context: Context, where: AlertFilter, limit: int, after: AlertPosition | None) -> AlertPage:
        """Return a page of alerts after a position (None: from the newest), newest first.

        Users read the alerts of their devices, administrators all. A page also ends at `MAX_DETAILS_BYTES_PER_PAGE`.
        Raises Overloaded for too many bulk reads of the caller's account.
        """
        caller = require_user(context.principal, TokenScope.READ)
        if not is_admin(caller):
            where = replace(where, user_id=caller.user_id)
        found: list[Alert] = []
        size = 0
        async with self._bulk_reads.slot(caller.user_id):
            while len(found) <= limit and size < MAX_DETAILS_BYTES_PER_PAGE:
                wanted = min(ALERTS_PER_READ, limit + 1 - len(found))
                part = await self._alerts.page(where, wanted, after)
                found += part
                if len(part) < wanted:
                    break
                after = AlertPosition(part[-1].created_at, part[-1].id)
                size += sum(len(msgspec.json.encode(alert.details)) for alert in part)
            else:
                return AlertPage(found[:limit], more=True)
        return AlertPage(found, more=False)

    async def get(self, context: Context, alert_id: UUID) -> Alert:
        """Return an alert."""
        return await self._visible(context, alert_id, TokenScope.READ)

    async def acknowledge(self, context: Context, alert_id: UUID) -> Alert:
        """Acknowledge an active alert. Raises Conflict for another one."""
        await self._visible(context, alert_id, TokenScope.WRITE)
        caller = require_user(context.principal, TokenScope.WRITE)
        if await self._alerts.acknowledge(alert_id, caller.user_id, self._clock.now()):
            acknowledged = await self._visible(context, alert_id, TokenScope.WRITE)
            self._notifications.show(acknowledged)
            return acknowledged
        alert = await self._visible(context, alert_id, TokenScope.WRITE)
        raise Conflict(f"the alert is {alert.status}; only an active one is acknowledged")

    async def resolve(self, context: Context, alert_id: UUID) -> Alert:
        """Resolve an active or acknowledged alert. Raises Conflict for a resolved one."""
        await self._visible(context, alert_id, TokenScope.WRITE)
        resolved = await self._alerts.resolve(alert_id, self._clock.now())
        alert = await self._visible(context, alert_id, TokenScope.WRITE)
        # Also of one that is resolved already: an earlier call may have failed between the two.
        await self._notifications.notify_resolved(alert)
        if not resolved:
            raise Conflict("the alert is resolved already")
        return alert

    async def _visible(self, context: Context, alert_id: UUID, scope: TokenScope) -> Alert:
        return require_visible_alert(context.principal, alert_id, await self._alerts.get(alert_id), scope)
