"""Password hashing with Argon2id, in a bounded number of threads."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from iotflow.domain.errors import Overloaded
from iotflow.domain.names import normalize
from iotflow.domain.networks import LOCAL_NETWORK
from iotflow.logs import LimitLog

T = TypeVar("T")

HASHING_THREADS = 2
MAX_QUEUED_PASSWORDS = 64
"""Waiting passwords of each kind of work."""
HASHING_TIMEOUT_S = 10.0
"""Time in seconds for a password, its wait included."""

ARGON2 = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))
"""OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, two iterations, one lane. Small enough for a board computer."""


class Passwords:
    """The hashing and verification of passwords in dedicated threads, round robin among client networks.

    A password is brought to Unicode normal form C first: keyboards differ in how they write accents.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="argon2")
        self._queue = _HashingQueue()
        # Passwords of unknown users are verified against it: a faster answer would reveal that the user does not exist.
        self._dummy_hash = ARGON2.hash("dummy password")

    async def hash(self, password: str, network: str = LOCAL_NETWORK) -> str:
        """Return the hash to store. Raises Overloaded if the queue is full or after `HASHING_TIMEOUT_S`."""
        return await self._run(_Work.HASH, network, lambda: ARGON2.hash(normalize(password)))

    async def verify(self, password: str, password_hash: str | None, network: str = LOCAL_NETWORK) -> bool:
        """Return whether the password has this hash. `password_hash` None: False, after the same time.

        Raises Overloaded if the queue is full or after `HASHING_TIMEOUT_S`.
        """
        stored = password_hash or self._dummy_hash
        matches = await self._run(_Work.VERIFY, network, lambda: ARGON2.verify(normalize(password), stored))
        return matches and password_hash is not None

    def close(self) -> None:
        """Drop the queued work and end the threads, without waiting for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, kind: "_Work", network: str, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(HASHING_TIMEOUT_S):
                await self._queue.take(kind, network)
                done = asyncio.get_running_loop().run_in_executor(self._threads, work)
                # A thread cannot be cancelled: freed on cancellation, it would be counted as free while it runs.
                done.add_done_callback(lambda _: self._queue.end(kind))
                return await asyncio.shield(done)
        except TimeoutError as error:
            raise Overloaded(f"password hashing: not finished within {HASHING_TIMEOUT_S:.0f} s; try again") from error


class _Work(Enum):
    """A kind of work, with its participle for messages."""

    VERIFY = "verified"
    HASH = "hashed"


class _HashingQueue:
    """The queue for the threads: round robin among client networks; hashing never occupies all threads.

    Bound: `MAX_QUEUED_PASSWORDS` of each kind of work. In a full queue, a network with fewer entries replaces the last
    entry of the network with the most.
    """

    def __init__(self) -> None:
        self._running = dict.fromkeys(_Work, 0)
        self._full = LimitLog("waiting_passwords", f"{MAX_QUEUED_PASSWORDS} passwords waiting to be hashed or verified")
        self._waiting: dict[_Work, dict[str, deque[asyncio.Future[None]]]] = {kind: {} for kind in _Work}

    async def take(self, kind: _Work, network: str) -> None:
        """Wait for a thread. Raises Overloaded if the queue is full."""
        self._make_room(kind, network)
        turn = asyncio.get_running_loop().create_future()
        self._waiting[kind].setdefault(network, deque()).append(turn)
        self._start_next()
        try:
            await turn
        except BaseException:
            self._remove(kind, network, turn)
            if not turn.cancelled() and turn.exception() is None:
                self.end(kind)  # granted just before the cancellation: it would never end
            raise

    def end(self, kind: _Work) -> None:
        """Free the thread of finished work."""
        self._running[kind] -= 1
        self._start_next()

    def _start_next(self) -> None:
        while sum(self._running.values()) < HASHING_THREADS:
            startable = [kind for kind in _Work if self._waiting[kind]]
            if self._running[_Work.HASH] == HASHING_THREADS - 1 and _Work.HASH in startable:
                startable.remove(_Work.HASH)
            if not startable:
                return
            kind = min(startable, key=self._running.__getitem__)
            network, turns = next(iter(self._waiting[kind].items()))
            turn = turns.popleft()
            # Round robin: a network with more entries moves to the end.
            del self._waiting[kind][network]
            if turns:
                self._waiting[kind][network] = turns
            if not turn.done():  # else its caller has just been cancelled
                self._running[kind] += 1
                turn.set_result(None)

    def _make_room(self, kind: _Work, network: str) -> None:
        waiting = self._waiting[kind]
        if sum(map(len, waiting.values())) < MAX_QUEUED_PASSWORDS:
            return
        longest = max(waiting, key=lambda one: len(waiting[one]))
        self._full.record(longest)
        refusal = Overloaded(f"password hashing: {MAX_QUEUED_PASSWORDS} passwords wait to be {kind.value}; try again")
        if len(waiting[longest]) <= len(waiting.get(network, ())) + 1:
            raise refusal
        last = waiting[longest][-1]
        self._remove(kind, longest, last)
        last.set_exception(refusal)

    def _remove(self, kind: _Work, network: str, turn: "asyncio.Future[None]") -> None:
        turns = self._waiting[kind].get(network, deque())
        if turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting[kind].pop(network, None)
