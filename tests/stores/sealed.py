"""The telemetry contract on sealed records."""

import asyncio
from collections.abc import Sequence

from iotflow.clock import Clock
from iotflow.domain.telemetry import Record
from iotflow.domain.times import DAY_MS
from iotflow.repositories.retention import RecordSealer
from iotflow.repositories.telemetry import TelemetryRepository
from iotflow.stores.sql.database import Database
from iotflow.stores.sql.sealing import DaySealer
from iotflow.stores.sql.telemetry import SqlTelemetry
from tests.contracts.telemetry.base import record
from tests.stores.sql import SqlTables, SqlTelemetrySuite


async def seal_round(sealer: RecordSealer) -> None:
    """Seal all that is closed."""
    while await sealer.seal_chunk():
        pass


class SealedTelemetry(SqlTelemetry):
    """Seals all records after each write, and so reads what is sealed."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        super().__init__(database, clock, retention_days)
        self._sealer = DaySealer(database, clock, closed_after_ms=-2 * DAY_MS, min_records=1)
        self._round = asyncio.Lock()

    async def write(self, device_id: int, records: Sequence[Record]) -> None:
        await super().write(device_id, records)
        async with self._round:
            await seal_round(self._sealer)


class SealedTelemetrySuite(SqlTelemetrySuite):
    """The contract with every record in a block, but those of devices with more than `MAX_SEALED_SCHEMAS`."""

    implementation = SealedTelemetry

    async def test_records_are_sealed(
        self, telemetry: TelemetryRepository, tables: SqlTables, clock: Clock, device: int
    ) -> None:
        await telemetry.write(device, [record(clock, time, {"x": time}) for time in range(5_000)])
        assert await tables.rows("telemetry_records", device) == []
        blocks = await tables.rows("telemetry_blocks", device)
        assert [block["number"] for block in blocks] == [2_048, 2_048, 904]
