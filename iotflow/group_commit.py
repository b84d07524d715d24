"""Group commit: small writes that arrive while a flush is under way go out together in the next one.

No timer and no added delay: an idle store flushes each write at once, a busy one flushes as many as came meanwhile
(DeWitt et al., "Implementation Techniques for Main Memory Database Systems", SIGMOD 1984, section 5).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from iotflow.domain.errors import StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[T]):
    item: T
    weight: int
    done: asyncio.Future[None]


class GroupCommit(Generic[T]):
    """Hands items to `flush` in groups, and tells each submitter how its own item fared.

    An item that makes a group fail is found by flushing that group one by one, so it fails alone; an unavailable store
    fails the whole group at once. A submitter that is cancelled leaves the flush running.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[None]],
        *,
        store: str,
        group_weight: int,
        waiting_weight: int,
        deadline_s: float,
    ) -> None:
        """`group_weight` bounds one flush, `waiting_weight` what waits for one, `deadline_s` how long an item waits.

        How long a flush takes is bounded by `flush` itself: only its end tells whether an item was stored.
        """
        self._flush = flush
        self._store = store
        self._group_weight = group_weight
        self._waiting_weight = waiting_weight
        self._deadline_s = deadline_s
        self._waiting: deque[_Waiting[T]] = deque()
        self._weight = 0
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, item: T, weight: int = 1) -> None:
        """Return once the item is flushed; raise what its flush raised.

        Raises StoreUnavailable when too much waits already, or when no flush has taken the item within the deadline;
        then none will.
        """
        if self._waiting and self._weight + weight > self._waiting_weight:
            raise StoreUnavailable(self._store, "too many writes are waiting to be flushed")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(item, weight, loop.create_future())
        self._waiting.append(waiting)
        self._weight += weight
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name=f"group commit of {self._store}")
        expiry = loop.call_later(self._deadline_s, self._withdraw, waiting)
        waiting.done.add_done_callback(lambda _: expiry.cancel())
        await waiting.done

    async def close(self) -> None:
        """Wait for what was submitted, at most the deadline."""
        if self._worker is not None:
            await asyncio.wait([self._worker], timeout=self._deadline_s)

    def _withdraw(self, waiting: _Waiting[T]) -> None:
        """Give up an item that no flush has taken."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            self._weight -= waiting.weight
            error = StoreUnavailable(self._store, f"the flushes before it took more than {self._deadline_s} s")
            _settle(waiting.done, error)

    async def _work(self) -> None:
        while self._waiting:
            group: list[_Waiting[T]] = []
            weight = 0
            while self._waiting and (not group or weight + self._waiting[0].weight <= self._group_weight):
                group.append(self._waiting.popleft())
                weight += group[-1].weight
            self._weight -= weight
            await self._flush_group(group)

    async def _flush_group(self, group: Sequence[_Waiting[T]]) -> None:
        try:
            await self._flush([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001  # it is each submitter's to handle
            if len(group) == 1 or isinstance(error, StoreUnavailable):
                for waiting in group:
                    _settle(waiting.done, error)
            else:
                for waiting in group:
                    await self._flush_group([waiting])
        else:
            for waiting in group:
                _settle(waiting.done, None)


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return  # the submitter was cancelled
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
