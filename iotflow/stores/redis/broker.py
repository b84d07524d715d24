"""Publish/subscribe on Redis: one connection receives for all subscribers of a process."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from iotflow.addresses import RedisAddress
from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.broker import Interruption, Message, SubscriptionEvent
from iotflow.stores.memory.broker import MemoryBroker
from iotflow.stores.redis.batcher import CommandBatcher
from iotflow.stores.redis.client import Command, RedisConnection, Reply, require_bytes

PING_AFTER_S = 0.25
"""A connection that receives nothing for this time is checked by PING."""
PONG_TIMEOUT_S = 0.5
"""Twice the deadline of a call, for a process that is busy."""
CONNECT_DEADLINE_S = 2.0
RETRY_S = 0.5

logger = logging.getLogger(__name__)


class RedisBroker:
    """Redis implementation of `Broker`. It receives while `run` does, and detects a lost connection within 1 s."""

    def __init__(self, address: RedisAddress, batcher: CommandBatcher) -> None:
        self._address = address
        self._batcher = batcher
        self._prefix = f"{address.prefix}:"
        self._local_broker = MemoryBroker()
        self._connection: RedisConnection | None = None
        self._is_established = False
        self._unconfirmed: Counter[bytes] = Counter()
        self._changed = asyncio.Event()

    async def publish(self, topic: str, message: bytes) -> None:
        await self._batcher.run(lambda _: [self.publish_command(topic, message)])

    def publish_command(self, topic: str, message: bytes) -> Command:
        """Return the command that publishes, for a caller that sends it in one call with others."""
        return ("PUBLISH", self.channel(topic), message)

    @asynccontextmanager
    async def subscribe(self, topics: Collection[str]) -> AsyncIterator[AsyncIterator[SubscriptionEvent]]:
        new = [topic for topic in topics if topic not in self._local_broker.topics]
        try:
            async with self._local_broker.subscribe(topics) as events:
                await self._change_subscriptions("SUBSCRIBE", new)
                while not (self._local_broker.is_interrupted or self._is_subscribed(topics)):
                    await self._changed.wait()
                yield events
        finally:
            await self._change_subscriptions(
                "UNSUBSCRIBE", [topic for topic in topics if topic not in self._local_broker.topics]
            )

    async def run(self) -> None:
        """Receive until cancelled, and reconnect after each failure."""
        while True:
            connection = RedisConnection(self._address)
            try:
                async with asyncio.timeout(CONNECT_DEADLINE_S):
                    await self._establish(connection)
                await self._receive(connection)
            except (StoreUnavailable, TimeoutError) as error:
                if self._is_established:
                    logger.warning("subscription: the connection is lost; retry in %s s: %s", RETRY_S, error)
            except Exception:
                # A defect must not end the subscription for good.
                logger.exception("subscription: failed; retry in %s s", RETRY_S)
            finally:
                self._connection = None
                self._is_established = False
                self._unconfirmed.clear()
                self._local_broker.report_interruption(Interruption.BEGAN)
                self._signal_change()
                await connection.close()
            # Redis may have been unavailable to other processes too, which had changes to send.
            self._batcher.require_new_generation()
            await asyncio.sleep(RETRY_S)

    async def _establish(self, connection: RedisConnection) -> None:
        await connection.exchange([("PING",)])
        self._connection = connection
        await self._change_subscriptions("SUBSCRIBE", self._local_broker.topics)
        while self._unconfirmed:
            reply = await connection.receive(CONNECT_DEADLINE_S)
            if reply is None:
                raise StoreUnavailable("cache", "Redis: no reply to SUBSCRIBE")
            self._deliver_or_confirm(reply)
        self._is_established = True
        self._local_broker.report_interruption(Interruption.ENDED)
        self._signal_change()

    async def _receive(self, connection: RedisConnection) -> None:
        """Receive until the connection is lost, then raise StoreUnavailable."""
        is_pinged = False
        while self._connection is connection:
            reply = await connection.receive(PONG_TIMEOUT_S if is_pinged else PING_AFTER_S)
            if reply is None and is_pinged:
                raise StoreUnavailable("cache", "Redis: no reply to PING")
            is_pinged = reply is None
            if is_pinged:
                await connection.send(("PING",))
            else:
                self._deliver_or_confirm(reply)
        raise StoreUnavailable("cache", "Redis: a topic could not be subscribed to")

    def _deliver_or_confirm(self, reply: Reply) -> None:
        if not isinstance(reply, list) or reply[0] not in (b"message", b"subscribe"):
            return
        channel = require_bytes(reply[1])
        if reply[0] == b"message":
            topic = channel.decode().removeprefix(self._prefix)
            self._local_broker.deliver(Message(topic, require_bytes(reply[2])))
            return
        self._unconfirmed[channel] -= 1
        if self._unconfirmed[channel] <= 0:
            del self._unconfirmed[channel]
            self._signal_change()

    async def _change_subscriptions(self, command: str, topics: Collection[str]) -> None:
        """Subscribe to topics or unsubscribe, if there is a connection; if that fails, have it made again."""
        connection = self._connection
        if connection is None or not topics:
            return
        channels = [self.channel(topic) for topic in topics]
        if command == "SUBSCRIBE":
            self._unconfirmed.update(channels)
        try:
            # Written before the first suspension: commands arrive in the order of calls.
            await connection.send((command, *channels))
        except StoreUnavailable:
            if self._connection is connection:
                self._connection = None

    def _is_subscribed(self, topics: Collection[str]) -> bool:
        return self._is_established and not any(self._unconfirmed[self.channel(topic)] for topic in topics)

    def _signal_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def channel(self, topic: str) -> bytes:
        """Return the channel of a topic."""
        return f"{self._prefix}{topic}".encode()
