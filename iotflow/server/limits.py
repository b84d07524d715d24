"""Limits of one worker, shared fairly by its clients: connections, requests in flight, bytes in memory."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from iotflow.domain.networks import client_network
from iotflow.logs import LimitLog

MiB = 2**20

CONNECTION_SHARE = 1 / 4
"""Share of one client. Four clients at their limits leave no connection for others."""
REQUEST_SHARE = 4 / 5
"""Share of one client: a fifth stays free for others, and a load generator may use 256 connections."""
MAX_RECEIVED_BODIES = 3
"""Bytes that all connections together may hold, in largest batches."""
RECEIVED_SHARE = 3 / 8
"""Share of one client: one largest batch and an eighth. Input is in memory twice until it is decoded."""
MAX_UNREAD_ANSWERS_BYTES = 256 * MiB
"""32 of the largest pages, in addition to the socket buffers."""
UNREAD_ANSWERS_SHARE = 1 / 4
MAX_CACHED_ADDRESSES = 4_096
"""Addresses whose client is cached, so that an address that connects often is parsed once."""
MAX_REFUSED_CONNECTIONS = 256
"""Refused connections that stay open for their client to read the reason; further ones are closed at once."""


class SharedLimit:
    """A limit on the use of a resource by all clients of a worker, with a limit per client.

    A client is a network as `client_network` returns it. None is a trusted proxy, which has no limit per client because
    it stands for many clients.
    """

    def __init__(self, resource: str, limit: int, share: float) -> None:
        self._limit = limit
        self._limit_per_client = max(1, int(limit * share))
        self._resource = resource
        self._used = 0
        self._used_by: dict[str, int] = {}
        self._log = LimitLog(
            resource.replace(" ", "_"), f"{resource}: {limit:,} in a worker, {self._limit_per_client:,} of one client"
        )

    def refusal_for(self, client: str | None, amount: int = 1) -> str | None:
        """Return the message for the client if `amount` more would exceed a limit, and log it; None if it fits."""
        if self._used + amount > self._limit:
            message = f"{self._resource}: at most {self._limit:,} at a time; try again later"
        elif client is not None and self._used_by.get(client, 0) + amount > self._limit_per_client:
            message = f"{self._resource}: at most {self._limit_per_client:,} of one client at a time; try again later"
        else:
            return None
        self._log.record(client or "a trusted proxy")
        return message

    def acquire(self, client: str | None, amount: int = 1) -> None:
        """Count `amount` more, even beyond the limit."""
        self._used += amount
        if client is not None:
            self._used_by[client] = self._used_by.get(client, 0) + amount

    def release(self, client: str | None, amount: int = 1) -> None:
        """Count `amount` less."""
        self._used -= amount
        if client is not None:
            left = self._used_by[client] - amount
            if left:
                self._used_by[client] = left
            else:
                del self._used_by[client]


class Allocation:
    """The use of a shared limit by one connection; the first `free` units are not counted."""

    def __init__(self, limit: SharedLimit, client: str | None, free: int = 0) -> None:
        self._limit = limit
        self._client = client
        self._free = free
        self._amount = 0

    def grow(self, amount: int) -> str | None:
        """Use `amount` more. Return the message for the client if that exceeds a limit, else None."""
        counted = max(self._amount, self._free)
        self._amount += amount
        added = self._amount - counted
        if added <= 0:
            return None
        refusal = self._limit.refusal_for(self._client, added)
        self._limit.acquire(self._client, added)
        return refusal

    def shrink(self, amount: int) -> None:
        """Reduce the use to `amount`, if it is more."""
        surplus = self._amount - max(amount, self._free)
        self._amount = min(amount, self._amount)
        if surplus > 0:
            self._limit.release(self._client, surplus)


class WorkerLimits:
    """The limits of one worker."""

    def __init__(
        self,
        *,
        connections: int,
        requests: int,
        largest_body: int,
        trusted_proxies: Sequence[IPv4Network | IPv6Network],
    ) -> None:
        """`largest_body` is in bytes."""
        self.connections = SharedLimit("open connections", connections, CONNECTION_SHARE)
        self.requests = SharedLimit("requests in flight", requests, REQUEST_SHARE)
        self.received = SharedLimit(
            "bytes of requests being received", MAX_RECEIVED_BODIES * largest_body, RECEIVED_SHARE
        )
        self.unread = SharedLimit("bytes of answers being read", MAX_UNREAD_ANSWERS_BYTES, UNREAD_ANSWERS_SHARE)
        self.refused_connections = 0
        self._trusted_proxies = trusted_proxies
        self.client = lru_cache(MAX_CACHED_ADDRESSES)(self._client)
        self._logs: dict[str, LimitLog] = {}

    def log(self, name: str, limit: str, client: str | None) -> None:
        """Log that a client met a limit of one connection; `name` is the limit's name in metrics."""
        self._logs.setdefault(limit, LimitLog(name, limit)).record(client or "a trusted proxy")

    def _client(self, address: str) -> str | None:
        """Return the client of an address; None for a trusted proxy."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return address
        if any(parsed in network for network in self._trusted_proxies):
            return None
        return client_network(address)
