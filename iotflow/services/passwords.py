"""Passwords: hashed with Argon2id, off the event loop, a bounded number at a time."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from iotflow.domain.errors import Overloaded
from iotflow.limit_log import LimitLog

T = TypeVar("T")

CONCURRENT = 2
WAITING = 64
DEADLINE_S = 10.0
THIS_HOST = "this host"
"""The client network of who does not come over the network."""

# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, two iterations, one lane. Small enough for a board computer.
_ARGON2 = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))


class Passwords:
    """Hashes and verifies passwords in threads of its own, by turns of the clients' networks."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="argon2")
        self._turns = _Turns()
        # What the password of an unknown user is verified against, so that the answer takes as long as for a known one.
        self._nobodys_hash = _ARGON2.hash("nobody's password")

    async def hash(self, password: str, network: str = THIS_HOST) -> str:
        """The hash to store. Raises Overloaded when too many wait."""
        return await self._run(_Work.HASH, network, lambda: _ARGON2.hash(password))

    async def verify(self, password: str, password_hash: str | None, network: str = THIS_HOST) -> bool:
        """Whether the password is the hash's; always False, after the same time, for None.

        Raises Overloaded when too many wait.
        """
        stored = password_hash or self._nobodys_hash
        matches = await self._run(_Work.VERIFY, network, lambda: _ARGON2.verify(password, stored))
        return matches and password_hash is not None

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, kind: "_Work", network: str, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._turns.take(kind, network)
                done = asyncio.get_running_loop().run_in_executor(self._threads, work)
                # A thread cannot be cancelled: it is free once the work is done, though nobody waits for it.
                done.add_done_callback(lambda _: self._turns.end(kind))
                return await asyncio.shield(done)
        except TimeoutError as error:
            raise Overloaded(f"a password was not hashed within {DEADLINE_S:.0f} s: try again") from error


class _Work(Enum):
    VERIFY = "verified"
    HASH = "hashed"


class _Turns:
    """Who may use a thread next: the client networks in turn, and hashing never in all threads.

    Of each kind of work at most `WAITING` wait. When they do, a network with fewer takes the place of the last of the
    one with the most.
    """

    def __init__(self) -> None:
        self._running = dict.fromkeys(_Work, 0)
        self._full = LimitLog(f"{WAITING} passwords waiting to be hashed or verified")
        self._waiting: dict[_Work, dict[str, deque[asyncio.Future[None]]]] = {kind: {} for kind in _Work}

    async def take(self, kind: _Work, network: str) -> None:
        """Wait for a turn. Raises Overloaded."""
        self._make_room(kind, network)
        turn = asyncio.get_running_loop().create_future()
        self._waiting[kind].setdefault(network, deque()).append(turn)
        self._give()
        try:
            await turn
        except BaseException:
            self._forget(kind, network, turn)
            if not turn.cancelled() and turn.exception() is None:
                self.end(kind)  # it was given in the moment of the cancellation
            raise

    def end(self, kind: _Work) -> None:
        """End a turn."""
        self._running[kind] -= 1
        self._give()

    def _give(self) -> None:
        while sum(self._running.values()) < CONCURRENT:
            open_to = [kind for kind in _Work if self._waiting[kind]]
            if self._running[_Work.HASH] == CONCURRENT - 1 and _Work.HASH in open_to:
                open_to.remove(_Work.HASH)
            if not open_to:
                return
            kind = min(open_to, key=self._running.__getitem__)
            network, turns = next(iter(self._waiting[kind].items()))
            turn = turns.popleft()
            # To the end of the networks, if more of it wait.
            del self._waiting[kind][network]
            if turns:
                self._waiting[kind][network] = turns
            if not turn.done():  # else who waited for it has just been cancelled
                self._running[kind] += 1
                turn.set_result(None)

    def _make_room(self, kind: _Work, network: str) -> None:
        waiting = self._waiting[kind]
        if sum(map(len, waiting.values())) < WAITING:
            return
        longest = max(waiting, key=lambda one: len(waiting[one]))
        self._full.met(longest)
        refusal = Overloaded(f"{WAITING} passwords wait to be {kind.value}: try again")
        if len(waiting[longest]) <= len(waiting.get(network, ())) + 1:
            raise refusal
        last = waiting[longest][-1]
        self._forget(kind, longest, last)
        last.set_exception(refusal)

    def _forget(self, kind: _Work, network: str, turn: "asyncio.Future[None]") -> None:
        turns = self._waiting[kind].get(network, deque())
        if turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting[kind].pop(network, None)
