"""The interface of users' preferences."""

from typing import Protocol
from uuid import UUID

from iotflow.domain.json import JsonObject
from iotflow.domain.times import Millis


class PreferencesRepository(Protocol):
    """A JSON object for each user, durable when `replace` returns."""

    async def get(self, user_id: UUID) -> JsonObject:
        """Return the user's preferences; empty for a user without."""
        ...

    async def replace(self, user_id: UUID, preferences: JsonObject, at: Millis) -> None:
        """Store the user's preferences in place of the former ones."""
        ...

    async def delete(self, user_id: UUID) -> None:
        """Remove the user's preferences, if any."""
        ...
