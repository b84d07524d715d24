"""A group commit: the calls of a store that arrive during a flush are sent together by the next one.

The service groups its writes. The baseline must group the same ones, or it would need a disk write for each request
where the service shares one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Groups(Generic[Item, Answer]):
    """A group commit: passes waiting items to `flush`, with a total weight of at most `max_weight`, or a single one."""

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        max_weight: int,
        weight: Callable[[Item], int],
    ) -> None:
        self._flush = flush
        self._max_weight = max_weight
        self._weight = weight
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self.pending = 0
        """The number of items without a result."""

    async def submit(self, item: Item) -> Answer:
        """Return the result of `flush` for this item, or raise its error."""
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
            while self._waiting and (weight := weight + self._weight(self._waiting[0][0])) <= self._max_weight:
                group.append(self._waiting.popleft())
            try:
                answers = await self._flush([item for item, _ in group])
            except Exception as error:  # noqa: BLE001  # raised by each waiting request
                for _, done in group:
                    done.set_exception(error)
            else:
                for (_, done), answer in zip(group, answers, strict=True):
                    done.set_result(answer)
