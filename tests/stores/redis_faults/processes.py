"""Helpers for tests with the caches of two processes."""

from iotflow.clock import SystemClock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.principals import Principal
from iotflow.domain.telemetry import LatestValue
from iotflow.domain.times import Millis
from iotflow.repositories.cache import Miss
from iotflow.stores.redis.cache import RedisCache
from tests.contracts.latest_cache import value
from tests.stores.redis import eventually

LIFETIME_S = 30
CALL_S = 1.0
"""What a call may take at most while Redis does not answer: its deadline, on a busy machine."""
T = Millis(1_700_000_000_000)
DEVICE = 7


async def is_back(cache: RedisCache) -> None:
    """Wait until the process has replies from Redis again."""

    async def answers() -> bool:
        try:
            await cache.ping()
        except StoreUnavailable:
            return False
        return True

    await eventually(answers)


def newest(number: int) -> dict[str, LatestValue]:
    return {"x": value(number, T + number, SystemClock().unique_now())}


async def shown(cache: RedisCache) -> object:
    """The device's value as the cache shows it; None if it does not."""
    found = await cache.latest_cache.get(DEVICE)
    return None if isinstance(found, Miss) else found["x"].value


async def drops(cache: RedisCache, principal: Principal, within_s: float) -> None:
    """Wait until the process has dropped its entry of the credential."""

    async def dropped() -> bool:
        return isinstance(await cache.identity_cache.get(principal.digest), Miss)

    await eventually(dropped, deadline_s=within_s)
