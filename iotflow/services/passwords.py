"""Passwords: hashed with Argon2id, off the event loop, a bounded number at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from iotflow.domain.errors import Overloaded

T = TypeVar("T")

CONCURRENT = 2
WAITING = 64
DEADLINE_S = 10.0

# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, two iterations, one lane. Small enough for a board computer.
_ARGON2 = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))


class Passwords:
    """Hashes and verifies passwords in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="argon2")
        self._waiting = 0
        # What the password of an unknown user is verified against, so that the answer takes as long as for a known one.
        self._nobodys_hash = _ARGON2.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """The hash to store. Raises Overloaded when too many wait."""
        return await self._run(lambda: _ARGON2.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the hash's; always False, after the same time, for None.

        Raises Overloaded when too many wait.
        """
        matches = await self._run(lambda: _ARGON2.verify(password, password_hash or self._nobodys_hash))
        return matches and password_hash is not None

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise Overloaded(f"{WAITING} passwords are waiting to be hashed: try again")
        self._waiting += 1
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise Overloaded(f"a password was not hashed within {DEADLINE_S:.0f} s: try again") from error
        finally:
            self._waiting -= 1
