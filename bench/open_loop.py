"""An open-loop load: requests arrive at random times at a given mean rate, whether or not others are answered.

Response times are counted from the time at which a request was due, not from when a connection was free for it. A
closed loop, or times counted from the sending, would leave out the wait behind a slow response (coordinated omission).
The loop's timers have a resolution of 1 ms, and so have these times.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import httptools
import uvloop

from bench.load import wait_until_idle
from bench.raw_http import Template, host_and_port

CONNECTIONS = 64
DEADLINE_S = 60.0
"""The longest wait for the last responses."""
SEED = 1


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """Percentiles of the response time at a mean rate of arrivals. Errors are responses other than 2xx, or none."""

    per_s: float
    requests: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    errors: int


def arrive(url: str, pid: int, requests: Sequence[Template], per_s: float, seconds: float, first_ms: int) -> OpenLoop:
    """Load a process for `seconds` with requests in turns, and wait until it is idle."""
    arrivals = _Arrivals(requests, per_s, seconds, first_ms)
    uvloop.run(arrivals.run(url))
    wait_until_idle(pid)
    taken = sorted(arrivals.taken_s) or [0.0]
    p50, p90, p99, p999, longest = (
        taken[min(len(taken) - 1, int(share * len(taken)))] * 1_000 for share in (0.5, 0.9, 0.99, 0.999, 1)
    )
    requests_due = len(arrivals.due_s)
    return OpenLoop(per_s, requests_due, p50, p90, p99, p999, longest, requests_due - len(arrivals.taken_s))


class _Arrivals:
    """The times at which requests are due, those that wait for a free connection, and the response times."""

    def __init__(self, requests: Sequence[Template], per_s: float, seconds: float, first_ms: int) -> None:
        chance = random.Random(SEED)
        self.due_s: list[float] = []
        due = chance.expovariate(per_s)
        while due < seconds:
            self.due_s.append(due)
            due += chance.expovariate(per_s)
        self.taken_s: list[float] = []
        self.free: deque[_Connection] = deque()
        self._requests = requests
        self._first_ms = first_ms
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._answered = 0
        self._all_answered = asyncio.Event()

    async def run(self, url: str) -> None:
        """Send each request when it is due, and wait for the responses."""
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(lambda: _Connection(self), *host_and_port(url)))[1]
            for _ in range(CONNECTIONS)
        ]
        began = time.perf_counter()
        for number, due_s in enumerate(self.due_s):
            request = self._request(number)
            if (early_s := began + due_s - time.perf_counter()) > 0:
                await asyncio.sleep(early_s)
            self._waiting.append((began + due_s, request))
            self.send_next()
        with suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE_S):
                await self._all_answered.wait()
        for connection in connections:
            connection.close()
        await asyncio.gather(*(connection.closed for connection in connections))

    def send_next(self) -> None:
        """Send what waits, as far as connections are free."""
        while self._waiting and self.free:
            self.free.popleft().send(*self._waiting.popleft())

    def answered(self, connection: "_Connection", due_s: float, status: int) -> None:
        """Count a response, and use its connection for the next request."""
        if 200 <= status < 300:
            self.taken_s.append(time.perf_counter() - due_s)
        self._answered += 1
        if self._answered == len(self.due_s):
            self._all_answered.set()
        self.free.append(connection)
        self.send_next()

    def _request(self, number: int) -> bytes:
        template = self._requests[number % len(self._requests)]
        return template.with_times(self._first_ms + number // len(self._requests) * 1_000 * template.times)


class _Connection(asyncio.Protocol):
    """A connection with one request at a time."""

    def __init__(self, arrivals: _Arrivals) -> None:
        self._arrivals = arrivals
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._due_s = 0.0
        self._transport: asyncio.WriteTransport
        self._parser: httptools.HttpResponseParser

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's transports are of no class of asyncio
        self._parser = httptools.HttpResponseParser(self)
        self._arrivals.free.append(self)

    def send(self, due_s: float, request: bytes) -> None:
        """Send a request that was due at this time."""
        self._due_s = due_s
        self._transport.write(request)

    def close(self) -> None:
        """Close, without waiting for an answer. `closed` is done afterwards."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._arrivals.answered(self, self._due_s, self._parser.get_status_code())
