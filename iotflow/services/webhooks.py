"""Webhooks of an account: creation, changes, deletion, and their deliveries."""

from typing import Final
from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.context import Context
from iotflow.domain.errors import Conflict, NotFound
from iotflow.domain.events import EventType
from iotflow.domain.json import JsonValue
from iotflow.domain.permissions import is_admin, require_user, require_visible_webhook
from iotflow.domain.personal_tokens import TokenScope
from iotflow.domain.times import Millis
from iotflow.domain.webhooks import (
    MAX_WEBHOOKS_PER_ACCOUNT,
    Delivery,
    DeliveryStatus,
    Webhook,
    WebhookChange,
    WebhookTemplate,
)
from iotflow.logs import LimitLog
from iotflow.repositories.transactions import Transaction, Transactions
from iotflow.services.audit_log import record_event
from iotflow.services.webhook_addresses import WebhookAddresses
from iotflow.services.webhook_messages import new_secret

_LIMIT_TEXT: Final = f"an account has at most {MAX_WEBHOOKS_PER_ACCOUNT} webhooks"


class Webhooks:
    """Operations on webhooks. Each method checks the rights of its caller.

    All methods raise these errors; docstrings list others:
    - Unauthenticated: the caller has no credentials.
    - Forbidden: the caller lacks the right.
    - NotFound: the webhook or delivery does not exist or is hidden from the caller.
    - StoreUnavailable.
    """

    def __init__(self, transactions: Transactions, addresses: WebhookAddresses, clock: Clock) -> None:
        self._transactions = transactions
        self._addresses = addresses
        self._clock = clock
        self._limit = LimitLog("webhooks_of_account", _LIMIT_TEXT)

    async def create(self, context: Context, url: str, template: WebhookTemplate) -> Webhook:
        """Create a webhook of the caller.

        Raises:
        - InvalidInput: the URL, or an address of its host that a webhook may not reach.
        - Conflict: the account has a webhook with this URL, or its maximum of webhooks.

        """
        caller = require_user(context.principal, TokenScope.WRITE)
        await self._addresses.require_allowed(caller.user_id, url, "body", "url")
        async with self._transactions.write() as transaction:
            return await self._add(transaction, context, caller.user_id, url, template)

    async def require_allowed(self, user_id: UUID, url: str) -> None:
        """Raise InvalidInput for the field `webhook_url` of a rule unless a webhook of an account may have this URL."""
        await self._addresses.require_allowed(user_id, url, "body", "webhook_url")

    async def ensure(self, transaction: Transaction, context: Context, user_id: UUID, url: str) -> None:
        """Create the webhook of an account and URL, unless there is one. Raises Conflict as `create` does."""
        if await transaction.webhooks.find(user_id, url) is None:
            await self._add(transaction, context, user_id, url, WebhookTemplate.CLOUDEVENTS)

    async def page(self, context: Context, limit: int, offset: int) -> tuple[list[Webhook], int]:
        """Return a page of webhooks ordered by id, and the number of all: the caller's, an administrator sees all."""
        caller = require_user(context.principal, TokenScope.READ)
        async with self._transactions.read() as transaction:
            return await transaction.webhooks.page(None if is_admin(caller) else caller.user_id, limit, offset)

    async def get(self, context: Context, webhook_id: int) -> Webhook:
        """Return a webhook."""
        async with self._transactions.read() as transaction:
            return await _visible(transaction, context, webhook_id, TokenScope.READ)

    async def update(self, context: Context, webhook_id: int, change: WebhookChange) -> Webhook:
        """Change a webhook. Deliveries that wait are sent as it is then.

        Raises InvalidInput and Conflict as `create` does.
        """
        if "url" in change:
            webhook = await self.get(context, webhook_id)
            await self._addresses.require_allowed(webhook.user_id, change["url"], "body", "url")
        return await self._change(context, webhook_id, change)

    async def rotate_secret(self, context: Context, webhook_id: int) -> Webhook:
        """Give a webhook a new secret, which signs all further requests."""
        return await self._change(context, webhook_id, {"secret": new_secret()})

    async def delete(self, context: Context, webhook_id: int) -> None:
        """Delete a webhook with its deliveries. Its rules no longer send anything."""
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            webhook = await _visible(transaction, context, webhook_id, TokenScope.WRITE)
            await transaction.webhooks.delete(webhook_id)
            await _record_event(transaction, context, EventType.WEBHOOK_DELETED, webhook, now)

    async def deliveries(
        self, context: Context, webhook_id: int, status: DeliveryStatus | None, limit: int, offset: int
    ) -> tuple[list[Delivery], int]:
        """Return a page of a webhook's deliveries, the newest first, and the number of all."""
        async with self._transactions.read() as transaction:
            await _visible(transaction, context, webhook_id, TokenScope.READ)
            return await transaction.deliveries.page(webhook_id, status, limit, offset)

    async def replay(self, context: Context, webhook_id: int, delivery_id: UUID) -> Delivery:
        """Send a finished delivery again, with all its attempts. Raises Conflict for one that waits."""
        async with self._transactions.write() as transaction:
            await _visible(transaction, context, webhook_id, TokenScope.WRITE)
            delivery = await transaction.deliveries.get(delivery_id)
            if delivery is None or delivery.webhook_id != webhook_id:
                raise NotFound(f"there is no delivery {delivery_id} of this webhook")
            if not await transaction.deliveries.replay(delivery_id, self._clock.now()):
                raise Conflict("the delivery waits for its next attempt already")
            replayed = await transaction.deliveries.get(delivery_id)
        assert replayed is not None
        return replayed

    async def _add(
        self, transaction: Transaction, context: Context, user_id: UUID, url: str, template: WebhookTemplate
    ) -> Webhook:
        now = self._clock.now()
        webhook = await transaction.webhooks.add(user_id, url, template, new_secret(), now)
        if await transaction.webhooks.has_more_than(MAX_WEBHOOKS_PER_ACCOUNT, user_id):
            self._limit.record(f"account {user_id}")
            raise Conflict(f"{_LIMIT_TEXT}; delete webhooks that are not needed")
        await _record_event(transaction, context, EventType.WEBHOOK_CREATED, webhook, now)
        return webhook

    async def _change(self, context: Context, webhook_id: int, change: WebhookChange) -> Webhook:
        now = self._clock.now()
        async with self._transactions.write() as transaction:
            await _visible(transaction, context, webhook_id, TokenScope.WRITE)
            webhook = await transaction.webhooks.update(webhook_id, change, now)
            changed: list[JsonValue] = list(change)
            await _record_event(transaction, context, EventType.WEBHOOK_UPDATED, webhook, now, changed=changed)
        return webhook


async def _visible(transaction: Transaction, context: Context, webhook_id: int, scope: TokenScope) -> Webhook:
    return require_visible_webhook(context.principal, webhook_id, await transaction.webhooks.get(webhook_id), scope)


async def _record_event(
    transaction: Transaction, context: Context, event_type: EventType, webhook: Webhook, at: Millis, **more: JsonValue
) -> None:
    # Without the URL: it may hold a secret of its receiver.
    details: dict[str, JsonValue] = {"webhook_id": webhook.id, **more}
    await record_event(transaction, context, event_type, at, user_id=webhook.user_id, details=details)
