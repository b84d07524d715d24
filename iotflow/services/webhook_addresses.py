"""The addresses that webhooks may reach, against server-side request forgery.

A host is resolved once for each use, and the caller connects to the addresses that were checked: to resolve it again
would admit another answer (DNS rebinding). All addresses of a host must be allowed.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from uuid import UUID
from weakref import WeakValueDictionary

from iotflow.domain.errors import InvalidInput
from iotflow.domain.networks import IPNetwork, is_public
from iotflow.domain.webhooks import host_of, url_error

RESOLVE_TIMEOUT_S = 5.0
MAX_CONCURRENT_LOOKUPS = 32
"""Threads that wait for name servers. They are separate, so that slow ones hold up nothing else."""
MAX_CONCURRENT_LOOKUPS_PER_ACCOUNT = 4
"""A thread may wait for longer than `RESOLVE_TIMEOUT_S`, so that one account could occupy all."""

LookUp = Callable[[str], Sequence[str]]
"""A function that returns the IP addresses of a host, and may block. Raises OSError and UnicodeError."""


class AddressRefused(Exception):
    """A host that does not resolve, or one of whose addresses a webhook may not reach. The message is for its owner."""


class WebhookAddresses:
    """The resolution and the check of webhooks' hosts. `allowed` are networks that are reached though not public."""

    def __init__(self, allowed: Sequence[IPNetwork], look_up: LookUp | None = None) -> None:
        self._allowed = allowed
        self._look_up = look_up or _addresses_of
        self._slots = WeakValueDictionary[UUID, asyncio.Semaphore]()
        self._threads = ThreadPoolExecutor(MAX_CONCURRENT_LOOKUPS, thread_name_prefix="webhook-hosts")

    def close(self) -> None:
        """Start no further look-up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def require_allowed(self, user_id: UUID, url: str, *location: str) -> None:
        """Raise InvalidInput at a field unless its URL is valid and its host resolves to allowed addresses.

        `user_id` is the account whose look-up it is.
        """
        if error := url_error(url):
            raise InvalidInput.at(*location, message=error)
        try:
            await self.resolve(user_id, url)
        except AddressRefused as refusal:
            raise InvalidInput.at(*location, message=str(refusal)) from refusal

    async def resolve(self, user_id: UUID, url: str) -> Sequence[str]:
        """Return the addresses of a valid URL's host, at least one. Raises AddressRefused."""
        host = host_of(url)
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                addresses = await self._resolve(user_id, host)
        except TimeoutError as error:
            raise AddressRefused(f"the host did not resolve within {RESOLVE_TIMEOUT_S:.0f} s") from error
        except (OSError, UnicodeError) as error:
            raise AddressRefused("the host does not resolve to an address") from error
        if not addresses:
            raise AddressRefused("the host does not resolve to an address")
        if not all(self._is_allowed(address) for address in addresses):
            raise AddressRefused(
                "the host has an address that is not public, or is this service's; an operator can allow networks by"
                " IOTFLOW_WEBHOOK_ALLOWED_NETWORKS"
            )
        return addresses

    def _is_allowed(self, address: str) -> bool:
        if any(ip_address(address.partition("%")[0]) in network for network in self._allowed):
            return True
        return is_public(address, self._allowed) and not _is_of_this_host(address)

    async def _resolve(self, user_id: UUID, host: str) -> Sequence[str]:
        """Look a host up in a thread. The account's slot is free again once the thread is, not after a timeout."""
        slots = self._slots.setdefault(user_id, asyncio.Semaphore(MAX_CONCURRENT_LOOKUPS_PER_ACCOUNT))
        await slots.acquire()
        loop = asyncio.get_running_loop()

        def release(_ended: object) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(slots.release)

        look_up = self._threads.submit(self._look_up, host)
        look_up.add_done_callback(release)
        found = await asyncio.wrap_future(look_up)
        return list(dict.fromkeys(found))


def _addresses_of(host: str) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def _is_of_this_host(address: str) -> bool:
    """Return whether an interface of this host has the address: a webhook to it could reach the service itself."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
