"""Events, alerts, reports and activity in MongoDB, by both drivers."""

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from iotflow.clock import Clock
from iotflow.stores.mongo.activity import MongoActivity
from iotflow.stores.mongo.alerts import MongoAlerts
from iotflow.stores.mongo.bson import Document
from iotflow.stores.mongo.connection import Mongo
from iotflow.stores.mongo.events import MongoEvents
from iotflow.stores.mongo.reports import MongoReports
from tests.contracts import alerts, reports
from tests.contracts.activity import ActivityContract
from tests.contracts.alerts import AlertsContract, OpenAlerts
from tests.contracts.events import EventsContract, OpenEvents
from tests.contracts.reports import OpenReports, ReportsContract
from tests.stores.mongo import OnMongo, RawMongoActivity, RawMongoEvents


class TestMongoEvents(OnMongo, EventsContract):
    @pytest.fixture
    def open_events(self, mongo: Mongo, clock: Clock) -> OpenEvents:
        return lambda retention_days: MongoEvents(mongo, clock, retention_days)

    @pytest.fixture
    def raw(self, database: AsyncDatabase[Document]) -> RawMongoEvents:
        return RawMongoEvents(database)


class TestMongoActivity(OnMongo, ActivityContract):
    @pytest.fixture
    def activity(self, mongo: Mongo) -> MongoActivity:
        return MongoActivity(mongo)

    @pytest.fixture
    def raw(self, database: AsyncDatabase[Document]) -> RawMongoActivity:
        return RawMongoActivity(database)


class TestMongoAlerts(OnMongo, AlertsContract):
    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("iotflow.stores.mongo.alerts.MAX_ALERTS_PER_CHUNK", alerts.CHUNK)

    @pytest.fixture
    def open_alerts(self, mongo: Mongo, clock: Clock) -> OpenAlerts:
        return lambda retention_days: MongoAlerts(mongo, clock, retention_days)


class TestMongoReports(OnMongo, ReportsContract):
    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("iotflow.stores.mongo.reports.MAX_REPORTS_PER_CHUNK", reports.CHUNK)

    @pytest.fixture
    def open_reports(self, mongo: Mongo, clock: Clock) -> OpenReports:
        return lambda retention_days: MongoReports(mongo, clock, retention_days)
