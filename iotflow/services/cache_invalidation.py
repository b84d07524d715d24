"""Invalidation of cached identities, devices and alert rules after a change.

A change invalidates twice: right after its commit, and by an outbox message of the same transaction. If the process is
killed in between, or the cache is unavailable, the message invalidates later: the invalidation is not lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
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
        await _schedule_invalidation(
            transaction, subject, payload, at, partial(self._invalidate_now, digests, device_ids)
        )

    async def invalidate_account_on_commit(self, transaction: Transaction, user_id: UUID, at: Millis) -> None:
        """Invalidate all tokens, keys and devices of an account after the commit, and again by an outbox message."""
        payload: JsonObject = {"user_id": str(user_id)}
        await _schedule_invalidation(
            transaction, f"credentials:{user_id}", payload, at, partial(self._invalidate_account_now, user_id)
        )

    async def invalidate_rules_on_commit(
        self, transaction: Transaction, user_id: UUID, device_ids: Sequence[int] | None, at: Millis
    ) -> None:
        """Invalidate the rules of some devices of an account (None: of all) after the commit, and by a message."""
        ids: list[JsonValue] | None = None if device_ids is None else list(device_ids)
        payload: JsonObject = {"user_id": str(user_id), "rules_of": ids}
        drop = partial(self._invalidate_rules_now, user_id, device_ids)
        await _schedule_invalidation(transaction, f"rules:{user_id}", payload, at, drop)

    async def handle_message(self, payload: JsonObject) -> None:
        """Invalidate the entries that an outbox message names. Idempotent.

        Raises:
        - StoreUnavailable: other processes cannot be notified now.
        - TypeError: the payload is malformed.

        """
        if "rules_of" in payload:
            chosen = payload["rules_of"]
            rules_of = [int(str(one)) for one in chosen] if isinstance(chosen, list) else None
            await self._invalidate_rules_now(UUID(str(payload["user_id"])), rules_of)
            return
        if "user_id" in payload:
            await self._invalidate_account_now(UUID(str(payload["user_id"])))
            return
        digests, device_ids = payload["digests"], payload.get("device_ids", [])
        if not isinstance(digests, list) or not isinstance(device_ids, list):
            raise TypeError("outbox message: malformed invalidation")
        found = [bytes.fromhex(str(digest)) for digest in digests]
        ids = [int(str(device_id)) for device_id in device_ids]
        ids += [int.from_bytes(one) for one in found if len(one) == FORMER_DEVICE_DIGEST_BYTES]
        await self._invalidate_now([one for one in found if len(one) != FORMER_DEVICE_DIGEST_BYTES], ids)

    async def _invalidate_now(self, digests: Sequence[bytes], device_ids: Sequence[int]) -> None:
        calls: list[Awaitable[None]] = []
        if digests:
            calls.append(self._identities.invalidate(digests))
        if device_ids:
            calls.append(self._devices.invalidate(device_ids))
        await _await_all(calls)

    async def _invalidate_rules_now(self, user_id: UUID, device_ids: Sequence[int] | None) -> None:
        if device_ids is None:
            await self._rules.invalidate_account(user_id)
        elif device_ids:
            await self._rules.invalidate(device_ids)

    async def _invalidate_account_now(self, user_id: UUID) -> None:
        await _await_all([self._identities.invalidate_account(user_id), self._devices.invalidate_account(user_id)])


async def _await_all(calls: Sequence[Awaitable[None]]) -> None:
    """Await all calls, even if one fails; then raise the first error."""
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if result is not None:
            raise result


async def _schedule_invalidation(
    transaction: Transaction, subject: str, payload: JsonObject, at: Millis, drop: Callable[[], Awaitable[None]]
) -> None:
    await transaction.outbox.add([NewOutboxMessage(OutboxTopic.INVALIDATE_CACHES, subject, payload, at)])

    async def invalidate() -> None:
        try:
            await drop()
        except StoreUnavailable as error:
            logger.warning(
                "cache invalidation: the %s store is unavailable; the outbox will retry: %s", error.store, error
            )

    transaction.after_commit(invalidate)
