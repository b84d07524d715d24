"""A receiver of webhooks on this machine, which verifies what it gets as a user's receiver should."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from iotflow.cli.simulation.fleet import CheckFailed, expect

MAX_BODY_BYTES = 2**20
SECRET_PREFIX = "whsec_"  # noqa: S105  # the start of every secret, none itself


class Delivery(NamedTuple):
    """A change of an alert, as its first request has it."""

    alert_id: str
    change: str


@dataclass
class WebhookReceiver:
    """The deliveries by their ids, and the first problem of a request. `secrets`: those of the webhooks, by path."""

    url: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    problem: str | None = None

    def require_valid(self) -> None:
        """Raise CheckFailed after an invalid request."""
        if self.problem is not None:
            raise CheckFailed(self.problem)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a request, verify it and answer 204, or 400 to an invalid one."""
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
            body = await reader.readexactly(min(MAX_BODY_BYTES, int(headers.get("content-length", "0"))))
            status = "204 No Content"
            try:
                self._accept(lines[0].split(" ")[1], headers, body)
            except (CheckFailed, KeyError, ValueError) as error:
                self.problem, status = self.problem or f"an invalid request to the webhook: {error}", "400 Bad Request"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The service sends the request again.
        finally:
            writer.close()

    def _accept(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        delivery_id = headers["webhook-id"]
        signed = f"{delivery_id}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(self.secrets[path].removeprefix(SECRET_PREFIX))
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        expect(hmac.compare_digest(expected, headers["webhook-signature"]), "its signature is wrong")
        event = json.loads(body)
        expect(event["specversion"] == "1.0", f"it is no CloudEvent 1.0: {event}")
        delivery = Delivery(event["data"]["alert"]["id"], event["type"].rpartition(".")[2])
        expect(self.deliveries.setdefault(delivery_id, delivery) == delivery, f"two events have the id {delivery_id}")


@asynccontextmanager
async def running_receiver() -> AsyncIterator[WebhookReceiver]:
    """Run a receiver on a free port of 127.0.0.1."""
    receiver = WebhookReceiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1")
    async with server:
        receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield receiver
