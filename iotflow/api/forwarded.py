"""The client's address and scheme as a trusted proxy reports them."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

REPORTS = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"})
HOPS = 32
"""Addresses of `X-Forwarded-For` that are looked at, from the right: no chain of proxies is longer."""
LONGEST_ADDRESS = 64
"""Characters of an IPv6 address with a zone, brackets and a port."""
QUIET_S = 60.0

logger = logging.getLogger(__name__)


class Forwarded:
    """Replaces the client's address and the scheme by those that trusted proxies report, and logs reports of others.

    Each proxy appends its peer to `X-Forwarded-For`, so the rightmost address that is no trusted proxy's counts: what
    stands to the left of it is the client's own invention. An address that cannot be read changes nothing. `Forwarded`
    (RFC 7239) is not read.
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
            reports = [(name, value) for name, value in scope["headers"] if name in REPORTS]
            if reports:
                self._take(scope, reports)
        await self._app(scope, receive, send)

    def _take(self, scope: Scope, reports: Sequence[tuple[bytes, bytes]]) -> None:
        peer = scope["client"][0] if scope["client"] else ""
        if not self._trusts(_address(peer)):
            self._log_ignored(peer)
            return
        for name, value in reports:
            if name == b"x-forwarded-proto" and value.strip() in (b"http", b"https"):
                scope["scheme"] = value.strip().decode()
        hops = b",".join(value for name, value in reports if name == b"x-forwarded-for").decode("latin-1")
        client = self._client(hops)
        if client is not None:
            scope["client"] = (str(client), 0)

    def _client(self, hops: str) -> IPv4Address | IPv6Address | None:
        """Return the rightmost address that is no trusted proxy's, the leftmost where all are, None for garbage."""
        client = None
        for hop in reversed(hops.rsplit(",", HOPS)[-HOPS:]):
            client = _address(hop.strip())
            if not self._trusts(client):
                break
        return client

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)

    def _log_ignored(self, peer: str) -> None:
        """Log that a report was ignored: at once, then at most once a minute with the number of times since."""
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


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; None for all else."""
    return _parsed(text) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
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
