"""What the clients of one worker may hold at a time: connections, requests in flight, bytes that wait in memory."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from iotflow.domain.addresses import client_network
from iotflow.limit_log import LimitLog

MiB = 2**20

CONNECTION_SHARE = 1 / 4
"""Four clients at their limits leave no connection to others; one never notices that it has company."""
REQUEST_SHARE = 4 / 5
"""A fifth of the requests in flight stays free for others, and one load generator may use 256 connections."""
RECEIVED_BODIES = 3
"""Largest batches whose bytes all connections together may hold."""
RECEIVED_SHARE = 3 / 8
"""One client may hold one largest batch and an eighth: what it sends lies in memory twice until it is decoded."""
UNREAD_ANSWERS_BYTES = 256 * MiB
"""32 of the largest pages, beyond what the sockets hold."""
UNREAD_ANSWERS_SHARE = 1 / 4
KNOWN_ADDRESSES = 4_096
"""Cached: an address that connects often is parsed once."""
REFUSED_CONNECTIONS = 256
"""Refused connections that wait for their client to read why; further ones are closed at once."""


class SharedLimit:
    """A limit on what all clients of a worker hold, of which one client may hold a share.

    A client is a network as `client_network` gives it, or None, which has no share of its own: a trusted proxy, behind
    which there are many clients.
    """

    def __init__(self, what: str, most: int, share: float) -> None:
        self._most = most
        self._most_of_one = max(1, int(most * share))
        self._what = what
        self._taken = 0
        self._taken_by: dict[str, int] = {}
        self._log = LimitLog(f"{what}: {most:,} in a worker, {self._most_of_one:,} of one client")

    def refuses(self, client: str | None, amount: int = 1) -> str | None:
        """Return which limit `amount` more would break, to be told to the client, or None."""
        if self._taken + amount > self._most:
            message = f"{self._what}: at most {self._most:,} at a time; try again later"
        elif client is not None and self._taken_by.get(client, 0) + amount > self._most_of_one:
            message = f"{self._what}: at most {self._most_of_one:,} of one client at a time; try again later"
        else:
            return None
        self._log.met(client or "a trusted proxy")
        return message

    def take(self, client: str | None, amount: int = 1) -> None:
        """Count `amount` more, whether it fits or not."""
        self._taken += amount
        if client is not None:
            self._taken_by[client] = self._taken_by.get(client, 0) + amount

    def give_back(self, client: str | None, amount: int = 1) -> None:
        """Count `amount` less."""
        self._taken -= amount
        if client is not None:
            left = self._taken_by[client] - amount
            if left:
                self._taken_by[client] = left
            else:
                del self._taken_by[client]


class Holding:
    """What one connection holds of a limit, not counting the first `free`."""

    def __init__(self, limit: SharedLimit, client: str | None, free: int = 0) -> None:
        self._limit = limit
        self._client = client
        self._free = free
        self._amount = 0

    def grow(self, amount: int) -> str | None:
        """Hold `amount` more. Return which limit that breaks, or None."""
        counted = max(self._amount, self._free)
        self._amount += amount
        added = self._amount - counted
        if added <= 0:
            return None
        refusal = self._limit.refuses(self._client, added)
        self._limit.take(self._client, added)
        return refusal

    def shrink(self, amount: int) -> None:
        """Hold `amount` from now on, where that is less."""
        surplus = self._amount - max(amount, self._free)
        self._amount = min(amount, self._amount)
        if surplus > 0:
            self._limit.give_back(self._client, surplus)


class Admission:
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
        self.received = SharedLimit("bytes of requests being received", RECEIVED_BODIES * largest_body, RECEIVED_SHARE)
        self.unread = SharedLimit("bytes of answers being read", UNREAD_ANSWERS_BYTES, UNREAD_ANSWERS_SHARE)
        self.refused_connections = 0
        self._trusted_proxies = trusted_proxies
        self.client = lru_cache(KNOWN_ADDRESSES)(self._client)
        self._logs: dict[str, LimitLog] = {}

    def log(self, limit: str, client: str | None) -> None:
        """Log that a client met a limit of one connection."""
        self._logs.setdefault(limit, LimitLog(limit)).met(client or "a trusted proxy")

    def _client(self, address: str) -> str | None:
        """Return whose share a connection from this address counts to, None for that of a trusted proxy."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return address
        if any(parsed in network for network in self._trusted_proxies):
            return None
        return client_network(address)
