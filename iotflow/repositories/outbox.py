"""Work stored in the same transaction as the change that it follows."""

from collections.abc import Collection, Sequence
from typing import Protocol

from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import DueSubjects, Message, NewMessage, Topic
from iotflow.domain.times import Millis


class OutboxRepository(Protocol):
    """A queue of messages: claimed, handled at least once, removed.

    - Messages of one subject are claimed in their order: none while an earlier one of its subject, of whatever topic,
      is there and not claimed with it.
    - The claim is fair among subjects: `due_subjects` lists them round robin, and `claim` takes a few messages of each.
    - Both cost the same however many messages one subject has.
    """

    async def add(self, messages: Sequence[NewMessage]) -> None:
        """Store messages, in this order."""
        ...

    async def due_subjects(self, topic: Topic, now: Millis, after: str = "") -> DueSubjects:
        """Return the subjects whose first message is of this topic and due, from the one that follows `after` on.

        A call looks at a bounded number of subjects; the next one goes on at `scanned_to`.
        """
        ...

    async def claim(
        self, topic: Topic, heads: Collection[int], now: Millis, lease_ms: int, per_subject: int
    ) -> list[Message]:
        """Claim the first messages of subjects until `now + lease_ms`, in order, up to `per_subject` of each.

        `heads` are ids from `due_subjects`. A subject is left out when another relay has claimed it since.
        """
        ...

    async def advance(self, message_id: int, payload: JsonObject) -> None:
        """Give a claimed message back with the payload to go on with, due at once: a part of its work is done."""
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
