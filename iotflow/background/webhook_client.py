"""The HTTP client of webhooks: one POST to an address that was checked, bounded in time and bytes.

It connects to the address itself, with the host's name in `Host`, in TLS's SNI and for the check of the certificate. It
follows no redirect, uses no proxy, and reads no body of an answer. Connections are not kept: those of one address may
belong to several hosts.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import httpcore

from iotflow.services.webhook_addresses import AddressRefused, WebhookAddresses

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 15.0
MAX_ADDRESSES_TRIED = 2
"""Addresses of a host to which a connection is attempted."""
MAX_ANSWER_BYTES = 16_384
"""Bytes of an answer that are read, interim answers included: parsing them blocks the event loop for some 20 ms."""
MAX_ERROR_LENGTH = 200
USER_AGENT = "IoTFlow-Webhooks"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt: the answer's HTTP status, or None and the error. The request may have arrived."""

    status: int | None
    error: str | None

    @property
    def is_success(self) -> bool:
        """Whether the receiver accepted the request."""
        return self.error is None


class WebhookClient:
    """The HTTP client of webhooks, open within its `async with` block.

    `tls`: the certificate authorities that it trusts; None for those of certifi.
    """

    def __init__(self, addresses: WebhookAddresses, tls: ssl.SSLContext | None = None) -> None:
        self._addresses = addresses
        self._http = httpcore.AsyncConnectionPool(
            tls or _public_authorities(),
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=_BoundedNetwork(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def post(self, user_id: UUID, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a POST of an account to a valid URL and return the outcome."""
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                addresses = await self._addresses.resolve(user_id, url)
                return await self._post(url, addresses[:MAX_ADDRESSES_TRIED], headers, body)
        except TimeoutError:
            return Outcome(None, f"no answer within {TOTAL_TIMEOUT_S:.0f} s")
        except AddressRefused as refusal:
            return Outcome(None, str(refusal))
        except httpcore.ConnectTimeout:
            return Outcome(None, f"no connection within {CONNECT_TIMEOUT_S:.0f} s")
        except httpcore.ReadTimeout:
            return Outcome(None, f"no answer within {READ_TIMEOUT_S:.0f} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return Outcome(None, f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH])

    async def _post(self, url: str, addresses: Sequence[str], headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send the request to the first address that accepts a connection."""
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, url, headers, body)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._post_to(addresses[-1], url, headers, body)

    async def _post_to(self, address: str, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        named = urlsplit(url)
        target = (named.path or "/") + (f"?{named.query}" if named.query else "")
        timeouts = {"connect": CONNECT_TIMEOUT_S, "read": READ_TIMEOUT_S, "write": READ_TIMEOUT_S}
        request = self._http.stream(
            "POST",
            httpcore.URL(scheme=named.scheme, host=address, port=named.port, target=target),
            headers=[*headers.items(), ("host", named.netloc.lower()), ("user-agent", USER_AGENT)],
            content=body,
            extensions={"sni_hostname": named.hostname, "timeout": timeouts},
        )
        async with request as response:
            status = response.status
        if 200 <= status < 300:
            return Outcome(status, None)
        return Outcome(status, "redirects are not followed" if 300 <= status < 400 else f"answered {status}")


@cache
def _public_authorities() -> ssl.SSLContext:
    """Return the TLS context of all connections of the process. Loading the certificates takes 15 ms."""
    return httpcore.default_ssl_context()


class _BoundedNetwork(httpcore.AsyncNetworkBackend):
    """A network from whose connections `MAX_ANSWER_BYTES` are read: httpcore reads interim answers without end."""

    def __init__(self) -> None:
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _BoundedStream(await self._network.connect_tcp(host, port, timeout, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _BoundedStream(httpcore.AsyncNetworkStream):
    """A connection that fails once `MAX_ANSWER_BYTES` have been read from it."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = MAX_ANSWER_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # as above
        if not self._left:
            raise httpcore.RemoteProtocolError(f"the head of the answer has more than {MAX_ANSWER_BYTES:,} bytes")
        received = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(received)
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as above
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # as above
    ) -> httpcore.AsyncNetworkStream:
        return _BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:  # Any: the signature is httpcore's
        return self._stream.get_extra_info(info)
