"""Telemetry in Cassandra."""

import pytest

from iotflow.clock import Clock
from iotflow.stores.cassandra.connection import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from tests.contracts.telemetry import TelemetryContract
from tests.contracts.telemetry.base import OpenTelemetry
from tests.stores.cassandra import OnCassandra


class TestCassandraTelemetry(OnCassandra, TelemetryContract):
    @pytest.fixture
    def open_telemetry(self, cassandra: Cassandra, clock: Clock) -> OpenTelemetry:
        return lambda retention_days: CassandraTelemetry(cassandra, clock, retention_days)
