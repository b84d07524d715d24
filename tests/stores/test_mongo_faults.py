"""The documents store while its server is paused, killed and restarted."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pymongo import AsyncMongoClient

from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import EventFilter
from iotflow.domain.times import DAY_MS
from iotflow.stores.mongo.connection import SCAN_TIMEOUT_S, SHORT_TIMEOUT_S, Mongo
from iotflow.stores.mongo.drivers import Driver
from iotflow.stores.mongo.events import WRITE_TIMEOUT_S, MongoEvents
from iotflow.stores.mongo.migrations import upgrade
from tests.contracts.events import event
from tests.servers.containers import Server
from tests.servers.kinds import MONGO
from tests.stores.mongo import LEAVES_SOCKETS, CollectsSockets, OnMongo, address_on

COMES_BACK_WITHIN_S = 20.0
SLACK_S = 1.0
"""Tolerance for a busy machine."""


async def failures(events: MongoEvents, clock: Clock) -> list[float]:
    """Add events until adding fails at once. Return the seconds that each failure took."""
    took: list[float] = []
    while not took or took[-1] > 0.1:
        assert len(took) < 10, "no failure was immediate"
        began = time.monotonic()
        with pytest.raises(StoreUnavailable) as failure:
            await events.add([event(clock)])
        took.append(time.monotonic() - began)
        assert failure.value.store == "documents"
    return took


async def until(condition: Callable[[], Awaitable[bool]], within_s: float) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(within_s):
        met = await condition()
        while not met:
            await asyncio.sleep(0.05)
            met = await condition()


async def wait_until_available(mongo: Mongo) -> None:
    """Wait until the store answers."""

    async def answers() -> bool:
        try:
            await mongo.ping()
        except StoreUnavailable:
            return False
        return True

    await until(answers, COMES_BACK_WITHIN_S)


@LEAVES_SOCKETS
class TestMongoFaults(CollectsSockets, OnMongo):
    @pytest.fixture
    def own_mongodb(self, own_server: Callable[..., Server]) -> Server:
        """A server that removes expired documents each second, not each minute."""
        return own_server(MONGO, command=["--setParameter", "ttlMonitorSleepSecs=1"])

    @pytest.fixture
    async def mongo(self, own_mongodb: Server, driver: Driver) -> AsyncIterator[Mongo]:
        mongo = Mongo(address_on(own_mongodb.url, "docs"), driver)
        await mongo.connect()
        await upgrade(mongo)
        yield mongo
        await mongo.close()

    @pytest.fixture
    def events(self, mongo: Mongo, clock: Clock) -> MongoEvents:
        return MongoEvents(mongo, clock, 30)

    async def test_a_paused_server_costs_a_deadline_a_few_times_and_comes_back(
        self, own_mongodb: Server, mongo: Mongo, events: MongoEvents, clock: Clock
    ) -> None:
        stored = event(clock)
        await events.add([stored])
        await asyncio.to_thread(own_mongodb.pause)
        try:
            took = await failures(events, clock)
            assert max(took) < WRITE_TIMEOUT_S + SLACK_S
            with pytest.raises(StoreUnavailable, match="no probe has succeeded since"):
                await events.page(EventFilter(), 9, None)
        finally:
            await asyncio.to_thread(own_mongodb.unpause)
        await wait_until_available(mongo)
        assert await events.page(EventFilter(user_id=stored.user_id), 9, None) == [stored]

    async def test_a_page_fails_at_its_deadline(self, own_mongodb: Server, events: MongoEvents) -> None:
        await asyncio.to_thread(own_mongodb.pause)
        try:
            async with asyncio.timeout(SCAN_TIMEOUT_S + SLACK_S):
                with pytest.raises(StoreUnavailable):
                    await events.page(EventFilter(), 9, None)
        finally:
            await asyncio.to_thread(own_mongodb.unpause)

    async def test_a_killed_server_loses_no_acknowledged_event(
        self, own_mongodb: Server, mongo: Mongo, events: MongoEvents, clock: Clock
    ) -> None:
        acknowledged = []

        async def add_until_it_fails() -> None:
            while True:
                one = event(clock)
                try:
                    await events.add([one])
                except StoreUnavailable:
                    return
                acknowledged.append(one)

        adding = [asyncio.create_task(add_until_it_fails()) for _ in range(4)]

        async def enough() -> bool:
            return len(acknowledged) >= 50

        await until(enough, 60)
        await asyncio.to_thread(own_mongodb.kill)
        async with asyncio.timeout(SCAN_TIMEOUT_S):
            await asyncio.wait(adding)
        took = await failures(events, clock)
        assert max(took) < WRITE_TIMEOUT_S + SLACK_S
        await asyncio.to_thread(own_mongodb.start)
        await wait_until_available(mongo)
        for one in acknowledged:
            assert await events.page(EventFilter(user_id=one.user_id), 9, None) == [one]

    async def test_a_connection_that_was_refused_during_an_outage_works_after_it(
        self, own_mongodb: Server, driver: Driver
    ) -> None:
        await asyncio.to_thread(own_mongodb.kill)
        mongo = Mongo(address_on(own_mongodb.url, "docs"), driver)
        with pytest.raises(StoreUnavailable):
            await mongo.connect()
        await asyncio.to_thread(own_mongodb.start)
        await wait_until_available(mongo)
        await mongo.close()

    async def test_closing_works_while_the_server_is_unreachable(
        self, own_mongodb: Server, driver: Driver, clock: Clock
    ) -> None:
        mongo = Mongo(address_on(own_mongodb.url, "docs"), driver)
        await mongo.connect()
        before = asyncio.all_tasks()
        await asyncio.to_thread(own_mongodb.pause)
        try:
            await failures(MongoEvents(mongo, clock, 30), clock)
            async with asyncio.timeout(SHORT_TIMEOUT_S + SLACK_S):
                await mongo.close()
        finally:
            await asyncio.to_thread(own_mongodb.unpause)
        assert asyncio.all_tasks() <= before

    async def test_the_server_removes_expired_events(
        self, own_mongodb: Server, events: MongoEvents, clock: Clock
    ) -> None:
        gone = event(clock, 30 * DAY_MS + 1)
        kept = event(clock, 29 * DAY_MS)
        async with AsyncMongoClient[dict[str, object]](own_mongodb.url) as client:
            await events.add([gone, kept])
            await events.apply_retention()

            async def removed() -> bool:
                return await client["docs"]["events"].count_documents({}) == 1

            await until(removed, 30)
        assert await events.page(EventFilter(), 9, None) == [kept]
