"""Alert rules: creation, changes and deletion."""

from dataclasses import replace
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.alert_rules import (
    MAX_RULES_PER_ACCOUNT,
    MAX_RULES_PER_TARGET,
    AlertRule,
    AlertRuleChange,
    Condition,
    NewAlertRule,
    Offline,
    SilenceCondition,
    type_error,
)
from iotflow.domain.context import Context
from iotflow.domain.errors import Conflict, InvalidInput
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.names import require_name
from iotflow.domain.permissions import is_admin, require_user, require_visible_group, require_visible_rule
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.times import Millis
from iotflow.logs import LimitLog
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.cache_invalidation import CacheInvalidation
from iotflow.services.device_lookup import DeviceLookup
from iotflow.services.outbox_messages import alert_resolution_messages
from iotflow.services.webhooks import Webhooks

ACCOUNT_LIMIT_TEXT = f"an account has at most {MAX_RULES_PER_ACCOUNT:,} alert rules"
TARGET_LIMIT_TEXT = f"a device or group has at most {MAX_RULES_PER_TARGET} alert rules"


class AlertRules:
    """Operations on alert rules. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right.
    - NotFound: the rule, device or group does not exist or is hidden from the caller.
    - StoreUnavailable.
    """

    def __init__(
        self,
        transactions: Transactions,
        invalidation: CacheInvalidation,
        telemetry: TelemetryRepository,
        device_lookup: DeviceLookup,
        webhooks: Webhooks,
        clock: Clock,
        *,
        sends_mail: bool,
    ) -> None:
        self._transactions = transactions
        self._invalidation = invalidation
        self._telemetry = telemetry
        self._device_lookup = device_lookup
        self._webhooks = webhooks
        self._sends_mail = sends_mail
        self._clock = clock
        self._limit = LimitLog("alert_rules_of_account", ACCOUNT_LIMIT_TEXT)

    async def create(self, context: Context, new: NewAlertRule) -> AlertRule:
        """Create a rule of the owner of its device or group.

        Raises:
        - InvalidInput: the name, a condition on values of another type than the device sends, or the webhook's URL.
        - Conflict: the account, device or group has its maximum of rules, or the account of webhooks.

        """
        require_user(context.principal, TokenScope.WRITE)
        new = replace(new, name=require_name(new.name))
        owner = await self._owner(context, new)
        if new.device_id is not None:
            await self._require_type(new.device_id, new.condition)
        self._require_mail(email=new.email)
        if new.webhook_url is not None:
            await self._webhooks.require_allowed(owner, new.webhook_url)
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            if new.webhook_url is not None:
                await self._webhooks.ensure(transaction, context, owner, new.webhook_url)
            rule = await transaction.alert_rules.add(owner, new, now)
            if await transaction.alert_rules.has_more_than(MAX_RULES_PER_ACCOUNT, owner):
                self._limit.record(f"account {owner}")
                raise Conflict(f"{ACCOUNT_LIMIT_TEXT}; delete rules that are not needed")
            if await transaction.alert_rules.count_of_target(new) > MAX_RULES_PER_TARGET:
                raise Conflict(f"{TARGET_LIMIT_TEXT}; delete rules that are not needed")
            await _record_event(transaction, context, EventType.ALERT_RULE_CREATED, rule, now, name=rule.name)
            await self._invalidate(transaction, rule, now)
        return rule

    async def page(
        self, context: Context, device_id: int | None, group_id: int | None, limit: int, offset: int
    ) -> tuple[list[AlertRule], int]:
        """Return a page of rules ordered by id, and the number of all: the caller's, an administrator sees all."""
        caller = require_user(context.principal, TokenScope.READ)
        user_id = None if is_admin(caller) else caller.user_id
        async with self._transactions.read() as transaction:
            return await transaction.alert_rules.page(user_id, device_id, group_id, limit, offset)

    async def get(self, context: Context, rule_id: int) -> AlertRule:
        """Return a rule."""
        async with self._transactions.read() as transaction:
            rule = await transaction.alert_rules.get(rule_id)
        return require_visible_rule(context.principal, rule_id, rule, TokenScope.READ)

    async def update(self, context: Context, rule_id: int, change: AlertRuleChange) -> AlertRule:
        """Change a rule. Its evaluation begins anew; open alerts of a disabled rule are resolved.

        Raises InvalidInput as `create` does.
        """
        if "name" in change:
            change = {**change, "name": require_name(change["name"])}
        if "condition" in change:
            rule = await self.get(context, rule_id)
            if rule.device_id is not None:
                await self._require_type(rule.device_id, change["condition"])
        self._require_mail(email=change.get("email", False))
        url = change.get("webhook_url")
        owner = None if url is None else (await self.get(context, rule_id)).user_id
        if url is not None and owner is not None:
            await self._webhooks.require_allowed(owner, url)
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            if url is not None and owner is not None:
                # Before the rule: it locks the account.
                await self._webhooks.ensure(transaction, context, owner, url)
            await _lock(transaction, context, rule_id)
            rule = await transaction.alert_rules.update(rule_id, change, now)
            changed: list[JsonValue] = list(change)
            await _record_event(transaction, context, EventType.ALERT_RULE_UPDATED, rule, now, changed=changed)
            await self._invalidate(transaction, rule, now)
            if not rule.enabled:
                await transaction.outbox.add(alert_resolution_messages(rule_id, now))
        return rule

    async def delete(self, context: Context, rule_id: int) -> None:
        """Delete a rule. Its open alerts are resolved in the background."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            rule = await _lock(transaction, context, rule_id)
            await transaction.alert_rules.delete(rule_id)
            await _record_event(transaction, context, EventType.ALERT_RULE_DELETED, rule, now, name=rule.name)
            await self._invalidate(transaction, rule, now)
            await transaction.outbox.add(alert_resolution_messages(rule_id, now))

    async def _owner(self, context: Context, new: NewAlertRule) -> UUID:
        """Return the owner of a rule's device or group, of which exactly one is given."""
        if (new.device_id is None) == (new.group_id is None):
            raise InvalidInput.at("body", "device_id", message="a rule covers either a device or a group: give one id")
        if new.device_id is not None:
            device = await self._device_lookup.get_visible(context.principal, new.device_id, TokenScope.WRITE)
            return device.user_id
        group_id = new.group_id or 0
        async with self._transactions.read() as transaction:
            group = await transaction.groups.get(group_id)
        return require_visible_group(context.principal, group_id, group, TokenScope.WRITE).user_id

    def _require_mail(self, *, email: bool) -> None:
        """Refuse e-mails from a service that sends none."""
        if email and not self._sends_mail:
            raise InvalidInput.at("body", "email", message="this service sends no e-mail: it has no IOTFLOW_SMTP_URL")

    async def _require_type(self, device_id: int, condition: Condition) -> None:
        """Refuse a condition on a name whose newest value has another type. A name without values is accepted."""
        if isinstance(condition, Offline):
            return
        newest = (await self._telemetry.latest(device_id)).get(condition.field)
        if newest is not None and (error := type_error(condition, newest.value)):
            raise InvalidInput.at("body", "condition", "field", message=error)

    async def _invalidate(self, transaction: Transaction, rule: AlertRule, at: Millis) -> None:
        # Of a group: the whole account, at a cost that does not depend on the number of members.
        device_ids = None if rule.device_id is None else [rule.device_id]
        if rule.enabled and isinstance(rule.condition, SilenceCondition):
            if rule.group_id is not None:
                await transaction.watches.watch_silence_of_group(rule.group_id)
            else:
                await transaction.watches.watch_silence(device_ids or ())
        await self._invalidation.invalidate_rules_on_commit(transaction, rule.user_id, device_ids, at)


async def _lock(transaction: Transaction, context: Context, rule_id: int) -> AlertRule:
    rule = await transaction.alert_rules.lock(rule_id)
    return require_visible_rule(context.principal, rule_id, rule, TokenScope.WRITE)


async def _record_event(
    transaction: Transaction, context: Context, event_type: EventType, rule: AlertRule, at: Millis, **details: JsonValue
) -> None:
    named: dict[str, JsonValue] = {"rule_id": rule.id, "group_id": rule.group_id, **details}
    await record_event(
        transaction, context, event_type, at, user_id=rule.user_id, device_id=rule.device_id, details=named
    )
