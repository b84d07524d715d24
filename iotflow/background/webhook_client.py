"""The HTTP client of webhooks: one POST to an address that was checked, bounded in time and bytes.

It connects to the address itself, with the host's name in `Host`, in TLS's SNI and for the check of the certificate. It
follows no redirect, uses no proxy, and reads no body of an answer. Connections are not kept: those of one address may
belong to several hosts.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from iotflow.services.webhook_addresses import AddressRefused, WebhookAddresses

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 15.0
MAX_ADDRESSES_TRIED = 2
"""Addresses of a host to which a connection is attempted. h11 bounds the head of an answer to 100 KiB."""
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
    """The HTTP client of webhooks, open within its `async with` block."""

    def __init__(self, addresses: WebhookAddresses, *, verify: bool | ssl.SSLContext = True) -> None:
        self._addresses = addresses
        self._http = httpx.AsyncClient(
            verify=verify,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a POST to a valid URL and return the outcome."""
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                addresses = await self._addresses.resolve(url)
                return await self._post(url, addresses[:MAX_ADDRESSES_TRIED], headers, body)
        except TimeoutError:
            return Outcome(None, f"no answer within {TOTAL_TIMEOUT_S:.0f} s")
        except AddressRefused as refusal:
            return Outcome(None, str(refusal))
        except httpx.ConnectTimeout:
            return Outcome(None, f"no connection within {CONNECT_TIMEOUT_S:.0f} s")
        except httpx.ReadTimeout:
            return Outcome(None, f"no answer within {READ_TIMEOUT_S:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(None, f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH])

    async def _post(self, url: str, addresses: Sequence[str], headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send the request to the first address that accepts a connection."""
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, url, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._post_to(addresses[-1], url, headers, body)

    async def _post_to(self, address: str, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        named = httpx.URL(url)
        own = {"host": named.netloc.decode("ascii"), "user-agent": USER_AGENT}
        request = self._http.build_request(
            "POST",
            named.copy_with(host=address),
            headers={**headers, **own},
            content=body,
            extensions={"sni_hostname": named.host},
        )
        response = await self._http.send(request, stream=True)
        await response.aclose()
        status = response.status_code
        if response.is_success:
            return Outcome(status, None)
        return Outcome(status, "redirects are not followed" if response.is_redirect else f"answered {status}")
