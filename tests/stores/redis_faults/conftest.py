"""A Redis server for each test, and the caches of two processes on it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from iotflow.addresses import RedisAddress
from iotflow.clock import SystemClock
from iotflow.stores.redis.cache import RedisCache, open_redis
from iotflow.urls import parse_redis_url
from tests.proxy import Proxy, proxied
from tests.stores.redis_faults.processes import LIFETIME_S, is_back
from tests.stores.redis_server import RedisServer, require


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    require()
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def address(server: RedisServer) -> RedisAddress:
    return parse_redis_url(server.url)


@pytest.fixture
async def line(server: RedisServer) -> AsyncIterator[Proxy]:
    """The line of `here` to Redis."""
    async with proxied("127.0.0.1", server.port) as line:
        yield line


@pytest.fixture
async def here(address: RedisAddress, line: Proxy) -> AsyncIterator[RedisCache]:
    """The cache of one process."""
    async with open_redis(replace(address, port=line.port), SystemClock(), LIFETIME_S) as here:
        await is_back(here)
        yield here


@pytest.fixture
async def there(address: RedisAddress, here: RedisCache) -> AsyncIterator[RedisCache]:
    """The cache of another process."""
    async with open_redis(address, SystemClock(), LIFETIME_S) as there:
        await is_back(there)
        await is_back(here)
        yield there


@pytest.fixture
async def raw(server: RedisServer) -> AsyncIterator[Redis]:
    raw = Redis(port=server.port)
    yield raw
    await raw.aclose()
