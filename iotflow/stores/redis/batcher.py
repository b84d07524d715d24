"""A batcher of Redis commands: all calls of a process, in groups, behind a circuit breaker and under a generation.

The cache is correct only while Redis has received every change. When a process cannot be sure of that it begins a new
generation before any other command (`generation.py`).
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iotflow.concurrency.circuit_breaker import PROBE_INTERVAL_S, CircuitBreaker
from iotflow.concurrency.tasks import cancel_and_wait
from iotflow.domain.errors import StoreUnavailable
from iotflow.stores.redis.client import Command, ErrorReply, RedisConnection, Reply
from iotflow.stores.redis.generation import GenerationState, Outcome
from iotflow.stores.redis.scripts import Scripts

CALL_DEADLINE_S = 0.25
GRACE_S = 0.02
PROBE_TIMEOUT_S = 2.0
UNSTABLE_S = 2 * PROBE_INTERVAL_S + CALL_DEADLINE_S
MAX_CALLS_PER_GROUP = 512
MAX_QUEUED_CALLS = 20_000
MAX_ATTEMPTS = 5

logger = logging.getLogger(__name__)

CommandBuilder = Callable[[str], Sequence[Command]]
"""Return the commands of a call for a generation's id; called when the call is sent, and again if it is resent."""


@dataclass(slots=True, eq=False)
class _Call:
    build: CommandBuilder
    under_generation: bool
    done: "asyncio.Future[list[Reply]]"

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class CommandBatcher:
    """Sends the calls that arrive while a group is under way together, as the next group."""

    def __init__(self, connection: RedisConnection, prefix: str) -> None:
        self.scripts = Scripts(prefix)
        self._connection = connection
        self._breaker = CircuitBreaker("cache", self._probe, probe_timeout_s=2 * PROBE_TIMEOUT_S)
        self._generation_key = f"{prefix}:generation"
        self._generation = GenerationState(UNSTABLE_S)
        self._queue: deque[_Call] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def has_settled_after_outage(self) -> bool:
        """Whether every process has had the time to notice the end of the last outage."""
        return self._generation.has_settled_after_outage(asyncio.get_running_loop().time())

    async def run(self, build: CommandBuilder, *, under_generation: bool = False) -> list[Reply]:
        """Run a call's commands and return their replies.

        `under_generation`: the commands depend on the generation of the entries. They are built and sent again if
        another one has begun, and if they fail, a new one is required.
        Raises StoreUnavailable: then Redis may have run the commands or not.
        """
        if self._breaker.is_open or len(self._queue) >= MAX_QUEUED_CALLS:
            self._generation.record_failed_calls(stale=under_generation)
            raise StoreUnavailable("cache", "Redis: unavailable or overloaded; calls are refused until it replies")
        call = _Call(build, under_generation, asyncio.get_running_loop().create_future())
        self._queue.append(call)
        self._wake()
        return await call.done

    def require_new_generation(self) -> None:
        """Require a new generation: another process may have been unable to send a change."""
        self._generation.mark_stale()
        self._wake()

    def ensure_generation(self) -> None:
        """Begin a new generation soon if one is required, even without calls."""
        if self._generation.is_stale:
            self._wake()

    async def close(self) -> None:
        """Wait for the group under way, at most two deadlines; fail the calls that are queued then."""
        if self._worker is not None:
            await asyncio.wait([self._worker], timeout=2 * CALL_DEADLINE_S)
            await cancel_and_wait(self._worker)
        await self._breaker.close()
        for call in self._queue:
            call.fail(StoreUnavailable("cache", "Redis: the service stops"))
        self._queue.clear()

    def _wake(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._send_groups(), name="Redis batcher")

    async def _send_groups(self) -> None:
        while self._queue or (self._generation.is_stale and not self._breaker.is_open):
            group = [self._queue.popleft() for _ in range(min(MAX_CALLS_PER_GROUP, len(self._queue)))]
            try:
                await self._send_until_accepted(group)
            except StoreUnavailable as error:
                # The queued calls have waited for as long.
                group += self._queue
                self._queue.clear()
                self._generation.record_failed_calls(len(group))
                for call in group:
                    call.fail(error)
            except Exception as error:  # noqa: BLE001  # a defect fails the calls of its group, not the worker
                self._generation.mark_stale()
                for call in group:
                    call.fail(error)

    async def _send_until_accepted(self, group: Sequence[_Call]) -> None:
        for _ in range(MAX_ATTEMPTS):
            async with self._breaker.guard(3 * CALL_DEADLINE_S):  # each exchange has a separate deadline
                if self._generation.is_stale:
                    await self._begin_generation(CALL_DEADLINE_S)
                if not group:
                    return
                group = await self._send_once(group)
        if group:
            raise StoreUnavailable("cache", "Redis: generations change too fast; retry")

    async def _send_once(self, group: Sequence[_Call]) -> list[_Call]:
        """Send a group once; return the calls that must be sent again."""
        commands: list[Command] = []
        ends: list[int] = []
        for call in group:
            commands += call.build(self._generation.id)
            ends.append(len(commands))
        # Last: a generation that began before one of the commands would be reported by now.
        commands.append(("GET", self._generation_key))
        replies = await self._exchange(commands, CALL_DEADLINE_S)
        reported = replies[-1].decode() if isinstance(replies[-1], bytes) else ""
        again: list[_Call] = []
        start = 0
        for call, end in zip(group, ends, strict=True):
            own, start = replies[start:end], end
            errors = [reply for reply in own if isinstance(reply, ErrorReply)]
            outcome = self._generation.apply_replies(
                reported,
                under_generation=call.under_generation,
                lacks_script=any(error.lacks_script for error in errors),
                refused=bool(errors),
            )
            if outcome is Outcome.RESEND:
                again.append(call)
            elif outcome is Outcome.FAIL:
                call.fail(_refusal(errors[0]))
            elif not call.done.done():
                call.done.set_result(own)
        self._generation.adopt_id(reported)
        return again

    async def _begin_generation(self, deadline_s: float) -> None:
        generation_id = secrets.token_hex(8)
        # The scripts are last: a process that finds them finds the new id too.
        commands = [("SET", self._generation_key, generation_id), *self.scripts.load_commands]
        self._generation.begin()
        try:
            replies = await self._exchange(commands, deadline_s)
        except BaseException:
            self._generation.record_begin_failure()
            raise
        for reply in replies:
            if isinstance(reply, ErrorReply):
                self._generation.record_begin_failure()
                raise _refusal(reply)
        if failed := self._generation.record_begun(generation_id, asyncio.get_running_loop().time()):
            logger.warning("Redis: failed_calls=%d, all cached entries are void", failed)

    async def _exchange(self, commands: Sequence[Command], deadline_s: float) -> list[Reply]:
        exchange = asyncio.create_task(self._connection.exchange(commands))
        try:
            await asyncio.wait([exchange], timeout=deadline_s)
            if not exchange.done():
                # This process may have been busy all the time: replies that have arrived by now count.
                await asyncio.wait([exchange], timeout=GRACE_S)
            if not exchange.done():
                raise StoreUnavailable("cache", f"Redis: no reply within {deadline_s} s")
            return exchange.result()
        finally:
            if not exchange.done():
                exchange.cancel()
                await asyncio.wait([exchange])

    async def _probe(self) -> None:
        await self._begin_generation(PROBE_TIMEOUT_S)


def _refusal(reply: ErrorReply) -> StoreUnavailable:
    return StoreUnavailable("cache", f"Redis: refused a command: {reply.message}")
