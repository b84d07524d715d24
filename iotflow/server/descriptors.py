"""The limit of file descriptors, and the number of connections it allows."""

import sys

CONNECTION_FRACTION = 3 / 4
"""The rest is for stores, files, and accepted connections that are refused."""
DEFAULT_MAX_CONNECTIONS = 16_384
"""A small machine's memory does not suffice for more connections in use."""


def raise_soft_limit() -> int:
    """Raise the soft limit of descriptors of this process and its children to the hard limit, and return it.

    Windows has no such limit: return the number that DEFAULT_MAX_CONNECTIONS needs.
    """
    if sys.platform == "win32":
        return int(DEFAULT_MAX_CONNECTIONS / CONNECTION_FRACTION) + 1
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connection_limit(descriptors: int, wanted: int) -> int:
    """Return the connection limit of a worker: `wanted`, or if that is 0, the number that the descriptors allow.

    Raises ValueError if there are too few descriptors for `wanted`.
    """
    possible = int(descriptors * CONNECTION_FRACTION)
    if wanted > possible:
        raise ValueError(
            f"{descriptors:,} file descriptors allow {possible:,} connections; raise the hard limit "
            "(ulimit -Hn) or lower the setting"
        )
    return wanted or min(possible, DEFAULT_MAX_CONNECTIONS)
