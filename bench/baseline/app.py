"""The app of the baseline, and the reasons for what it does.

`python -m bench.baseline --host HOST --port PORT`, with the settings of the service, serves the five measured routes as
a bare ASGI app under the same server (uvicorn with uvloop and httptools, one process, no access log). For each request
it makes the driver calls that the service makes with warm caches: the same statements, transactions, scripts and
groups, in the same order, on connections with the same settings. It returns the same responses. It omits the service's
work: routing, validation of bodies, queries and credentials, models, timeouts, circuit breakers, counters, layers.

Three choices and their reasons:

- It decodes bodies and encodes responses with msgspec: any implementation of this API must do that.
- On SQLite, requests share transactions as in the service. With a transaction each, the baseline would wait for a disk
  write per request and be far slower than the service, so it would not show the service's overhead.
- It includes statements that the service could avoid, such as the transaction around a page of records. So the ratio
  shows the overhead of the layers, not the gain of better statements.

Cache misses use the service's store implementations: they happen a few times in 10 s. Background work is omitted.
"""

import argparse
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import uvicorn

from bench.baseline.calls import Calls, Sent
from bench.baseline.known_devices import KnownDevices
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.settings import load_settings

Scope = MutableMapping[str, Any]  # Any: ASGI defines the values
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SUBMIT = "/api/v1/telemetry"
BATCH = "/api/v1/telemetry/batch"
HEARTBEAT = "/api/v1/devices/heartbeat"
READY = "/health/ready"

_DEVICE = b"x-device"


class ClientLeft(Exception):
    """The client closed its connection before its body was read, as wrk does at the end of each run."""


class Baseline:
    """The ASGI app. It trusts each request and takes the device from `X-Device`."""

    def __init__(self, calls: Callable[[], AbstractAsyncContextManager[Calls]], devices: KnownDevices) -> None:
        self._open = calls
        self._devices = devices
        self._calls: Calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an ASGI 3 scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            body = msgspec.json.encode(await self._answer(scope, receive))
        except ClientLeft:
            return
        status = 201 if scope["path"] == SUBMIT else 200
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            self._calls = await stack.enter_async_context(self._open())
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive) -> object:
        path: str = scope["path"]
        if path == SUBMIT:
            return await self._submit(scope, receive)
        if path == BATCH:
            return await self._submit_batch(scope, receive)
        if path == HEARTBEAT:
            device_id, now = _device_of(scope), _now()
            await self._calls.seen(device_id, now)
            return {"device_id": device_id, "timestamp": format_rfc3339(now)}
        if path == READY:
            return {}
        device_id = int(path.split("/")[4])
        return await (self._latest(device_id) if path.endswith("/latest") else self._history(device_id, scope))

    async def _submit(self, scope: Scope, receive: Receive) -> object:
        device_id, now = _device_of(scope), _now()
        await self._calls.seen(device_id, now)
        values = msgspec.json.decode(await _body(receive))["data"]
        await self._calls.write(device_id, [Sent(now, time.time_ns() // 1_000, values)])
        return {
            "device_id": device_id,
            "device_name": "baseline",
            "timestamp": format_rfc3339(now),
            "accepted": len(values),
            "ignored": [],
        }

    async def _submit_batch(self, scope: Scope, receive: Receive) -> object:
        device_id = _device_of(scope)
        await self._calls.seen(device_id, _now())
        received_us = time.time_ns() // 1_000
        records = [
            Sent(record["timestamp"], received_us + index, record["data"])
            for index, record in enumerate(msgspec.json.decode(await _body(receive)))
        ]
        await self._calls.write(device_id, records)
        return {"accepted": len(records), "rejected": 0, "merged": 0, "errors": []}

    async def _latest(self, device_id: int) -> object:
        device = await self._devices.get(device_id)
        newest = await self._calls.latest(device_id)
        return {
            "device_id": device.id,
            "device_name": device.name,
            "device_type": device.device_type,
            "latest_data": {
                name: {"value": found.value, "timestamp": format_rfc3339(found.time_ms)}
                for name, found in newest.items()
            },
            "timestamp": format_rfc3339(max(found.time_ms for found in newest.values())),
            "cached": True,
        }

    async def _history(self, device_id: int, scope: Scope) -> object:
        query = _query(scope)
        start, end, limit = Millis(int(query["start_time"])), Millis(int(query["end_time"])), int(query["limit"])
        device = await self._devices.get(device_id)
        # Like the service, read one record more than the page to detect a next page.
        records = await self._calls.history(device_id, start, end, limit + 1)
        return {
            "device_id": device.id,
            "device_name": device.name,
            "device_type": device.device_type,
            "start_time": format_rfc3339(start),
            "end_time": format_rfc3339(end),
            "data": [{"timestamp": format_rfc3339(at), "measurements": values} for at, values in records[:limit]],
            "count": min(limit, len(records)),
            "next_cursor": None,
        }


@asynccontextmanager
async def open_calls() -> AsyncIterator[Calls]:
    """Return the calls on the stores of the settings: the servers or the embedded ones."""
    settings = load_settings()
    if settings.telemetry_url == "sql":
        from bench.baseline.embedded import open_embedded

        async with open_embedded(settings) as embedded:
            yield embedded
    else:
        from bench.baseline.servers import open_servers

        async with open_servers(settings) as servers:
            yield servers


def _now() -> Millis:
    return Millis(time.time_ns() // 1_000_000)


def _device_of(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == _DEVICE:
            return int(value)
    raise ValueError("X-Device: the header is missing; send the id of the device")


def _query(scope: Scope) -> Mapping[str, str]:
    return dict(pair.split("=", 1) for pair in scope["query_string"].decode().split("&"))


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        body += message["body"]
        more = message["more_body"]
    return body


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m bench.baseline")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    arguments = parser.parse_args()
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvicorn.run(
        Baseline(open_calls, KnownDevices(load_settings().database_url)),
        host=arguments.host,
        port=arguments.port,
        lifespan="on",
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
