"""Invalidations that other processes publish, applied to this process's caches."""

import logging
from collections.abc import Sequence
from typing import Protocol

from iotflow.repositories.broker import Broker, Interruption, Message, SubscriberTooSlow
from iotflow.stores.redis.batcher import CommandBatcher

logger = logging.getLogger(__name__)


class InvalidationTarget(Protocol):
    """A cache that has entries in the process."""

    topic: str

    async def on_invalidation(self, message: bytes) -> None:
        """Drop the entries that a message names. Raises ValueError for a malformed message."""
        ...

    def clear_local(self) -> None:
        """Drop all entries in the process."""
        ...


class InvalidationListener:
    """A subscriber that applies invalidations. It clears the caches whenever messages may have been lost."""

    def __init__(self, broker: Broker, targets: Sequence[InvalidationTarget], batcher: CommandBatcher) -> None:
        self._broker = broker
        self._targets = {target.topic: target for target in targets}
        self._batcher = batcher

    async def run(self) -> None:
        """Apply invalidations until cancelled."""
        while True:
            try:
                await self._listen()
            except SubscriberTooSlow as error:
                logger.warning("cache invalidation: all cached entries are dropped: %s", error)
                self._batcher.require_new_generation()

    async def _listen(self) -> None:
        async with self._broker.subscribe(self._targets.keys()) as events:
            self._clear_local()
            async for event in events:
                if isinstance(event, Message):
                    await self._apply(event)
                elif event is Interruption.ENDED:
                    self._clear_local()

    async def _apply(self, message: Message) -> None:
        try:
            await self._targets[message.topic].on_invalidation(message.content)
        except Exception:
            # A message that cannot be applied must not end the application of later ones.
            logger.exception("cache invalidation: malformed message; all cached entries are dropped")
            self._clear_local()
            self._batcher.require_new_generation()

    def _clear_local(self) -> None:
        for target in self._targets.values():
            target.clear_local()
