"""The interfaces of webhooks and of the queue of their deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from iotflow.domain.times import Millis
from iotflow.domain.webhooks import (
    Delivery,
    DeliveryStatus,
    NewDelivery,
    Webhook,
    WebhookChange,
    WebhookTemplate,
)


class WebhookRepository(Protocol):
    """Webhooks. Ids are never reused. An account has one webhook of a URL."""

    async def add(self, user_id: UUID, url: str, template: WebhookTemplate, secret: str, at: Millis) -> Webhook:
        """Store a webhook. Other additions to the account wait until the transaction ends.

        Raises:
        - NotFound: an unknown user.
        - Conflict: the account has a webhook with this URL.

        """
        ...

    async def has_more_than(self, number: int, user_id: UUID) -> bool:
        """Return whether an account has more webhooks than `number`."""
        ...

    async def get(self, webhook_id: int) -> Webhook | None:
        """Return the webhook, None for an unknown id."""
        ...

    async def find(self, user_id: UUID, url: str) -> Webhook | None:
        """Return the webhook of an account and URL, None without one."""
        ...

    async def update(self, webhook_id: int, change: WebhookChange, at: Millis) -> Webhook:
        """Change the fields in `change` and return the webhook. Raises NotFound, and Conflict for a URL of another."""
        ...

    async def delete(self, webhook_id: int) -> None:
        """Remove the webhook and its deliveries, and take it from its rules. Raises NotFound."""
        ...

    async def page(self, user_id: UUID | None, limit: int, offset: int) -> tuple[list[Webhook], int]:
        """Return a page of an account's webhooks (None: of all accounts), ordered by id, and the number of all."""
        ...


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that the caller alone attempts until its lease ends, and its webhook."""

    delivery: Delivery
    webhook: Webhook


@dataclass(frozen=True, slots=True)
class DueAccounts:
    """Accounts with due deliveries, in order. `scanned_to` is where the next scan continues, None at the end of all."""

    user_ids: Sequence[UUID]
    scanned_to: UUID | None


class DeliveryRepository(Protocol):
    """The queue of deliveries, shared by all workers. A delivery is removed with its webhook, rule or account."""

    async def add(self, delivery: NewDelivery) -> bool:
        """Store a waiting delivery, due at its creation, and return whether it was new.

        Idempotent: one whose id is stored is left unchanged. Nothing is stored if the webhook or the rule is gone.
        Other additions to the account wait until the transaction ends. Raises NotFound for an unknown account.
        """
        ...

    async def has_more_waiting_than(self, number: int, user_id: UUID) -> bool:
        """Return whether more deliveries of an account wait than `number`."""
        ...

    async def due_accounts(self, now: Millis, after: UUID | None) -> DueAccounts:
        """Return active accounts with due deliveries after an account, in the order of their ids; None: from the first.

        One call looks at a bounded number of accounts, whatever the number of their deliveries.
        """
        ...

    async def claim(
        self,
        user_id: UUID,
        except_webhooks: Collection[int],
        except_hosts: Collection[str],
        now: Millis,
        lease_ms: int,
    ) -> ClaimedDelivery | None:
        """Claim the delivery of an account that has been due for the longest, and count its attempt.

        It is due again when the lease ends. Deliveries that other workers claim now are skipped.
        """
        ...

    async def finish(
        self, delivery_id: UUID, status: DeliveryStatus, at: Millis, response_status: int | None, error: str | None
    ) -> None:
        """Mark a delivery as delivered or dead."""
        ...

    async def retry(self, delivery_id: UUID, due_at: Millis, response_status: int | None, error: str | None) -> None:
        """Make a delivery due at a time."""
        ...

    async def trim(self, user_id: UUID, keep: int) -> None:
        """Remove the oldest finished deliveries of an account beyond `keep`, a bounded number at a time."""
        ...

    async def get(self, delivery_id: UUID) -> Delivery | None:
        """Return the delivery, None for an unknown id."""
        ...

    async def replay(self, delivery_id: UUID, at: Millis) -> bool:
        """Make a finished delivery wait again, without attempts, and return whether it was finished."""
        ...

    async def page(
        self, webhook_id: int, status: DeliveryStatus | None, limit: int, offset: int
    ) -> tuple[list[Delivery], int]:
        """Return a page of a webhook's deliveries, the newest first, and the number of all. None: of any status."""
        ...

    async def delete_finished_before(self, at: Millis, limit: int) -> int:
        """Remove up to `limit` deliveries that were finished before a time, and return their number."""
        ...

    async def clamp_due_at(self, latest: Millis, to: Millis) -> None:
        """Make deliveries that are due later than `latest` due at `to`: a clock that ran ahead has stored them."""
        ...

    async def count_waiting(self, up_to: int) -> int:
        """Return the number of waiting deliveries of all accounts, counted up to a number."""
        ...
