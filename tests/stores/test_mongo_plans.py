"""Query plans of MongoDB, read from its profiler: lists use an index in their order."""

from itertools import product
from uuid import UUID, uuid4

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from iotflow.clock import Clock
from iotflow.domain.events import EventFilter, EventPosition, EventType
from iotflow.domain.times import Millis
from iotflow.repositories.activity import Activity, DeviceHour
from iotflow.stores.mongo.activity import MongoActivity
from iotflow.stores.mongo.bson import Document
from iotflow.stores.mongo.connection import Mongo
from iotflow.stores.mongo.drivers import Driver
from iotflow.stores.mongo.events import WRITE_TIMEOUT_S, MongoEvents
from tests.contracts.activity import HOUR_MS
from tests.contracts.events import event
from tests.stores.mongo import OnMongo

LIMIT = 10
USERS = [UUID(int=n) for n in range(1, 5)]
DEVICES = [1, 2, 3]
KINDS = [EventType.USER_LOGGED_IN, EventType.DEVICE_UPDATED]
AGES = range(0, 400)
FILTERS = [EventFilter(*fields) for fields in product((None, USERS[0]), (None, DEVICES[0]), (None, KINDS[0]))]


class Profiled:
    """The server's profile of the operations on a collection."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def begin(self) -> None:
        await self._database.command("profile", 2)

    async def end(self, collection: str) -> list[Document]:
        await self._database.command("profile", 0)
        found = self._database["system.profile"].find({"ns": f"{self._database.name}.{collection}"})
        return await found.to_list()


class OnProfiledMongo(OnMongo):
    @pytest.fixture
    def profiled(self, database: AsyncDatabase[Document]) -> Profiled:
        return Profiled(database)


class TestMongoWrites(OnProfiledMongo):
    async def test_a_write_is_acknowledged_by_the_journals_of_a_majority(
        self, mongo: Mongo, profiled: Profiled, clock: Clock
    ) -> None:
        await profiled.begin()
        await MongoEvents(mongo, clock, 30).add([event(clock), event(clock)])
        (insert,) = await profiled.end("events")
        assert insert["ninserted"] == 2
        assert insert["command"]["writeConcern"] == {"w": "majority", "j": True}
        assert 0 < insert["command"]["maxTimeMS"] <= WRITE_TIMEOUT_S * 1_000


class TestMongoPlans(OnProfiledMongo):
    @pytest.fixture
    def driver(self) -> Driver:
        return "pymongo"

    @pytest.fixture
    async def events(self, mongo: Mongo, clock: Clock) -> MongoEvents:
        """Events of each user, device and type, several at each time."""
        events = MongoEvents(mongo, clock, 30)
        await events.add(
            [
                event(clock, age, user_id=user_id, device_id=DEVICES[age % 3], event_type=KINDS[age % 2])
                for user_id in USERS
                for age in AGES
            ]
        )
        return events

    @pytest.mark.parametrize("where", FILTERS, ids=str)
    @pytest.mark.parametrize("in_span", [False, True])
    @pytest.mark.parametrize("paged", [False, True])
    async def test_a_page_of_events_is_read_in_the_order_of_an_index(
        self, events: MongoEvents, profiled: Profiled, clock: Clock, where: EventFilter, in_span: bool, paged: bool
    ) -> None:
        now = clock.now()
        if in_span:
            where = EventFilter(
                where.user_id, where.device_id, where.event_type, start=Millis(now - 300), end=Millis(now - 20)
            )
        after = EventPosition(Millis(now - 100), uuid4()) if paged else None
        await profiled.begin()
        assert len(await events.page(where, LIMIT, after)) == LIMIT
        (query,) = await profiled.end("events")
        assert query["planSummary"].startswith("IXSCAN {"), query["planSummary"]
        assert query["planSummary"].endswith(" timestamp: -1, _id: -1 }")
        assert "hasSortStage" not in query
        # An index covers one field, so it also leads to events that the other filters exclude.
        others = 1
        if where.device_id is not None:
            others = (len(USERS) if where.user_id else 1) * (len(KINDS) if where.event_type else 1)
        elif where.user_id is not None and where.event_type is not None:
            others = len(KINDS)
        ties = len(USERS)
        assert query["keysExamined"] <= LIMIT * others + ties
        assert query["docsExamined"] <= LIMIT * others + ties

    async def test_a_page_beyond_the_last_event_reads_nothing(
        self, events: MongoEvents, profiled: Profiled, clock: Clock
    ) -> None:
        await profiled.begin()
        assert await events.page(EventFilter(end=Millis(clock.now() - 1_000)), LIMIT, None) == []
        (query,) = await profiled.end("events")
        assert query["keysExamined"] == 0

    async def test_anonymization_reads_only_the_user_s_events(self, events: MongoEvents, profiled: Profiled) -> None:
        await profiled.begin()
        await events.anonymize_chunk(USERS[0], None)
        (query,) = [one for one in await profiled.end("events") if one["op"] == "query"]
        assert query["docsExamined"] == len(AGES)

    async def test_counts_are_found_by_hour_and_by_device(self, mongo: Mongo, profiled: Profiled, clock: Clock) -> None:
        activity = MongoActivity(mongo)
        now = clock.now() - clock.now() % HOUR_MS
        hours = [Millis(now - ago * HOUR_MS) for ago in range(50)]
        counts = {DeviceHour(device, hour): Activity(1, 1) for device in range(10) for hour in hours}
        await activity.add(counts)
        await profiled.begin()
        await activity.points_by_hour(hours[1])
        await activity.add({DeviceHour(1, hours[0]): Activity(1, 1)})
        await activity.purge_chunk([1])
        examined = [operation["docsExamined"] for operation in await profiled.end("activity")]
        assert examined == [20, 1, 50, 50]
