"""`python -m bench.in_process`: CPU time of requests within the app, without a server, sockets or a telemetry store.

`PYTHONPATH=OTHER python bench/in_process.py` measures the checkout OTHER, to compare two versions alternately.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from iotflow.api.bodies import BodiesInFlight
from iotflow.api.dependencies import AppState
from iotflow.app import create_app
from iotflow.cli.databases import prepare_databases
from iotflow.clock import SystemClock
from iotflow.composition import open_stores
from iotflow.domain.telemetry import Record
from iotflow.logs import batched_lines, configure_logging
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.services.container import build_services
from iotflow.settings import load_settings

PASSWORD = "correct horse battery"
RECORDS = 200
VALUES = 5
API = "/api/v1"
FAST = 1_000_000
"""A limit of requests a second that a round does not meet; it is checked nevertheless."""

Message = MutableMapping[str, Any]  # Any: ASGI's type of messages
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class DiscardingTelemetry:
    """A telemetry store that discards what is written. Reads go to another store."""

    def __init__(self, store: TelemetryRepository) -> None:
        self._store = store

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        """Discard records."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@dataclass(frozen=True)
class Call:
    """One request, the number of times that a round sends it, and the most CPU time that it should take."""

    name: str
    method: str
    path: str
    times: int = 1
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""
    most_us: int = 0


@dataclass(frozen=True)
class CpuTime:
    """The CPU time of a call, the median of the rounds."""

    name: str
    cpu_us: float
    most_us: int


class Client:
    """Calls the app as a server does, without one."""

    def __init__(self, app: App, state: AppState) -> None:
        self._app = app
        self._state = state

    async def send(self, call: Call) -> bytes:
        """Return the body of a successful answer. Raises RuntimeError for another one."""
        length = [(b"content-length", str(len(call.body)).encode())] if call.body else []
        scope: Message = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50_000),
            "root_path": "",
            "method": call.method,
            "path": call.path,
            "raw_path": call.path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8000"), *call.headers, *length],
            "state": {"app": self._state},
        }
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": call.body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in messages)
        if messages[0]["status"] >= 400:
            raise RuntimeError(f"{call.name or call.path}: {messages[0]['status']} {body[:500]!r}")
        return body

    async def post(self, path: str, body: object, *headers: tuple[bytes, bytes]) -> Any:  # Any: decoded JSON
        """Send JSON and return the answer."""
        content = (b"content-type", b"application/json")
        return json.loads(
            await self.send(Call("", "POST", API + path, headers=[content, *headers], body=json.dumps(body).encode()))
        )


async def register(client: Client) -> list[Call]:
    """Register a device and return the calls to measure."""
    await client.post("/auth/register", {"username": "ada", "email": "ada@example.org", "password": PASSWORD})
    login = await client.post("/auth/login", {"username": "ada", "password": PASSWORD})
    token = (b"authorization", f"Bearer {login['access_token']}".encode())
    device = (await client.post("/devices/register", {"name": "d", "device_type": "sensor"}, token))["device"]
    key, as_json = (b"x-api-key", device["api_key"].encode()), (b"content-type", b"application/json")
    record = {"data": {"temperature": 21.5, "humidity": 48.25, "pressure": 1013.2}}
    await client.post("/telemetry", record, key)
    data = {f"value_{index}": index * 1.5 for index in range(VALUES)}
    batch = [{"timestamp": int(time.time()) - index, "data": data} for index in range(RECORDS)]
    return [
        Call("GET /health/live", "GET", "/health/live", 1_000, most_us=60),
        Call("heartbeat", "POST", f"{API}/devices/heartbeat", 1_000, [key], most_us=80),
        Call("latest, cached", "GET", f"{API}/telemetry/{device['id']}/latest", 1_000, [token], most_us=110),
        Call("submission", "POST", f"{API}/telemetry", 500, [key, as_json], json.dumps(record).encode(), 130),
        Call("batch of 1,000", "POST", f"{API}/telemetry/batch", 20, [key, as_json], json.dumps(batch).encode(), 1_000),
    ]


async def measure(directory: Path, rounds: int, only: Sequence[str]) -> list[CpuTime]:
    """Measure each call."""
    settings = load_settings(data_dir=directory, device_requests_per_second=FAST, account_requests_per_second=FAST)
    clock = SystemClock()
    await prepare_databases(settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(batched_lines())
        stores = await stack.enter_async_context(open_stores(settings, clock))
        discarding = replace(stores, telemetry=cast(TelemetryRepository, DiscardingTelemetry(stores.telemetry)))
        app, bodies = create_app(settings, clock), BodiesInFlight(settings.max_body_bytes_in_flight)
        clients = []
        for each in (stores, discarding):
            services = build_services(each, settings, clock)
            stack.push_async_callback(services.close)
            clients.append(Client(app, AppState(settings, clock, time.monotonic(), services, bodies)))
        calls = [call for call in await register(clients[0]) if not only or call.name in only]
        client = clients[1]
        found: dict[str, list[float]] = {call.name: [] for call in calls}
        for _ in range(rounds):
            for call in calls:
                await client.send(call)
                started = time.process_time()
                for _ in range(call.times):
                    await client.send(call)
                found[call.name].append((time.process_time() - started) / call.times * 1e6)
    return [CpuTime(call.name, statistics.median(found[call.name]), call.most_us) for call in calls]


def main() -> None:
    """Measure, and print a line for each call, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="names of calls")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    configure_logging("info", "text")
    with tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory:
        found = asyncio.run(measure(Path(directory), arguments.rounds, arguments.only))
    if arguments.json:
        print(json.dumps([asdict(call) for call in found]))
        return
    for call in found:
        print(f"{call.name:20} {call.cpu_us:8,.1f} us, at most {call.most_us:,}")


if __name__ == "__main__":
    main()
