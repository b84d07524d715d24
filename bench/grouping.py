"""Calls to a store that go out together: those that come while others are under way go in the next group.

The service groups its writes, and the floor must group the same ones, or it would pay a disk write for each request
where the service shares one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Groups(Generic[Item, Answer]):
    """Gives items to `carry_out`, as many as came meanwhile and weigh at most `most` together, or one."""

    def __init__(
        self,
        carry_out: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        most: int,
        weight: Callable[[Item], int],
    ) -> None:
        self._carry_out = carry_out
        self._most = most
        self._weight = weight
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self.pending = 0
        """Items that have no answer yet."""

    async def submit(self, item: Item) -> Answer:
        """What `carry_out` answers to this item, or raises."""
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        self.pending += 1
        try:
            return await done
        finally:
            self.pending -= 1

    async def _work(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft()]
            weight = self._weight(group[0][0])
            while self._waiting and (weight := weight + self._weight(self._waiting[0][0])) <= self._most:
                group.append(self._waiting.popleft())
            try:
                answers = await self._carry_out([item for item, _ in group])
            except Exception as error:  # noqa: BLE001  # each request's to fail with
                for _, done in group:
                    done.set_exception(error)
            else:
                for (_, done), answer in zip(group, answers, strict=True):
                    done.set_result(answer)
