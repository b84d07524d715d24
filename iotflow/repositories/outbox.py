"""The interface of the outbox: messages stored in the transaction of the change that they follow."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from iotflow.domain.json import JsonObject
from iotflow.domain.outbox import DueSubjects, NewOutboxMessage, OutboxMessage, OutboxTopic
from iotflow.domain.times import Millis


class OutboxRepository(Protocol):
    """A queue of messages: claimed, handled at least once, removed.

    - Messages of one subject are claimed in their order: none while an earlier message of its subject, of any topic,
      exists and is not claimed with it.
    - The claim is fair among subjects: `due_subjects` lists them round robin, and `claim` takes a few messages of each.
    - Both cost the same however many messages one subject has.
    """

    async def add(self, messages: Sequence[NewOutboxMessage]) -> None:
        """Store messages, in this order."""
        ...

    async def due_subjects(self, topic: OutboxTopic, now: Millis, after: str = "") -> DueSubjects:
        """Return the subjects after `after` whose first message is of this topic and due.

        A call scans a bounded number of subjects; pass `scanned_to` as `after` to continue.
        """
        ...

    async def claim(
        self, topic: OutboxTopic, subjects: Collection[str], now: Millis, lease_ms: int, per_subject: int
    ) -> list[OutboxMessage]:
        """Claim the first messages of subjects until `now + lease_ms`, in order, up to `per_subject` of each.

        A subject that another relay has claimed since `due_subjects` listed it is left out.
        """
        ...

    async def release_unfinished(self, message_id: int, payload: JsonObject) -> None:
        """Release a claimed message with the payload of its remaining work, due at once and without attempts."""
        ...

    async def release(self, message_ids: Collection[int], not_before: Millis) -> None:
        """Release claimed messages for a retry from `not_before` on."""
        ...

    async def remove(self, message_ids: Collection[int]) -> None:
        """Remove handled messages."""
        ...

    async def clamp_not_before(self, latest: Millis, to: Millis) -> None:
        """Make messages that are due after `latest` due at `to`: a clock that was ahead has stored or claimed them."""
        ...

    async def count_by_topic(self, up_to: int) -> Mapping[OutboxTopic, int]:
        """Return the number of messages of each topic, due or not, counted no further than `up_to`."""
        ...

    async def count(self) -> int:
        """Return the number of messages, due or not."""
        ...
