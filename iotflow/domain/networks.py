"""Networks of clients, the unit in which limits count addresses."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

IPV6_PREFIX = 64
"""The smallest block that a site receives (RFC 6177): one client has all of its addresses."""

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
