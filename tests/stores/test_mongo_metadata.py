"""Metadata and preferences in MongoDB, by both drivers."""

from uuid import UUID, uuid4

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from iotflow.domain.geography import Box, Circle, Position
from iotflow.domain.metadata import MetadataChange, MetadataFilter
from iotflow.stores.mongo.bson import Document
from iotflow.stores.mongo.connection import Mongo
from iotflow.stores.mongo.drivers import Driver
from iotflow.stores.mongo.metadata import MongoMetadata
from iotflow.stores.mongo.preferences import MongoPreferences
from tests.contracts.metadata import AT, MetadataContract, attribute
from tests.contracts.preferences import PreferencesContract
from tests.stores.mongo import OnMongo
from tests.stores.test_mongo_plans import OnProfiledMongo, Profiled

OWNER = UUID(int=1)


class RawCollection:
    """Implementation of `RawMetadata`: the documents of a collection."""

    def __init__(self, database: AsyncDatabase[Document], name: str) -> None:
        self._collection = database[name]

    async def rows(self) -> int:
        return await self._collection.count_documents({})


class TestMongoMetadata(OnMongo, MetadataContract):
    @pytest.fixture
    def metadata(self, mongo: Mongo) -> MongoMetadata:
        return MongoMetadata(mongo)

    @pytest.fixture
    def raw(self, database: AsyncDatabase[Document]) -> RawCollection:
        return RawCollection(database, "metadata")


class TestMongoMetadataPlans(OnProfiledMongo):
    @pytest.fixture
    def driver(self) -> Driver:
        return "pymongo"

    @pytest.mark.parametrize(
        ("where", "index", "examined"),
        [
            (MetadataFilter(OWNER), "_id: 1", 10),
            (MetadataFilter(OWNER, tag="a5"), "tags: 1, _id: 1", 2),
            (MetadataFilter(OWNER, attribute=attribute("x=5")), "attribute_terms: 1, _id: 1", 2),
            (MetadataFilter(OWNER, circle=Circle(Position(5, 5), 1_000)), 'point: "2dsphere"', 10),
            (MetadataFilter(OWNER, box=Box(4.5, 4.5, 5.5, 5.5)), "lat: 1, lon: 1", 2),
            (MetadataFilter(OWNER, "a5", attribute("x=5"), None, Box(0, 0, 9, 9)), "attribute_terms: 1, _id: 1", 2),
        ],
        ids=str,
    )
    async def test_a_search_reads_few_documents_of_the_account(
        self, mongo: Mongo, profiled: Profiled, where: MetadataFilter, index: str, examined: int
    ) -> None:
        metadata = MongoMetadata(mongo)
        for number in range(60):
            change: MetadataChange = {
                "tags": [f"a{number % 30}"],
                "attributes": {"x": number % 30},
                "position": Position(number % 30, number % 30),
            }
            for owner, device_id in ((OWNER, number + 1), (uuid4(), number + 1_001)):
                await metadata.update(device_id, owner, change, AT)
        await profiled.begin()
        found = await metadata.search(where, 10, 0, 0)
        page, count = await profiled.end("metadata")
        assert found.total == (60 if where == MetadataFilter(OWNER) else 2)
        scans = page["planSummary"].split("IXSCAN")[1:]
        assert {scan.strip(" ,") for scan in scans} == {f"{{ user_id: 1, {index} }}"}
        assert page["docsExamined"] <= examined
        assert count["planSummary"].split()[0] in ("IXSCAN", "COUNT_SCAN")
        assert count["keysExamined"] <= 61


class TestMongoPreferences(OnMongo, PreferencesContract):
    @pytest.fixture
    def preferences(self, mongo: Mongo) -> MongoPreferences:
        return MongoPreferences(mongo)

    @pytest.fixture
    def raw(self, database: AsyncDatabase[Document]) -> RawCollection:
        return RawCollection(database, "preferences")
