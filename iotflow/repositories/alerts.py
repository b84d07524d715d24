"""The interfaces of alerts and of the states of their rules."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from iotflow.domain.alert_rules import Severity
from iotflow.domain.alerts import Alert, AlertFilter, AlertPosition, AlertStatus
from iotflow.domain.times import Millis, TimeRange


class AlertRepository(Protocol):
    """Alerts. A rule and device have at most one open alert.

    Resolved alerts are kept for `IOTFLOW_EVENT_RETENTION_DAYS` from their resolution, others until they are resolved.
    All methods raise StoreUnavailable.
    """

    async def add(self, alert: Alert) -> None:
        """Store an alert; if its rule and device have an open one already, increment the count of that one.

        Idempotent: an alert whose id is stored already is left unchanged.
        """
        ...

    async def get(self, alert_id: UUID) -> Alert | None:
        """Return the alert, None for an unknown id."""
        ...

    async def acknowledge(self, alert_id: UUID, user_id: UUID | None, at: Millis) -> bool:
        """Acknowledge an alert, if it is active. Return whether it was. `user_id` None: by the system."""
        ...

    async def resolve(self, alert_id: UUID, at: Millis) -> bool:
        """Resolve an alert, if it is open. Return whether it was."""
        ...

    async def update_of_rule(
        self, rule_id: int, device_id: int, fired_at: Millis, count: int, at: Millis, status: AlertStatus | None = None
    ) -> None:
        """Raise the count of the open alert of a rule and device to at least `count`; resolve it with that status.

        An alert that fired later than `fired_at` is left unchanged, so that a delayed call never reaches it.
        """
        ...

    async def open_of_device(self, device_id: int, rule_ids: Collection[int]) -> list[Alert]:
        """Return the open alerts of these rules and a device."""
        ...

    async def resolve_chunk(self, rule_id: int, at: Millis) -> bool:
        """Resolve some open alerts of a rule. Return whether more may be left."""
        ...

    async def page(self, where: AlertFilter, limit: int, after: AlertPosition | None) -> list[Alert]:
        """Return up to `limit` alerts after a position (None: from the newest), newest first by creation, then id."""
        ...

    async def count_by_severity(self, user_id: UUID, time_range: TimeRange) -> dict[Severity, int]:
        """Return the numbers of a user's alerts that were created within a range, by each severity."""
        ...

    async def purge_chunk(self, device_ids: Collection[int]) -> bool:
        """Remove some alerts of these devices. Return whether more may be left."""
        ...


STATE_LIFETIME_MS = 30 * 86_400_000
"""Lifetime of a device's states after their last change."""


class RuleStates(Protocol):
    """The states of a device's rules, encoded, each device's replaced as a whole by compare-and-set.

    They may be lost at any time. All methods raise StoreUnavailable.
    """

    async def get(self, device_id: int) -> bytes:
        """Return the states of a device, b"" without any. They may be older than the stored ones."""
        ...

    async def replace(self, device_id: int, expected: bytes, states: bytes) -> bool:
        """Store the states of a device if the stored ones are those expected, and return whether they were. Atomic."""
        ...

    async def remove(self, device_ids: Collection[int]) -> None:
        """Drop the states of devices."""
        ...
