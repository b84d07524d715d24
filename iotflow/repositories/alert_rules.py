"""The interface of alert rules."""

from typing import Protocol
from uuid import UUID

from iotflow.domain.alert_rules import AlertRule, AlertRuleChange, DeviceRules, NewAlertRule
from iotflow.domain.times import Millis


class AlertRuleRepository(Protocol):
    """Alert rules. Ids are never reused. A rule is removed with its device or group."""

    async def add(self, user_id: UUID, rule: NewAlertRule, at: Millis) -> AlertRule:
        """Store a rule of version 1. Other additions to the account wait until the transaction ends.

        Raises NotFound for an unknown user, device or group.
        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Return whether an account has more rules than `number`."""
        ...

    async def count_of_target(self, rule: NewAlertRule) -> int:
        """Return the number of rules with the device or group of this one."""
        ...

    async def get(self, rule_id: int) -> AlertRule | None:
        """Return the rule, None for an unknown id."""
        ...

    async def lock(self, rule_id: int) -> AlertRule | None:
        """Return the rule and lock it until the transaction ends; None for an unknown id."""
        ...

    async def update(self, rule_id: int, change: AlertRuleChange, at: Millis) -> AlertRule:
        """Change the fields in `change`, increment the version, and return the rule. Raises NotFound."""
        ...

    async def delete(self, rule_id: int) -> None:
        """Remove the rule. Raises NotFound."""
        ...

    async def page(
        self, user_id: UUID | None, device_id: int | None, group_id: int | None, limit: int, offset: int
    ) -> tuple[list[AlertRule], int]:
        """Return a page of the rules, ordered by id, and the number of all. A filter of None does not restrict."""
        ...

    async def of_device(self, device_id: int, limit: int) -> DeviceRules | None:
        """Return the first `limit` enabled rules of a device and of its groups by id; None for an unknown device."""
        ...
