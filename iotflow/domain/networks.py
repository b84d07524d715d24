"""Networks: the unit in which limits count clients' addresses, and the addresses that requests may be sent to."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

IPV6_PREFIX = 64
"""The smallest block that a site receives (RFC 6177): one client has all of its addresses."""

IPNetwork = IPv4Network | IPv6Network

LOCAL_NETWORK = "this host"
"""The network of a call without a client, such as a command's."""


@lru_cache(maxsize=4_096)
def client_network(address: str) -> str:
    """Return the network that an address is limited as: an IPv4 address itself, an IPv6 address's /64.

    An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) is its IPv4 address. Text that is no IP address, such as the
    path of a Unix socket, is returned unchanged.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, IPV6_PREFIX), strict=False))


_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SPECIAL: Final = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10",  # carriers' shared addresses (RFC 6598)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "2001::/23",  # protocol assignments, Teredo with them (RFC 2928)
        "2001:db8::/32",
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""Networks that Python's `is_global` counts as global in some releases."""


def is_public(address: str, allowed: Sequence[IPNetwork] = ()) -> bool:
    """Return whether an IP address is one of the public internet, or in an allowed network.

    Loopback, private, link-local, multicast, reserved and unspecified addresses are not. An IPv6 address that carries
    an IPv4 address (mapped, 6to4, NAT64) is as public as that one.
    """
    parsed = ip_address(address.partition("%")[0])
    if any(parsed.version == network.version and parsed in network for network in allowed):
        return True
    if isinstance(parsed, IPv6Address):
        embedded = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            embedded = IPv4Address(parsed.packed[-4:])
        if embedded is not None:
            return is_public(str(embedded), allowed)
        if parsed not in _GLOBAL_UNICAST:
            return False
    is_special = any(parsed.version == network.version and parsed in network for network in _SPECIAL)
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or is_special)
