"""The floor: the least that the measured requests can cost in Python, over the same drivers.

`python -m bench.floor --host HOST --port PORT`, with the settings of the service, serves the five measured routes as a
bare ASGI app under the same server (uvicorn with uvloop and httptools, one process, no access log). For each request it
makes the calls of the drivers that the service makes for it once its caches are warm: the same statements, transactions
and scripts, in the same order, on connections that are set up alike, those that go out in groups in the same groups. It
answers what the service answers. What it leaves out is what the service adds of its own: routing, checks of bodies,
queries and credentials, models, deadlines, circuit breakers, counts, the layers between.

Three choices, and why:

- It decodes bodies and encodes answers with msgspec: whoever serves this API must do that somehow.
- On SQLite, requests share transactions as the service's do. With a transaction each, the floor would wait for a disk
  write a request and lie far below the service, which says nothing about what the service costs.
- Statements that the service could spare are in the floor as well, such as the transaction around a page of records. So
  the ratio tells what the layers cost, and not what better statements would gain.

What a request does only when a cache has nothing, the floor leaves to the store's own players: it happens some times
in 10 s. What both leave out is whatever happens in the background.
"""

import argparse
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import uvicorn

from bench.calls import Calls, Sent
from bench.known_devices import KnownDevices
from iotflow.domain.times import Millis, format_rfc3339
from iotflow.settings import load_settings

Scope = MutableMapping[str, Any]  # Any: what ASGI puts there
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SUBMIT = "/api/v1/telemetry"
BATCH = "/api/v1/telemetry/batch"
HEARTBEAT = "/api/v1/devices/heartbeat"
READY = "/health/ready"

_DEVICE = b"x-device"


class ClientLeft(Exception):
    """The client closed its connection before its body was read, as at the end of every load."""


class Floor:
    """The app. Every request is taken for a good one, from whichever device it names in `X-Device`."""

    def __init__(self, calls: Callable[[], AbstractAsyncContextManager[Calls]], devices: KnownDevices) -> None:
        self._open = calls
        self._devices = devices
        self._calls: Calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI 3."""
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
            "device_name": "floor",
            "timestamp": format_rfc3339(now),
            "accepted": len(values),
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
        return {"accepted": len(records), "rejected": 0, "errors": []}

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
        # One more than the page, to know whether there is another, as the service does.
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
    """The calls of the stores that the settings name: the four, or the embedded ones."""
    settings = load_settings()
    if settings.telemetry_url == "sql":
        from bench.floor_embedded import open_embedded

        async with open_embedded(settings) as embedded:
            yield embedded
    else:
        from bench.floor_four import open_four

        async with open_four(settings) as four:
            yield four


def _now() -> Millis:
    return Millis(time.time_ns() // 1_000_000)


def _device_of(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == _DEVICE:
            return int(value)
    raise ValueError("a request of a device names it in X-Device")


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
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m bench.floor")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    arguments = parser.parse_args()
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvicorn.run(
        Floor(open_calls, KnownDevices(load_settings().database_url)),
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


if __name__ == "__main__":
    main()
