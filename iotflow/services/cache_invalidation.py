"""Invalidation of cached identities, devices and alert rules after a change.

A change invalidates twice: right after its commit, and by an outbox message of the same transaction. If the process is
killed in between, or the cache is unavailable, the message invalidates later: the invalidation is not lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from functools import partial
from uuid import UUID

from iotflow.domain.alert_rules import DeviceRules
from iotflow.domain.devices import DeviceSummary
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.json import JsonObject, JsonValue
from iotflow.domain.outbox import NewOutboxMessage, OutboxTopic
from iotflow.domain.principals import Principal
from iotflow.domain.times import Millis
from iotflow.repositories.cache import VersionedCache
from iotflow.repositories.transactions import Transaction

FORMER_DEVICE_DIGEST_BYTES = 8
"""Length of a digest that stands for a device in messages of earlier releases: its id in big-endian order."""

logger = logging.getLogger(__name__)


class CacheInvalidation:
    """The invalidation of cached identities (by digest), devices and alert rules (by device id) after a commit."""

    def __init__(
        self,
        identities: VersionedCache[bytes, Principal],
        devices: VersionedCache[int, DeviceSummary],
        rules: VersionedCache[int, DeviceRules],
    ) -> None:
        self._identities = identities
        self._devices = devices
        self._rules = rules

    async def invalidate_on_commit(
        self, transaction: Transaction, at: Millis, *, digests: Sequence[bytes] = (), device_ids: Sequence[int] = ()
    ) -> None:
        """Invalidate these credentials and devices after the commit, and again by an outbox message."""
        if not digests and not device_ids:
            return
        # A separate subject: in a shared one, events that the documents store refuses would block invalidations.
        subject = f"credential:{digests[0][:16].hex()}" if digests else f"device:{device_ids[0]}"
        ids: list[JsonValue] = list(device_ids)
        payload: JsonObject = {"digests": [digest.hex() for digest in digests], "device_ids": ids}
        await self._schedule_invalidation(transaction, subject, payload, at)

    async def invalidate_account_on_commit(self, transaction: Transaction, user_id: UUID, at: Millis) -> None:
        """Invalidate all tokens, keys and devices of an account after the commit, and again by an outbox message."""
        await self._schedule_invalidation(transaction, f"credentials:{user_id}", {"user_id": str(user_id)}, at)

    async def invalidate_rules_on_commit(
        self, transaction: Transaction, user_id: UUID, device_ids: Sequence[int] | None, at: Millis
    ) -> None:
        """Invalidate the rules of some devices of an account (None: of all) after the commit, and by a message."""
        ids: list[JsonValue] | None = None if device_ids is None else list(device_ids)
        await self._schedule_invalidation(
            transaction, f"rules:{user_id}", {"user_id": str(user_id), "rules_of": ids}, at
        )

    async def handle_outbox_message(self, payload: JsonObject) -> None:
        """Invalidate the entries that an outbox message names. Idempotent.

        Raises:
        - StoreUnavailable: other processes cannot be notified now.
        - TypeError: the payload is malformed.

        """
        if "rules_of" in payload:
            await self._invalidate_rules(UUID(str(payload["user_id"])), payload["rules_of"])
        elif "user_id" in payload:
            user_id = UUID(str(payload["user_id"]))
            await _await_all([self._identities.invalidate_account(user_id), self._devices.invalidate_account(user_id)])
        else:
            await self._invalidate_entries(payload["digests"], payload.get("device_ids", []))

    async def _schedule_invalidation(
        self, transaction: Transaction, subject: str, payload: JsonObject, at: Millis
    ) -> None:
        """Add a message to the outbox, and handle it right after the commit too."""
        await transaction.outbox.add([NewOutboxMessage(OutboxTopic.INVALIDATE_CACHES, subject, payload, at)])
        transaction.after_commit(partial(self._try_to_handle_outbox_message, payload))

    async def _try_to_handle_outbox_message(self, payload: JsonObject) -> None:
        try:
            await self.handle_outbox_message(payload)
        except StoreUnavailable as error:
            logger.warning(
                "cache invalidation: the %s store is unavailable; the outbox will retry: %s", error.store, error
            )

    async def _invalidate_rules(self, user_id: UUID, rules_of: JsonValue) -> None:
        if isinstance(rules_of, list):
            await self._rules.invalidate([int(str(device_id)) for device_id in rules_of])
        else:
            await self._rules.invalidate_account(user_id)

    async def _invalidate_entries(self, digests: JsonValue, device_ids: JsonValue) -> None:
        if not isinstance(digests, list) or not isinstance(device_ids, list):
            raise TypeError("outbox message: malformed invalidation")
        found = [bytes.fromhex(str(digest)) for digest in digests]
        ids = [int(str(device_id)) for device_id in device_ids]
        ids += [int.from_bytes(one) for one in found if len(one) == FORMER_DEVICE_DIGEST_BYTES]
        credentials = [one for one in found if len(one) != FORMER_DEVICE_DIGEST_BYTES]
        calls: list[Awaitable[None]] = []
        if credentials:
            calls.append(self._identities.invalidate(credentials))
        if ids:
            calls.append(self._devices.invalidate(ids))
        await _await_all(calls)


async def _await_all(calls: Sequence[Awaitable[None]]) -> None:
    """Await all calls, even if one fails; then raise the first error."""
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if result is not None:
            raise result
