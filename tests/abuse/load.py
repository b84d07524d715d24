"""A generator of single-record submissions, in a separate process.

`python -m tests.abuse.load` reads a `Plan` as JSON from its standard input and prints the results as a `Load`.
"""

import asyncio
import itertools
import sys
import time
from collections import deque
from collections.abc import Iterator

import msgspec

DRAIN_S = 5.0
"""Time for the last answers, in seconds."""
TICK_S = 0.002
SOURCES = 8
"""Number of loopback addresses, from 127.0.0.2 on, among which the connections are distributed."""


class Plan(msgspec.Struct):
    """The requests to send. With a `rate`, that number per second is due, whether or not earlier ones are answered."""

    port: int
    keys: list[str]
    first_ms: int
    seconds: float
    connections: int
    rate: float | None = None


class Load(msgspec.Struct):
    """The results: times in seconds, and per device the numbers of acknowledged records, at `first_ms` plus number."""

    seconds: float
    accepted_s: list[float] = msgspec.field(default_factory=list)
    refused_s: list[float] = msgspec.field(default_factory=list)
    acknowledged: list[list[int]] = msgspec.field(default_factory=list)
    other: list[int] = msgspec.field(default_factory=list)
    unanswered: int = 0


class _Client(asyncio.Protocol):
    """A connection with one request at a time."""

    def __init__(self, generator: "_Generator") -> None:
        self._generator = generator
        self._received = b""
        self._sent: tuple[int, int, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._generator.is_idle(self)

    def send(self, device: int, number: int, due_s: float) -> None:
        self._sent = (device, number, due_s)
        self._generator.load.unanswered += 1
        self._transport.write(self._generator.request(device, number))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            return
        self._received = b""
        assert self._sent is not None
        self._generator.answered(int(head[9:12]), *self._sent)
        self._sent = None
        self._generator.is_idle(self)


class _Generator:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.load = Load(plan.seconds, acknowledged=[[] for _ in plan.keys])
        self._idle: deque[_Client] = deque()
        self._numbers = self._all_numbers()
        self._ends_s = float("inf")
        self._heads = [
            b"POST /api/v1/telemetry HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-API-Key: %s\r\n"
            % key.encode()
            for key in plan.keys
        ]

    def request(self, device: int, number: int) -> bytes:
        body = b'{"timestamp": %d, "data": {"temp": 21.5, "hum": 40, "n": %d}}' % (self.plan.first_ms + number, number)
        return self._heads[device] + b"Content-Length: %d\r\n\r\n" % len(body) + body

    def is_idle(self, client: _Client) -> None:
        self._idle.append(client)
        if self.plan.rate is None and time.perf_counter() < self._ends_s:
            self._send(time.perf_counter())

    def answered(self, status: int, device: int, number: int, due_s: float) -> None:
        passed_s = time.perf_counter() - due_s
        self.load.unanswered -= 1
        if status == 201:
            self.load.accepted_s.append(passed_s)
            self.load.acknowledged[device].append(number)
        elif status == 503:
            self.load.refused_s.append(passed_s)
        else:
            self.load.other.append(status)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._ends_s = 0
        for index in range(self.plan.connections):
            source = f"127.0.0.{2 + index % SOURCES}"
            await loop.create_connection(lambda: _Client(self), "127.0.0.1", self.plan.port, local_addr=(source, 0))
        began_s = time.perf_counter()
        self._ends_s = began_s + self.plan.seconds
        if self.plan.rate is None:
            for _ in range(self.plan.connections):
                self._send(time.perf_counter())
            await asyncio.sleep(self.plan.seconds)
        else:
            await self._send_at(self.plan.rate, began_s)
        await asyncio.sleep(DRAIN_S)

    async def _send_at(self, rate: float, began_s: float) -> None:
        sent = 0
        while (now_s := time.perf_counter()) < self._ends_s:
            while self._idle and sent < (now_s - began_s) * rate:
                self._send(began_s + sent / rate)
                sent += 1
            await asyncio.sleep(TICK_S)

    def _send(self, due_s: float) -> None:
        device, number = next(self._numbers)
        self._idle.popleft().send(device, number, due_s)

    def _all_numbers(self) -> Iterator[tuple[int, int]]:
        for number in itertools.count():
            for device in range(len(self.plan.keys)):
                yield device, number


def main() -> None:
    """Send the plan's requests and print the results."""
    generator = _Generator(msgspec.json.decode(sys.stdin.buffer.read(), type=Plan))
    asyncio.run(generator.run())
    sys.stdout.buffer.write(msgspec.json.encode(generator.load))


if __name__ == "__main__":
    main()
