"""Work stored in the same transaction as the change that it follows."""

from collections.abc import Collection, Sequence
from typing import Protocol

from iotflow.domain.outbox import ALL_TOPICS, Message, NewMessage, Topic
from iotflow.domain.times import Millis


class OutboxRepository(Protocol):
    """A queue of messages: claimed, handled at least once, removed; those of one subject in their order."""

    async def add(self, messages: Sequence[NewMessage]) -> None:
        """Store messages, in this order."""
        ...

    async def has_due(self, now: Millis, topics: Collection[Topic] = ALL_TOPICS) -> bool:
        """Whether there is a message of these topics to claim; cheaper than to claim none."""
        ...

    async def claim(
        self, now: Millis, lease_ms: int, limit: int, topics: Collection[Topic] = ALL_TOPICS
    ) -> list[Message]:
        """Claim up to `limit` messages of these topics that are due and nobody holds, oldest first, until `now +
        lease_ms`.

        A message is left alone while an earlier one of its subject, of whatever topic, is still there.
        """
        ...

    async def release(self, message_ids: Collection[int], not_before: Millis) -> None:
        """Give claimed messages back, to be tried again from `not_before` on."""
        ...

    async def remove(self, message_ids: Collection[int]) -> None:
        """Forget handled messages."""
        ...

    async def clamp_not_before(self, latest: Millis, to: Millis) -> None:
        """Make what is due only after `latest` due at `to`: it was stored or claimed while the clock was ahead."""
        ...

    async def count(self) -> int:
        """How many messages there are, due or not."""
        ...
