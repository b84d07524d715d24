"""How the caches learn of a change that ends or alters what credentials prove."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewMessage, Topic
from iotflow.domain.times import Millis
from iotflow.repositories.principal_cache import PrincipalCache
from iotflow.repositories.transactions import Transaction

logger = logging.getLogger(__name__)


async def invalidate_with(
    transaction: Transaction, principals: PrincipalCache, digests: Sequence[bytes], at: Millis
) -> None:
    """Have these credentials forgotten once the transaction is durable.

    At once by this process, and again by a message, should it be killed before or the cache be away: then it is delayed
    and not lost.
    """
    if not digests:
        return
    # A subject of its own, as long as a subject may be: it waits for no event that the documents do not take.
    subject = f"credential:{digests[0][:16].hex()}"
    payload: JsonObject = {"digests": [digest.hex() for digest in digests]}
    await _invalidate(transaction, subject, payload, at, partial(principals.invalidate, digests))


async def invalidate_account_with(
    transaction: Transaction, principals: PrincipalCache, user_id: UUID, at: Millis
) -> None:
    """The same for all tokens, keys and devices of an account, however many there are."""
    payload: JsonObject = {"user_id": str(user_id)}
    forget = partial(principals.invalidate_account, user_id)
    await _invalidate(transaction, f"credentials:{user_id}", payload, at, forget)


async def _invalidate(
    transaction: Transaction, subject: str, payload: JsonObject, at: Millis, forget: Callable[[], Awaitable[None]]
) -> None:
    await transaction.outbox.add([NewMessage(Topic.INVALIDATE_PRINCIPALS, subject, payload, at)])

    async def invalidate() -> None:
        try:
            await forget()
        except StoreUnavailable as error:
            logger.warning("other processes are told later, the %s store is unavailable: %s", error.store, error)

    transaction.after_commit(invalidate)


async def invalidate_of_payload(principals: PrincipalCache, payload: JsonObject) -> None:
    """Handle the message; to do it twice changes nothing. Raises StoreUnavailable."""
    if "user_id" in payload:
        await principals.invalidate_account(UUID(str(payload["user_id"])))
        return
    digests = payload["digests"]
    if not isinstance(digests, list):
        raise TypeError("no invalidation's payload")
    await principals.invalidate([bytes.fromhex(str(digest)) for digest in digests])
