"""All that a process says to Redis: grouped, guarded by a circuit breaker, under a generation that all processes share.

A cache is only as good as what it was told. Whenever a process cannot know that Redis has taken all it had to say, it
begins a new generation before it says or reads anything else. The generation is part of the entries' names, so that
nobody finds an entry of an earlier one again.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iotflow.circuit_breaker import PROBE_EVERY_S, CircuitBreaker
from iotflow.completion import stopped
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.redis.connection import Command, ErrorReply, RedisConnection, Reply
from iotflow.stores.redis.scripts import Scripts

DEADLINE_S = 0.25
GRACE_S = 0.02
PROBE_TIMEOUT_S = 2.0
SETTLE_S = 2 * PROBE_EVERY_S + DEADLINE_S
"""How long after an outage other processes may not have noticed yet that it is over, and leave things untold."""
CALLS_PER_GROUP = 512
CALLS_WAITING = 20_000
ATTEMPTS = 5

logger = logging.getLogger(__name__)

Build = Callable[[str], Sequence[Command]]
"""Makes the commands of a call for a generation; asked when the call goes out."""


@dataclass(slots=True, eq=False)
class _Call:
    build: Build
    generational: bool
    done: "asyncio.Future[list[Reply]]"


class Pipeline:
    """Sends the calls that arrive while others are under way together, as one group."""

    def __init__(self, connection: RedisConnection, prefix: str) -> None:
        self.scripts = Scripts(prefix)
        self._connection = connection
        self._breaker = CircuitBreaker("cache", self._probe, probe_timeout_s=2 * PROBE_TIMEOUT_S)
        self._generation_key = f"{prefix}:generation"
        self._generation = ""
        # A process that has just begun cannot know what one before it could not tell any more.
        self._doubts = True
        self._settled_at_s = 0.0
        self._unanswered = 0
        self._waiting: deque[_Call] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the last outage is so long ago that no other process can still take it to last."""
        return asyncio.get_running_loop().time() >= self._settled_at_s

    async def run(self, build: Build, *, generational: bool = False) -> list[Reply]:
        """Carry out a call's commands. Raises StoreUnavailable: then they may have been carried out or not.

        `generational`: the commands name entries; they are sent again when the generation was another one.
        """
        if self._breaker.is_open or len(self._waiting) >= CALLS_WAITING:
            self._doubts |= generational
            self._unanswered += 1
            raise StoreUnavailable("cache", "Redis does not answer, or not as fast as it is asked")
        call = _Call(build, generational, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        self._work_on()
        return await call.done

    def doubt(self) -> None:
        """Redis did not answer somewhere: others may not have been able to tell it something."""
        self._doubts = True
        self._work_on()

    def settle(self) -> None:
        """Begin a new generation soon if there is a doubt, though nobody calls."""
        if self._doubts:
            self._work_on()

    async def close(self) -> None:
        """Wait for what is under way, at most two deadlines; what waits then fails."""
        if self._worker is not None:
            await asyncio.wait([self._worker], timeout=2 * DEADLINE_S)
            await stopped(self._worker)
        await self._breaker.close()
        for call in self._waiting:
            _fail(call, StoreUnavailable("cache", "the service stops"))
        self._waiting.clear()

    def _work_on(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="pipeline of the cache")

    async def _work(self) -> None:
        while self._waiting or (self._doubts and not self._breaker.is_open):
            group = [self._waiting.popleft() for _ in range(min(CALLS_PER_GROUP, len(self._waiting)))]
            try:
                await self._carry_out(group)
            except StoreUnavailable as error:
                self._doubts = True
                # Those that wait have waited as long already.
                group += self._waiting
                self._waiting.clear()
                self._unanswered += len(group)
                for call in group:
                    _fail(call, error)
            except Exception as error:  # noqa: BLE001  # a defect is told to the callers, and others go on
                self._doubts = True
                for call in group:
                    _fail(call, error)

    async def _carry_out(self, group: Sequence[_Call]) -> None:
        for _ in range(ATTEMPTS):
            async with self._breaker.guard(3 * DEADLINE_S):  # each exchange has its own
                if self._doubts:
                    await self._begin_generation(DEADLINE_S)
                if not group:
                    return
                group = await self._attempt(group)
        if group:
            raise StoreUnavailable("cache", "its generations follow each other too fast")

    async def _attempt(self, group: Sequence[_Call]) -> list[_Call]:
        """Send a group; those of it that must be sent again."""
        commands: list[Command] = []
        ends: list[int] = []
        for call in group:
            commands += call.build(self._generation)
            ends.append(len(commands))
        # Last: had anybody begun another generation before one of the commands, it would be known by now.
        commands.append(("GET", self._generation_key))
        replies = await self._exchange(commands, DEADLINE_S)
        generation = replies[-1].decode() if isinstance(replies[-1], bytes) else ""
        again: list[_Call] = []
        start = 0
        for call, end in zip(group, ends, strict=True):
            own, start = replies[start:end], end
            errors = [reply for reply in own if isinstance(reply, ErrorReply)]
            if any(error.lacks_script for error in errors):
                # Redis was started again, or another server took its place: with what entries, nobody knows.
                self._doubts = True
                again.append(call)
            elif call.generational and generation != self._generation:
                again.append(call)
            elif errors:
                self._doubts = True
                self._unanswered += 1
                _fail(call, StoreUnavailable("cache", f"Redis refused a command: {errors[0].message}"))
            elif not call.done.done():
                call.done.set_result(own)
        if generation:
            self._generation = generation
        else:
            self._doubts = True
        return again

    async def _begin_generation(self, deadline_s: float) -> None:
        generation = secrets.token_hex(8)
        # The scripts come after: whoever finds them finds the new generation too.
        commands = [("SET", self._generation_key, generation), *self.scripts.loads]
        # A doubt that comes while this is under way calls for another generation.
        self._doubts = False
        try:
            replies = await self._exchange(commands, deadline_s)
        except BaseException:
            self._doubts = True
            raise
        for reply in replies:
            if isinstance(reply, ErrorReply):
                self._doubts = True
                raise StoreUnavailable("cache", f"Redis refused a command: {reply.message}")
        if self._unanswered:
            logger.warning("Redis did not carry out %d calls: all entries of the cache are void now", self._unanswered)
        self._unanswered = 0
        if self._generation:
            self._settled_at_s = asyncio.get_running_loop().time() + SETTLE_S
        self._generation = generation

    async def _exchange(self, commands: Sequence[Command], deadline_s: float) -> list[Reply]:
        exchange = asyncio.create_task(self._connection.exchange(commands))
        try:
            await asyncio.wait([exchange], timeout=deadline_s)
            if not exchange.done():
                # This process may have been busy with something else all the time: what is there by now counts.
                await asyncio.wait([exchange], timeout=GRACE_S)
            if not exchange.done():
                raise StoreUnavailable("cache", f"Redis does not answer within {deadline_s} s")
            return exchange.result()
        finally:
            if not exchange.done():
                exchange.cancel()
                await asyncio.wait([exchange])

    async def _probe(self) -> None:
        await self._begin_generation(PROBE_TIMEOUT_S)


def _fail(call: _Call, error: Exception) -> None:
    if not call.done.done():
        call.done.set_exception(error)
