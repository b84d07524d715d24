"""What a process hears of others: invalidations, and whether it can hear at all."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.redis.address import RedisAddress
from iotflow.stores.redis.connection import RedisConnection

SILENCE_S = 0.25
"""A silence of so long is broken by asking."""
ANSWER_S = 0.5
"""So long an answer is waited for: twice the cache's deadline, for a process that is busy."""
CONNECT_DEADLINE_S = 2.0
RETRY_S = 0.5

logger = logging.getLogger(__name__)


class Subscription:
    """Listens to one channel, as long as `run` does, and notices within a second that it cannot."""

    def __init__(
        self,
        address: RedisAddress,
        channel: str,
        *,
        heard: Callable[[bytes], Awaitable[None]],
        began: Callable[[], None],
        broke: Callable[[], None],
    ) -> None:
        """`began` is called each time that listening begins, `broke` each time that it ends against its will."""
        self._address = address
        self._channel = channel
        self._heard = heard
        self._began = began
        self._broke = broke

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            connection = RedisConnection(self._address)
            listening = False
            try:
                async with asyncio.timeout(CONNECT_DEADLINE_S):
                    await self._subscribe(connection)
                listening = True
                self._began()
                await self._listen(connection)
            except (StoreUnavailable, TimeoutError) as error:
                if listening:
                    logger.warning("invalidations by other processes are not heard: %s", error)
            except Exception:
                # A message that nobody here understands must not end the listening to those that come after it.
                logger.exception("invalidations by other processes are not understood")
            finally:
                await connection.close()
            self._broke()
            await asyncio.sleep(RETRY_S)

    async def _subscribe(self, connection: RedisConnection) -> None:
        await connection.send(("SUBSCRIBE", self._channel))
        if await connection.receive(CONNECT_DEADLINE_S) is None:
            raise StoreUnavailable("cache", "Redis does not answer")

    async def _listen(self, connection: RedisConnection) -> None:
        """Raises StoreUnavailable once it hears nothing any more."""
        asked = False
        while True:
            message = await connection.receive(ANSWER_S if asked else SILENCE_S)
            if message is None and asked:
                raise StoreUnavailable("cache", "Redis has fallen silent")
            asked = message is None
            if asked:
                await connection.send(("PING",))
            elif isinstance(message, list) and message[0] == b"message":
                assert isinstance(message[2], bytes)
                await self._heard(message[2])
