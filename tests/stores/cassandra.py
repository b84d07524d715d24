"""Cassandra for tests: a migrated keyspace for each test process, and a session to look into it."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import acsylla  # type: ignore[import-untyped]  # the driver has no types
import msgspec
import pytest

from iotflow.addresses import CassandraAddress
from iotflow.clock import Clock, SystemClock
from iotflow.domain.json import JsonObject
from iotflow.domain.times import Micros, Millis
from iotflow.stores.cassandra.driver import Cluster
from iotflow.stores.cassandra.migrations import upgrade
from iotflow.stores.cassandra.session import Cassandra
from iotflow.stores.cassandra.telemetry import CassandraTelemetry
from iotflow.urls import parse_cassandra_url
from tests.contracts.telemetry.base import RETENTION_DAYS, RawPoint, new_device
from tests.contracts.timed import PassTime

PATIENCE_S = 15.0


def raise_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the deadlines, so that tests of other things pass on a busy machine."""
    for method in (Cassandra.execute, Cassandra.execute_batch):
        monkeypatch.setattr(method, "__kwdefaults__", {**(method.__kwdefaults__ or {}), "timeout_s": PATIENCE_S})
    monkeypatch.setattr("iotflow.stores.cassandra.telemetry.SHORT_TIMEOUT_S", PATIENCE_S)


class RawCassandra:
    """Queries on a separate session. Values are part of the CQL: only tests choose them."""

    def __init__(self, address: CassandraAddress) -> None:
        self._address = address

    async def query(self, cql: str) -> list[dict[str, Any]]:
        """Run one statement on a new session and return its rows."""
        cluster = Cluster(self._address)
        session = await cluster.open_session()
        try:
            return [row.as_dict() for row in await session.driver.execute(acsylla.create_statement(cql, timeout=60))]
        finally:
            await session.close()
            cluster.close()


@dataclass
class Sent:
    """Numbers of statements and batches that were sent; each page counts as a statement."""

    statements: int = 0
    batches: int = 0

    @property
    def all(self) -> int:
        return self.statements + self.batches


class _Counting:
    """A proxy of the driver's session that counts calls."""

    def __init__(self, driver: Any, sent: Sent) -> None:  # Any: the driver has no types
        self._driver = driver
        self._sent = sent

    async def execute(self, statement: object) -> Any:
        self._sent.statements += 1
        return await self._driver.execute(statement)

    async def execute_batch(self, batch: object) -> Any:
        self._sent.batches += 1
        return await self._driver.execute_batch(batch)

    async def create_prepared(self, cql: str) -> Any:
        return await self._driver.create_prepared(cql)


@asynccontextmanager
async def counted(cassandra: Cassandra) -> AsyncIterator[Sent]:
    """Count what is sent during the block, without the preparation of statements."""
    session = cassandra._session
    assert session is not None
    driver, sent = session.driver, Sent()
    session.driver = _Counting(driver, sent)
    yield sent
    session.driver = driver


class OnCassandra:
    """Runs a suite on Cassandra, which expires data by the clock of its machine."""

    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    @pytest.fixture
    def pass_time(self) -> PassTime:
        async def wait(seconds: float) -> None:
            await asyncio.sleep(seconds)

        return wait

    @pytest.fixture
    async def cassandra(
        self, cassandra_keyspace: CassandraAddress, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[Cassandra]:
        raise_deadlines(monkeypatch)
        cassandra = Cassandra(cassandra_keyspace)
        await cassandra.connect()
        yield cassandra
        await cassandra.close()

    @pytest.fixture
    def raw(self, cassandra_keyspace: CassandraAddress) -> "CassandraRawTelemetry":
        return CassandraRawTelemetry(cassandra_keyspace)


class OnCassandraTelemetry(OnCassandra):
    """Runs tests on the implementation of telemetry and a new device."""

    @pytest.fixture
    def telemetry(self, cassandra: Cassandra, clock: Clock) -> CassandraTelemetry:
        return CassandraTelemetry(cassandra, clock, RETENTION_DAYS)

    @pytest.fixture
    def device(self) -> int:
        return new_device()


class CassandraRawTelemetry(RawCassandra):
    """Cassandra implementation of `RawTelemetry`. Leaves out values that a later record of their time has replaced."""

    def __init__(self, address: CassandraAddress) -> None:
        super().__init__(address)
        self._keyspace = address.keyspace

    async def points(self, device_id: int) -> list[RawPoint]:
        schemas = {row["schema_id"]: row["names"] for row in await self.rows("telemetry_schemas", "*", device_id)}
        selected = "time, schema_id, measurements, writetime(measurements) AS stamp, large_measurements, "
        selected += "writetime(large_measurements) AS large_stamp"
        points: dict[tuple[int, str], RawPoint] = {}
        for row in await self.rows("telemetry_records", selected, device_id):
            cells: list[tuple[Any, Any]] = [
                (row["stamp"], row["measurements"]),
                (row["large_stamp"], row["large_measurements"]),
            ]
            written = [cell for cell in cells if cell[0] is not None]
            if not written:
                continue
            stamp, measurements = max(written)
            for name, value in zip(schemas[row["schema_id"]], msgspec.msgpack.decode(measurements), strict=True):
                point = RawPoint(Millis(row["time"]), name, value, Micros(stamp))
                held = points.setdefault((point.timestamp, name), point)
                if held.received < point.received:
                    points[point.timestamp, name] = point
        return sorted(points.values(), key=lambda point: (point.timestamp, point.name))

    async def metadata(self, device_id: int) -> dict[Millis, JsonObject]:
        rows = await self.rows("telemetry_records", "time, metadata, writetime(metadata) AS stamp", device_id)
        rows = sorted((row for row in rows if row["metadata"] is not None), key=lambda row: row["stamp"])
        return {Millis(row["time"]): json.loads(row["metadata"]) for row in rows}

    async def rows(self, table: str, columns: str, device_id: int) -> Sequence[dict[str, Any]]:
        """Return the rows of a device."""
        return await self.query(
            f"SELECT {columns} FROM {self._keyspace}.{table} WHERE device_id = {device_id} ALLOW FILTERING"
        )


@pytest.fixture(scope="session")
def cassandra_keyspace(cassandra_url: str) -> Iterator[CassandraAddress]:
    """A migrated keyspace, created once per test process: creating tables takes seconds."""
    address = parse_cassandra_url(f"{cassandra_url}/iotflow_test_{secrets.token_hex(6)}")

    async def migrate() -> None:
        cassandra = Cassandra(address)
        try:
            await upgrade(cassandra)
        finally:
            await cassandra.close()

    asyncio.run(migrate())
    yield address
    asyncio.run(drop_keyspace(address))


async def drop_keyspace(address: CassandraAddress) -> None:
    await RawCassandra(address).query(f"DROP KEYSPACE {address.keyspace}")
