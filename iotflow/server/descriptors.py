"""File descriptors: as many as the system allows, and what connections may take of them."""

import sys

CONNECTION_FRACTION = 3 / 4
"""The rest is for stores, files, and connections that were accepted and are refused."""
MOST_CONNECTIONS = 16_384
"""By default. More than the memory of a small machine holds when all of them are in use."""


def raise_limit() -> int:
    """Raise the soft limit of descriptors to the hard one, for this process and its children, and return it.

    Windows has no such limit: there it is what the most connections need.
    """
    if sys.platform == "win32":
        return int(MOST_CONNECTIONS / CONNECTION_FRACTION) + 1
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connections(descriptors: int, wanted: int) -> int:
    """Return how many connections a worker takes: `wanted`, or where that is 0, what the descriptors allow.

    Raises ValueError if there are too few descriptors for `wanted`.
    """
    possible = int(descriptors * CONNECTION_FRACTION)
    if wanted > possible:
        raise ValueError(
            f"{descriptors:,} file descriptors are enough for {possible:,} connections; raise the hard limit "
            "(ulimit -Hn), or allow fewer connections"
        )
    return wanted or min(possible, MOST_CONNECTIONS)
