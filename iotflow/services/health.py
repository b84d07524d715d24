"""Health checks of the stores."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from iotflow.domain.errors import StoreUnavailable
from iotflow.repositories.stores import Probe

PROBE_TIMEOUT_S = 2.0
MAX_AGE_S = 1.0
"""Time in seconds for which results are cached."""

Verdict = Literal["healthy", "degraded", "unhealthy"]


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """The result of a store's probe. `latency_ms` is None when the store did not answer."""

    name: str
    role: str
    backend: str
    essential: bool
    available: bool
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """The results of all probes."""

    stores: Sequence[StoreHealth]

    @property
    def verdict(self) -> Verdict:
        """Return unhealthy if an essential store is unavailable, degraded if another one is, else healthy."""
        if all(store.available for store in self.stores):
            return "healthy"
        return "degraded" if all(store.available for store in self.stores if store.essential) else "unhealthy"


class HealthCheck:
    """A health check of the stores. It probes them at most once in `MAX_AGE_S` seconds, for any number of requests."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        self._probes = probes
        self._found: Health | None = None
        self._found_at = 0.0
        self._probing = asyncio.Lock()

    async def check(self) -> Health:
        """Return the health of the stores, at most `MAX_AGE_S` seconds old."""
        async with self._probing:
            if self._found is None or time.monotonic() - self._found_at > MAX_AGE_S:
                self._found = Health(await asyncio.gather(*(_probe(probe) for probe in self._probes)))
                self._found_at = time.monotonic()
            return self._found


async def _probe(probe: Probe) -> StoreHealth:
    started = time.perf_counter()
    latency_ms: float | None
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            await probe.ping()
        latency_ms = round((time.perf_counter() - started) * 1_000, 3)
    except (StoreUnavailable, TimeoutError):
        latency_ms = None
    return StoreHealth(probe.name, probe.role, probe.backend, probe.essential, latency_ms is not None, latency_ms)
