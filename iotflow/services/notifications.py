"""The notifications of a rule's alerts: rows of a queue, stored before the transition counts as applied."""

from typing import Final
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.alert_rules import AlertRule
from iotflow.domain.alerts import Alert
from iotflow.domain.errors import NotFound
from iotflow.domain.mail import MAX_NOTICES, Notice, notice_id
from iotflow.domain.webhooks import (
    MAX_WAITING_DELIVERIES,
    AlertChange,
    NewDelivery,
    delivery_id,
)
from iotflow.logs import LimitLog
from iotflow.metrics.definitions import DELIVERIES
from iotflow.repositories.alerts import AlertRepository
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.live_publisher import LiveEventPublisher
from iotflow.services.webhook_messages import alert_object

_LIMIT_TEXT: Final = f"{MAX_WAITING_DELIVERIES:,} waiting deliveries of an account"
_MAIL_LIMIT_TEXT: Final = f"{MAX_NOTICES:,} alerts of an account that wait for its next e-mail"


class AlertNotifications:
    """The producer of notifications. A repeated call for the same change of an alert adds nothing."""

    def __init__(
        self,
        transactions: Transactions,
        alerts: AlertRepository,
        live: LiveEventPublisher,
        clock: Clock,
        *,
        sends_mail: bool,
    ) -> None:
        self._transactions = transactions
        self._alerts = alerts
        self._live = live
        self._clock = clock
        self._sends_mail = sends_mail
        self._limit = LimitLog("deliveries_of_account", _LIMIT_TEXT)
        self._mail_limit = LimitLog("email_notices_of_account", _MAIL_LIMIT_TEXT)

    async def notify(self, rule: AlertRule, alert_id: UUID, change: AlertChange) -> None:
        """Store the notifications of a change of a rule's alert, if the alert is stored. Raises StoreUnavailable."""
        sends_mail = rule.email and self._sends_mail
        is_queued = sends_mail or rule.webhook_id is not None
        if not is_queued and not self._live.is_followed(rule.user_id):
            return
        alert = await self._alerts.get(alert_id)
        if alert is None:
            return
        self.show(alert)
        if not is_queued:
            return
        try:
            async with self._transactions.write() as transaction:
                if rule.webhook_id is not None:
                    await self._add_delivery(transaction, rule, rule.webhook_id, alert, change)
                if sends_mail:
                    await self._add_notice(transaction, rule, alert, change)
        except NotFound:
            return  # The account was deleted.

    def show(self, alert: Alert) -> None:
        """Show an alert that was raised or has changed in live streams."""
        if self._live.is_followed(alert.user_id):
            self._live.publish_alert(alert, alert_object(alert))

    async def notify_resolved(self, alert: Alert) -> None:
        """Store the notifications of an alert that a person resolves. Raises StoreUnavailable."""
        if alert.rule_id is None:
            self.show(alert)
            return
        async with self._transactions.read() as transaction:
            rule = await transaction.alert_rules.get(alert.rule_id)
        if rule is not None:
            await self.notify(rule, alert.id, AlertChange.RESOLVED)

    async def _add_delivery(
        self, transaction: Transaction, rule: AlertRule, webhook_id: int, alert: Alert, change: AlertChange
    ) -> None:
        delivery = NewDelivery(
            id=delivery_id(webhook_id, alert.id, change),
            user_id=rule.user_id,
            webhook_id=webhook_id,
            rule_id=rule.id,
            alert_id=alert.id,
            change=change,
            alert=alert_object(alert),
            created_at=self._clock.now(),
        )
        if await transaction.deliveries.has_more_waiting_than(MAX_WAITING_DELIVERIES - 1, rule.user_id):
            self._limit.record(f"account {rule.user_id}")
            DELIVERIES.add(1, "webhook", "dropped")
        else:
            await transaction.deliveries.add(delivery)

    async def _add_notice(self, transaction: Transaction, rule: AlertRule, alert: Alert, change: AlertChange) -> None:
        if await transaction.mail.has_more_than(MAX_NOTICES - 1, rule.user_id):
            self._mail_limit.record(f"account {rule.user_id}")
            DELIVERIES.add(1, "email", "dropped")
            return
        identity = notice_id(alert.id, change)
        await transaction.mail.add(
            Notice(identity, rule.user_id, rule.id, change, alert_object(alert), self._clock.now())
        )
