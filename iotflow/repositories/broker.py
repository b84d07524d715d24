"""The interface of publish/subscribe."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto
from typing import NamedTuple, Protocol

from iotflow.domain.errors import IoTFlowError

MAX_QUEUED_MESSAGES = 1_000
MAX_QUEUED_BYTES = 2**20
"""A subscriber whose queue would exceed either limit is dropped."""


class Message(NamedTuple):
    """A message of a topic."""

    topic: str
    content: bytes


class Interruption(Enum):
    """The bounds of an interruption: messages between `BEGAN` and `ENDED` may be lost."""

    BEGAN = auto()
    ENDED = auto()


SubscriptionEvent = Message | Interruption
"""What a subscription yields."""


class SubscriberTooSlow(IoTFlowError):
    """The subscription and its queued messages were dropped: the subscriber was too slow."""


class Broker(Protocol):
    """Publish/subscribe among all processes that share the store: at most once, in order per publisher and topic."""

    async def publish(self, topic: str, message: bytes) -> None:
        """Send a message to the present subscribers of a topic.

        Raises StoreUnavailable; the message may have been sent nevertheless.
        """
        ...

    def subscribe(self, topics: Collection[str]) -> AbstractAsyncContextManager[AsyncIterator[SubscriptionEvent]]:
        """Subscribe to topics, one or more, for a block.

        - The iterator yields the messages published within the block, without an end.
        - If the store is unavailable at the start, the first event is `BEGAN`, and messages follow after `ENDED`.
        - The iterator raises SubscriberTooSlow once its queue exceeds `MAX_QUEUED_MESSAGES` or `MAX_QUEUED_BYTES`.
        """
        ...
