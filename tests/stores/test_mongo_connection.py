"""Connecting to MongoDB, refused connections, and closing."""

import asyncio
import socket
import sys
from typing import get_args

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from iotflow.addresses import MongoAddress
from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import EventFilter
from iotflow.stores.mongo.bson import Document
from iotflow.stores.mongo.connection import CONNECT_TIMEOUT_S, Mongo, require_min_version
from iotflow.stores.mongo.drivers import Driver
from iotflow.stores.mongo.events import MongoEvents
from iotflow.urls import parse_mongo_url
from tests.contracts.events import event
from tests.processes import free_port
from tests.stores.mongo import LEAVES_SOCKETS, CollectsSockets, OnMongo, address_on

PASSWORD = "hunter2"


async def refusal(address: MongoAddress, driver: Driver) -> str:
    """Return the reason of a refused connection."""
    mongo = Mongo(address, driver)
    with pytest.raises(StoreUnavailable) as refused:
        async with asyncio.timeout(CONNECT_TIMEOUT_S + 5):
            await mongo.connect()
    await mongo.close()
    assert refused.value.store == "documents"
    message = str(refused.value)
    assert "\n" not in message
    assert PASSWORD not in message
    return message


@LEAVES_SOCKETS
class TestMongoConnection(CollectsSockets, OnMongo):
    async def test_close_leaves_no_task(self, address: MongoAddress, driver: Driver) -> None:
        before = asyncio.all_tasks()
        mongo = Mongo(address, driver)
        await mongo.connect()
        await mongo.ping()
        await mongo.close()
        assert asyncio.all_tasks() == before

    async def test_an_unreachable_server_is_named(self, driver: Driver) -> None:
        port = free_port()
        message = await refusal(parse_mongo_url(f"mongodb://ada:{PASSWORD}@127.0.0.1:{port}/docs"), driver)
        assert f"127.0.0.1:{port}" in message
        assert "Topology" not in message

    async def test_an_unknown_host_is_named(self, driver: Driver) -> None:
        message = await refusal(parse_mongo_url(f"mongodb://ada:{PASSWORD}@nowhere.invalid/docs"), driver)
        assert "nowhere.invalid" in message

    async def test_a_server_that_does_not_answer_is_unavailable_within_the_deadline(self, driver: Driver) -> None:
        # The operating system accepts connections to a listening socket.
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            message = await refusal(parse_mongo_url(f"mongodb://ada:{PASSWORD}@127.0.0.1:{port}/docs"), driver)
        assert f"127.0.0.1:{port}" in message

    async def test_a_wrong_password_is_reported(self, address: MongoAddress, driver: Driver) -> None:
        hosts = address.hosts
        message = await refusal(parse_mongo_url(f"mongodb://ada:{PASSWORD}@{hosts}/docs?authSource=admin"), driver)
        assert "does not take the user name and password" in message
        assert "authSource" in message

    async def test_missing_credentials_are_reported(self, address: MongoAddress, driver: Driver) -> None:
        message = await refusal(parse_mongo_url(f"mongodb://{address.hosts}/docs"), driver)
        assert "the user may not do this" in message
        assert "requires authentication" in message

    @pytest.mark.parametrize(
        ("option", "reason"),
        [
            ("tlsCaFiel=/ca.pem", "Unknown option"),
            ("tls=true&tlsCAFile=/nowhere/ca.pem", "not readable"),
            ("authMechanism=GUESS", "authmechanism must be in"),
        ],
    )
    async def test_a_wrong_option_is_reported(self, driver: Driver, option: str, reason: str) -> None:
        message = await refusal(parse_mongo_url(f"mongodb://ada:{PASSWORD}@127.0.0.1/docs?{option}"), driver)
        assert reason in message

    async def test_a_server_without_tls_is_reported(self, address: MongoAddress, driver: Driver) -> None:
        message = await refusal(parse_mongo_url(f"mongodb://ada:{PASSWORD}@{address.hosts}/docs?tls=true"), driver)
        assert "SSL handshake failed" in message

    async def test_the_connection_works_after_cancelled_calls(self, mongo: Mongo, clock: Clock) -> None:
        events = MongoEvents(mongo, clock, 30)
        stored = [event(clock) for _ in range(40)]
        for i, one in enumerate(stored):
            adding = asyncio.create_task(events.add([one]))
            reading = asyncio.create_task(events.page(EventFilter(), 10, None))
            await asyncio.sleep(i * 0.000_2)
            adding.cancel()
            reading.cancel()
            await asyncio.wait([adding, reading])
        await events.add(stored)
        for one in stored:
            assert await events.page(EventFilter(user_id=one.user_id), 10, None) == [one]

    async def test_a_user_with_the_role_read_write_may_serve(
        self, mongo: Mongo, driver: Driver, address: MongoAddress, database: AsyncDatabase[Document], clock: Clock
    ) -> None:
        await MongoEvents(mongo, clock, 30).apply_retention()
        await database.command("createUser", "ada", pwd=PASSWORD, roles=["readWrite"])
        served = Mongo(parse_mongo_url(f"mongodb://ada:{PASSWORD}@{address.hosts}/{address.database}"), driver)
        try:
            await served.connect()
            events = MongoEvents(served, clock, 30)
            await events.apply_retention()
            await events.add([event(clock)])
            assert len(await events.page(EventFilter(), 10, None)) == 1
            with pytest.raises(StoreUnavailable, match="the user may not do this: not authorized"):
                await MongoEvents(served, clock, 31).apply_retention()
        finally:
            await served.close()
            await database.command("dropAllUsersFromDatabase")


@pytest.mark.parametrize("driver", get_args(Driver))
def test_each_event_loop_gets_a_new_client(mongodb_url: str, driver: Driver) -> None:
    mongo = Mongo(address_on(mongodb_url, "admin"), driver)

    async def run() -> None:
        await mongo.connect()
        await asyncio.gather(*(mongo.ping() for _ in range(5)))
        await mongo.close()

    for _ in range(3):
        asyncio.run(run())


async def test_a_missing_motor_package_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "motor.motor_asyncio", None)
    message = await refusal(parse_mongo_url(f"mongodb://ada:{PASSWORD}@127.0.0.1/docs"), "motor")
    assert "iotflow[motor]" in message


def test_a_server_that_is_too_old_is_refused() -> None:
    require_min_version([6, 0, 0, 0])
    require_min_version([8, 1, 2, 0])
    with pytest.raises(StoreUnavailable, match=r"the server is MongoDB 5\.0\.31; expected 6\.0 or later"):
        require_min_version([5, 0, 31, 0])
