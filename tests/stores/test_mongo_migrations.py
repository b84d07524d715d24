"""Migrations of the documents, by one process or several at once."""

import asyncio

import pytest
from bson import Int64
from bson.datetime_ms import DatetimeMS
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import WriteError

from iotflow.addresses import MongoAddress
from iotflow.clock import Clock
from iotflow.domain.errors import StoreUnavailable
from iotflow.domain.events import EventFilter
from iotflow.repositories.activity import RETENTION_DAYS
from iotflow.stores.mongo import lease, migrations
from iotflow.stores.mongo.bson import Document
from iotflow.stores.mongo.connection import Mongo
from iotflow.stores.mongo.drivers import Driver
from iotflow.stores.mongo.events import MongoEvents
from iotflow.stores.mongo.migrations import pending, stored_version, upgrade, wanted_version
from iotflow.stores.mongo.retention import MAX_RETENTION_S
from tests.contracts.events import event
from tests.stores.mongo import OnMongo

DAY_S = 86_400


def _commands() -> list[Document]:
    """Return the commands of all migrations, in order."""
    return [command for migration in migrations.read_migrations() for command in migration.commands]


class TestMongoMigrations(OnMongo):
    async def test_an_empty_database_is_migrated_to_the_wanted_version(
        self, empty_mongo: Mongo, database: AsyncDatabase[Document]
    ) -> None:
        assert await stored_version(empty_mongo) is None
        await upgrade(empty_mongo)
        assert await stored_version(empty_mongo) == wanted_version()
        names = await database.list_collection_names()
        assert sorted(names) == [
            "activity", "alerts", "events", "metadata", "migration_lease", "migrations", "preferences", "reports",
        ]  # fmt: skip
        assert await database["migration_lease"].count_documents({}) == 0
        assert sorted(await database["events"].index_information()) == [
            "_id_", "by_device", "by_time", "by_type", "by_user", "expiry",
        ]  # fmt: skip
        activity = await database["activity"].index_information()
        assert sorted(activity) == ["_id_", "by_device", "expiry"]
        assert activity["expiry"]["expireAfterSeconds"] == RETENTION_DAYS * DAY_S

    async def test_an_upgrade_keeps_stored_data(
        self, mongo: Mongo, database: AsyncDatabase[Document], clock: Clock
    ) -> None:
        events, stored = MongoEvents(mongo, clock, 30), event(clock)
        await events.add([stored])
        before = await database["migrations"].find().to_list()
        await upgrade(mongo)
        assert await database["migrations"].find().to_list() == before
        assert await events.page(EventFilter(), 9, None) == [stored]

    async def test_an_interrupted_migration_is_run_again(
        self, empty_mongo: Mongo, database: AsyncDatabase[Document]
    ) -> None:
        commands = _commands()
        for done in range(len(commands) + 1):
            for command in commands[:done]:
                await database.command(command)
            await upgrade(empty_mongo)
            assert await stored_version(empty_mongo) == wanted_version()
            for name in ("events", "activity", "alerts", "metadata", "preferences", "reports", "migrations"):
                await database.drop_collection(name)

    async def test_concurrent_upgrades_migrate_once(
        self, address: MongoAddress, driver: Driver, database: AsyncDatabase[Document]
    ) -> None:
        connections = [Mongo(address, driver) for _ in range(5)]
        for connection in connections:
            await connection.connect()
        await database.command("profile", 2)
        await asyncio.gather(*map(upgrade, connections))
        await database.command("profile", 0)
        for connection in connections:
            assert await stored_version(connection) == wanted_version()
            await connection.close()
        profile = database["system.profile"]
        for kind in ("collMod", "createIndexes"):
            expected = sum(kind in command for command in _commands())
            assert await profile.count_documents({f"command.{kind}": {"$exists": True}}) == expected > 0

    async def test_a_lease_has_one_holder(self, empty_mongo: Mongo, address: MongoAddress, driver: Driver) -> None:
        async with lease.hold_lease(empty_mongo, 1):
            with pytest.raises(StoreUnavailable, match=r"another migration has been under way for 0\.6 s"):
                async with lease.hold_lease(empty_mongo, 0.6):
                    pytest.fail("the lease has two holders")
        async with lease.hold_lease(empty_mongo, 1):
            pass

    async def test_a_lease_is_renewed(self, empty_mongo: Mongo, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lease, "LEASE_MS", 1_000)
        monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.2)
        async with lease.hold_lease(empty_mongo, 1):
            with pytest.raises(StoreUnavailable, match="another migration"):
                async with lease.hold_lease(empty_mongo, 2.5):
                    pytest.fail("the lease expired")

    async def test_a_lease_expires_after_its_holder_was_killed(
        self, empty_mongo: Mongo, database: AsyncDatabase[Document]
    ) -> None:
        left = [{"$set": {"owner": "killed", "until": {"$add": ["$$NOW", 1_000]}}}]
        await database["migration_lease"].update_one({"_id": "migration"}, left, upsert=True)
        async with lease.hold_lease(empty_mongo, 10):
            pass

    async def test_a_newer_schema_is_refused(self, mongo: Mongo, database: AsyncDatabase[Document]) -> None:
        await database["migrations"].insert_one({"_id": "9999"})
        with pytest.raises(StoreUnavailable, match="of a newer version of IoTFlow: 9999"):
            await upgrade(mongo)

    async def test_documents_that_do_not_fit_the_schema_are_refused(
        self, mongo: Mongo, database: AsyncDatabase[Document], clock: Clock
    ) -> None:
        await MongoEvents(mongo, clock, 30).add([event(clock)])
        good = await database["events"].find_one()
        assert good is not None
        for name, value in {
            "timestamp": 1, "device_id": 1, "user_id": "ada", "details": None, "event_type": None, "more": 1,
        }.items():  # fmt: skip
            with pytest.raises(WriteError, match="Document failed validation"):
                await database["events"].replace_one({"_id": good["_id"]}, {**good, name: value})
        hour = {"device_id": Int64(1), "hour": DatetimeMS(0), "messages": Int64(1), "points": 1.5}
        with pytest.raises(WriteError, match="Document failed validation"):
            await database["activity"].insert_one(hour)


class TestMongoRetention(OnMongo):
    async def test_a_change_of_the_retention_is_applied(
        self, mongo: Mongo, database: AsyncDatabase[Document], clock: Clock
    ) -> None:
        for days, seconds in ((30, 30 * DAY_S), (3_650, 3_650 * DAY_S), (0, MAX_RETENTION_S), (1, DAY_S)):
            for _ in range(2):
                await MongoEvents(mongo, clock, days).apply_retention()
                indexes = await database["events"].index_information()
                assert indexes["expiry"]["expireAfterSeconds"] == seconds

    async def test_a_database_that_is_not_migrated_is_reported(self, empty_mongo: Mongo, clock: Clock) -> None:
        with pytest.raises(StoreUnavailable, match="run `iotflow migrate`"):
            await MongoEvents(empty_mongo, clock, 1).apply_retention()

    async def test_concurrent_changes_of_the_retention_are_applied(
        self, mongo: Mongo, database: AsyncDatabase[Document], clock: Clock
    ) -> None:
        events = MongoEvents(mongo, clock, 7)
        await asyncio.gather(*(events.apply_retention() for _ in range(8)))
        indexes = await database["events"].index_information()
        assert indexes["expiry"]["expireAfterSeconds"] == 7 * DAY_S


def test_pending_lists_the_commands_of_a_migration() -> None:
    assert pending(wanted_version()) == []
    lines = pending(None)
    assert lines[0] == "0001 events and activity: create events"
    assert "0001 events and activity: createIndexes activity: by_device, expiry" in lines


def test_migrations_are_numbered_without_gaps() -> None:
    versions = [migration.version for migration in migrations.read_migrations()]
    assert versions == [f"{number:04}" for number in range(1, len(versions) + 1)]
