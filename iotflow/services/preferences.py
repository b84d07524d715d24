"""Preferences of users: a JSON object that a user interface keeps for its user."""

from uuid import UUID

from iotflow.clock import Clock
from iotflow.domain.accounts import preferences_error
from iotflow.domain.context import Context
from iotflow.domain.errors import InvalidInput, NotFound
from iotflow.domain.json import JsonObject
from iotflow.domain.permissions import LOGIN_ONLY, require_own_account
from iotflow.domain.personal_tokens import TokenScope
from iotflow.repositories.preferences import PreferencesRepository
from iotflow.repositories.transactions import Transactions


class Preferences:
    """A user's access to the user's preferences; administrators have none to those of others.

    All methods raise the errors of `domain/permissions.py` and StoreUnavailable.
    """

    def __init__(self, preferences: PreferencesRepository, transactions: Transactions, clock: Clock) -> None:
        self._preferences = preferences
        self._transactions = transactions
        self._clock = clock

    async def get(self, context: Context, user_id: UUID) -> JsonObject:
        """Return the user's preferences, at first an empty object."""
        require_own_account(context.principal, user_id, TokenScope.READ)
        return await self._preferences.get(user_id)

    async def replace(self, context: Context, user_id: UUID, preferences: JsonObject) -> JsonObject:
        """Replace the user's preferences. Raises InvalidInput; NotFound if the account was deleted during the call."""
        require_own_account(context.principal, user_id, LOGIN_ONLY)
        if error := preferences_error(preferences):
            raise InvalidInput.at("body", message=error)
        await self._preferences.replace(user_id, preferences, self._clock.now())
        async with self._transactions.read() as transaction:
            account = await transaction.accounts.get(user_id)
        if account is None:
            # The deletion of the account may have removed the preferences before they were stored again.
            await self._preferences.delete(user_id)
            raise NotFound(f"there is no user {user_id}")
        return preferences
