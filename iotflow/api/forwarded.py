"""Middleware that takes the client's address and scheme from the headers of trusted proxies."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

FORWARDING_HEADERS = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"})
MAX_HOPS = 32
"""Addresses of `X-Forwarded-For` that are read, from the right: no chain of proxies is longer."""
MAX_ADDRESS_LENGTH = 64
"""Characters of an IPv6 address with a zone, brackets and a port."""
QUIET_S = 60.0
"""Minimum time between two log lines about ignored headers."""

logger = logging.getLogger(__name__)


class Forwarded:
    """Middleware that sets the client's address and the scheme to those that trusted proxies report.

    Each proxy appends its peer's address to `X-Forwarded-For`, so the client is the rightmost address that is not a
    trusted proxy's. A client may forge the addresses to its left. An invalid address changes nothing. `Forwarded`
    (RFC 7239) is not read. Headers from other peers are ignored and logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        trusted: Sequence[IPv4Network | IPv6Network],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._trusted = trusted
        self._monotonic = monotonic
        self._ignored = 0
        self._quiet_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(name, value) for name, value in scope["headers"] if name in FORWARDING_HEADERS]
            if headers:
                self._apply(scope, headers)
        await self._app(scope, receive, send)

    def _apply(self, scope: Scope, headers: Sequence[tuple[bytes, bytes]]) -> None:
        peer = scope["client"][0] if scope["client"] else ""
        if not self._is_trusted(_parse_address(peer)):
            self._log_ignored(peer)
            return
        for name, value in headers:
            if name == b"x-forwarded-proto" and value.strip() in (b"http", b"https"):
                scope["scheme"] = value.strip().decode()
        hops = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        client = self._find_client(hops)
        if client is not None:
            scope["client"] = (str(client), 0)

    def _find_client(self, hops: str) -> IPv4Address | IPv6Address | None:
        """Return the rightmost address that is no trusted proxy's, else the leftmost; None if it is invalid."""
        client = None
        for hop in reversed(hops.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
            client = _parse_address(hop.strip())
            if not self._is_trusted(client):
                break
        return client

    def _is_trusted(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)

    def _log_ignored(self, peer: str) -> None:
        """Log an ignored header immediately, then at most every `QUIET_S` seconds with the number of times since."""
        self._ignored += 1
        if self._monotonic() < self._quiet_until:
            return
        logger.warning(
            "X-Forwarded-For from %s: ignored, so all clients behind it share the limits of one address; if it is your "
            "proxy, name it in IOTFLOW_TRUSTED_PROXIES; times=%d",
            peer,
            self._ignored,
        )
        self._ignored = 0
        self._quiet_until = self._monotonic() + QUIET_S


def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; else None."""
    return _parse(text) if len(text) <= MAX_ADDRESS_LENGTH else None


@lru_cache(maxsize=4_096)
def _parse(text: str) -> IPv4Address | IPv6Address | None:
    if text.startswith("["):
        host, _, _ = text[1:].partition("]")
    else:
        host = text.partition(":")[0] if text.count(":") == 1 else text
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
