"""How long Cassandra keeps what is written: each value has its own TTL, counted in whole seconds."""

from iotflow.domain.telemetry import expiry
from iotflow.domain.times import DAY_MS, Micros, Millis, format_rfc3339

LAST_EXPIRY_S = 2**31 - 2
"""2038-01-19T03:14:06Z, the last time of expiry that Cassandra takes by default, in seconds since the epoch."""

NEVER = 0
"""The TTL of what does not expire."""


def retention_error(days: int, now: Millis) -> str | None:
    """Why data cannot be kept for so many days from now, or None."""
    if (now + days * DAY_MS) // 1_000 < LAST_EXPIRY_S:
        return None
    last = format_rfc3339(Millis(LAST_EXPIRY_S * 1_000))
    most = max(0, (LAST_EXPIRY_S - 1 - now // 1_000) // (DAY_MS // 1_000))
    return f"Cassandra keeps no data with an expiry after {last}: a retention of at most {most} days, or 0 for ever"


def ttl_s(received: Micros, retention_days: int, now: Millis) -> int | None:
    """The TTL of a value that is written now; None where it has expired already."""
    expires = expiry(received, retention_days)
    if expires is None:
        return NEVER
    remaining = -((now * 1_000 - expires) // 1_000_000)
    return remaining if remaining > 0 else None


def expiry_of(received: Micros, ttl: int | None, now: Millis) -> Micros | None:
    """When a value read now with this much of its TTL left expires.

    The TTL is off by up to two seconds. Retentions are whole days from the time of receipt, and so is this.
    """
    if ttl is None:
        return None
    days = round((now // 1_000 + ttl - received / 1_000_000) / (DAY_MS // 1_000))
    return expiry(received, max(1, days))
