"""Removes what an account owned, in chunks, after it was marked as deleted."""

from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import NewMessage, Topic
from iotflow.domain.times import Millis
from iotflow.repositories.transactions import Transactions
from iotflow.services.audit import anonymize_message
from iotflow.services.purge import purge_messages

ROWS_PER_STEP = 500
DEVICES_PER_STEP = 200
"""With their keys and configs some 800 rows, in a transaction of some 20 ms."""


def deletion_message(user_id: UUID, at: Millis) -> NewMessage:
    """The message that has an account's rows removed."""
    return NewMessage(Topic.DELETE_ACCOUNT, f"account:{user_id}", {"user_id": str(user_id)}, at)


class AccountDeletion:
    """Removes memberships, groups, devices and at last the account itself."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def run_step(self, payload: JsonObject) -> JsonObject | None:
        """Remove a chunk; return the payload to go on with, None when the account is gone. Raises StoreUnavailable."""
        user_id = UUID(str(payload["user_id"]))
        async with self._transactions.write() as transaction:
            if await transaction.groups.remove_members_of_user(user_id, ROWS_PER_STEP):
                return payload
            if await transaction.groups.delete_of_user(user_id, ROWS_PER_STEP):
                return payload
            device_ids = await transaction.devices.delete_of_user(user_id, DEVICES_PER_STEP)
            if device_ids:
                await transaction.outbox.add(purge_messages(user_id, device_ids, self._clock.now()))
                return payload
            await transaction.accounts.delete(user_id)
            # Again: a change of one of its devices may have been under way when the account was marked.
            await transaction.outbox.add([anonymize_message(user_id, self._clock.now())])
        return None
