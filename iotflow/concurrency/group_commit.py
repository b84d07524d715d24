"""Group commit: small writes that arrive during a flush are written together by the next one.

No timer, no added delay: an idle store flushes each write at once, a busy one flushes all waiting writes
(DeWitt et al., "Implementation Techniques for Main Memory Database Systems", SIGMOD 1984, section 5).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from iotflow.domain.errors import StoreUnavailable
from iotflow.metrics.definitions import GROUP_COMMIT_WAITING

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _QueuedItem(Generic[T]):
    item: T
    weight: int
    done: asyncio.Future[None]
    expires_at: float


class GroupCommit(Generic[T]):
    """A queue that hands items to `flush` in groups and reports to each submitter the outcome of its item.

    If a group fails, its items are flushed one by one, so only the faulty item fails. If the store is
    unavailable, the whole group fails at once. Cancelling a submitter leaves the flush running.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[None]],
        *,
        store: str,
        group_weight: int,
        max_waiting_weight: int,
        deadline_s: float,
        concurrency: int = 1,
    ) -> None:
        """Bound a flush by `group_weight`, the waiting items by `max_waiting_weight`, and their wait by `deadline_s`.

        - Up to `concurrency` flushes run concurrently. A further one begins only once a full group waits: smaller
          groups would cost more flushes.
        - `flush` must bound its duration itself: only its end decides whether an item was stored.
        """
        self._flush = flush
        self._store = store
        self._group_weight = group_weight
        self._max_waiting_weight = max_waiting_weight
        self._deadline_s = deadline_s
        self._concurrency = concurrency
        self._queue: deque[_QueuedItem[T]] = deque()
        self._waiting_weight = 0
        self._workers: list[asyncio.Task[None]] = []
        self._expiry: asyncio.TimerHandle | None = None
        GROUP_COMMIT_WAITING.add_source(self, lambda commit: {(commit._store,): len(commit._queue)})

    async def submit(self, item: T, weight: int = 1) -> None:
        """Wait until the item is flushed. Raises the error of its flush.

        Raises StoreUnavailable if the waiting items exceed their bound, or if no flush has taken the item within the
        deadline; the item is then never flushed.
        """
        if self._queue and self._waiting_weight + weight > self._max_waiting_weight:
            raise StoreUnavailable(self._store, "too many writes wait to be flushed; retry")
        loop = asyncio.get_running_loop()
        waiting = _QueuedItem(item, weight, loop.create_future(), loop.time() + self._deadline_s)
        self._queue.append(waiting)
        self._waiting_weight += weight
        self._start_worker_if_needed()
        if self._expiry is None:
            self._expiry = loop.call_at(waiting.expires_at, self._expire)
        await waiting.done

    async def close(self) -> None:
        """Wait until the submitted items are flushed, at most `deadline_s` seconds."""
        if self._workers:
            await asyncio.wait(self._workers, timeout=self._deadline_s)

    def _start_worker_if_needed(self) -> None:
        self._workers = [worker for worker in self._workers if not worker.done()]
        if not self._workers or (len(self._workers) < self._concurrency and self._waiting_weight >= self._group_weight):
            self._workers.append(asyncio.create_task(self._work(), name=f"group commit of {self._store}"))

    def _expire(self) -> None:
        """Fail the items that no flush has taken in time. One timer serves all: one for each would cost each submitter.

        It runs on while items wait, so that it fires at most once within the deadline.
        """
        loop = asyncio.get_running_loop()
        while self._queue and self._queue[0].expires_at <= loop.time():
            waiting = self._queue.popleft()
            self._waiting_weight -= waiting.weight
            error = StoreUnavailable(self._store, f"the earlier flushes took more than {self._deadline_s} s; retry")
            _resolve(waiting.done, error)
        self._expiry = loop.call_at(self._queue[0].expires_at, self._expire) if self._queue else None

    async def _work(self) -> None:
        while self._queue and (self._waiting_weight >= self._group_weight or self._is_last_worker()):
            group: list[_QueuedItem[T]] = []
            weight = 0
            while self._queue and (not group or weight + self._queue[0].weight <= self._group_weight):
                group.append(self._queue.popleft())
                weight += group[-1].weight
            self._waiting_weight -= weight
            await self._flush_group(group)

    def _is_last_worker(self) -> bool:
        """Return whether no other worker runs. The last one must continue, or waiting items would never be flushed."""
        return sum(not worker.done() for worker in self._workers) <= 1

    async def _flush_group(self, group: Sequence[_QueuedItem[T]]) -> None:
        try:
            await self._flush([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001  # each submitter handles it
            if len(group) == 1 or isinstance(error, StoreUnavailable):
                for waiting in group:
                    _resolve(waiting.done, error)
            else:
                for waiting in group:
                    await self._flush_group([waiting])
        else:
            logger.debug(
                "group commit: flushed; store=%s items=%d waiting=%d", self._store, len(group), len(self._queue)
            )
            for waiting in group:
                _resolve(waiting.done, None)


def _resolve(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return  # the submitter was cancelled
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
