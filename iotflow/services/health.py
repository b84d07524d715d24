"""Whether the stores answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from iotflow.domain.errors import StoreUnavailable

PROBE_TIMEOUT_S = 2.0
REMEMBERED_S = 1.0

Verdict = Literal["healthy", "degraded", "unhealthy"]


@dataclass(frozen=True, slots=True)
class Probe:
    """How to ask one store whether it answers. `essential`: without it the service is of no use."""

    name: str
    role: str
    backend: str
    essential: bool
    ping: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What a store's probe found. `latency_ms` is None when it did not answer."""

    name: str
    role: str
    backend: str
    essential: bool
    available: bool
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """What all probes found."""

    stores: Sequence[StoreHealth]

    @property
    def verdict(self) -> Verdict:
        """Unhealthy without an essential store, degraded without another."""
        if all(store.available for store in self.stores):
            return "healthy"
        return "degraded" if all(store.available for store in self.stores if store.essential) else "unhealthy"


class HealthCheck:
    """Probes the stores, at most once within `REMEMBERED_S`, however many ask."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        self._probes = probes
        self._found: Health | None = None
        self._found_at = 0.0
        self._probing = asyncio.Lock()

    async def check(self) -> Health:
        """The health of the stores, no older than `REMEMBERED_S`."""
        async with self._probing:
            if self._found is None or time.monotonic() - self._found_at > REMEMBERED_S:
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
