"""Submits the rows of a file: in batches by device, and registers missing devices."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from iotflow_sdk import TooLarge, ValidationProblem
from iotflow_sdk.api.devices import register_device
from iotflow_sdk.models import BatchResult, DeviceCreate

from iotflow.cli.http.client import ServiceClient
from iotflow.cli.importer.batch import Batch, merged_batch, separate_batch
from iotflow.cli.importer.csv_rows import BadRow
from iotflow.cli.importer.pending import MAX_BATCH_ROWS, Due, PendingRows
from iotflow.cli.importer.rows import Row

MAX_CONCURRENT_DEVICES = 16
"""Devices whose rows are submitted at the same time. The rows of one device are submitted in order."""
DEVICE_TYPE = "imported"
"""The type of devices that an import registers."""
JSON = {"Content-Type": "application/json"}


@dataclass(slots=True)
class Tally:
    """Counts of the rows so far, by outcome."""

    rows: int = 0
    values: int = 0
    devices: int = 0
    empty: int = 0
    repeated: int = 0
    replaced: int = 0
    bad: int = 0

    def summary(self) -> str:
        """Return a line for each count, without the exceptional ones that are 0."""
        always = [("rows stored", self.rows), ("values stored", self.values)]
        sometimes = [
            ("devices registered", self.devices),
            ("rows without a value", self.empty),
            ("local times that a clock change repeats, read as the earlier", self.repeated),
            ("rows that replaced an earlier row of the same device, time and name", self.replaced),
            ("bad rows", self.bad),
        ]
        return "\n".join(f"{what}: {count:,}" for what, count in always + [item for item in sometimes if item[1]])


class Submission:
    """Submits rows of many devices, registers missing ones and counts the outcome.

    `report` receives rows that the service refuses, `has_too_many_errors` then ends the submission; `accept` receives
    the stored rows, those of a device in order.
    """

    def __init__(
        self,
        client: ServiceClient,
        tally: Tally,
        report: Callable[[BadRow], None],
        accept: Callable[[Row], None],
        has_too_many_errors: Callable[[], bool],
    ) -> None:
        self._client = client
        self._tally = tally
        self._report = report
        self._accept = accept
        self._has_too_many_errors = has_too_many_errors
        self._pending = PendingRows()
        self._device_ids: dict[str, int] | None = None
        self._is_first = True
        self._is_stopped = False

    @property
    def waiting(self) -> int:
        """The number of rows that `store` holds back for larger batches."""
        return len(self._pending)

    async def store(self, rows: Iterable[Row], advance: Callable[[], None]) -> None:
        """Store rows, or hold them back until a batch is full; call `advance` after each batch.

        Stops when the service has refused more rows than the limit. Raises IoTFlowError.
        """
        self._pending.add(rows)
        if self._is_first and self._pending:
            # A file that the service refuses is refused before many devices are registered for it.
            self._is_first = False
            await self._send(self._pending.take_first(), advance)
        await self._send(self._pending.take_due(), advance)

    async def finish(self, advance: Callable[[], None]) -> None:
        """Store the rows that are held back. Raises IoTFlowError."""
        await self._send(self._pending.take_all(), advance)

    async def _send(self, due: Due, advance: Callable[[], None]) -> None:
        devices = iter(due.items())

        async def work() -> None:
            for name, rows in devices:
                for start in range(0, len(rows), MAX_BATCH_ROWS):
                    if self._is_stopped:
                        return
                    await self._store_batch(name, rows[start : start + MAX_BATCH_ROWS])
                    advance()

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(MAX_CONCURRENT_DEVICES, len(due))):
                    tasks.create_task(work())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _store_batch(self, name: str, rows: Sequence[Row]) -> None:
        try:
            device_id = await self._device_id(name)
        except ValidationProblem as error:
            self._refuse(rows, f"device {name!r}: {error}")
            return
        await self._submit(device_id, rows, merged_batch(rows))

    async def _submit(self, device_id: int, rows: Sequence[Row], batch: Batch) -> None:
        """Submit rows of one device; split them in halves when the service returns 413."""
        try:
            result = await self._client.call(
                BatchResult,
                "POST",
                f"/api/v1/telemetry/{device_id}/batch",
                content=msgspec.json.encode(batch.records),
                headers=JSON,
            )
        except TooLarge as error:
            if len(rows) == 1:
                self._refuse(rows, str(error))
                return
            middle = len(rows) // 2
            for half in (rows[:middle], rows[middle:]):
                await self._submit(device_id, half, merged_batch(half))
            return
        if any(rejection.index in batch.shared for rejection in result.errors):
            # Of the rows that share a rejected record, perhaps one alone is bad. All rows go again, in their order.
            await self._submit(device_id, rows, separate_batch(rows))
            return
        refused: dict[int, str] = {}
        for rejection in result.errors:
            refused.setdefault(batch.rows[rejection.index], rejection.detail)
        stored = [row for index, row in enumerate(rows) if index not in refused] if refused else rows
        self._tally.rows += len(stored)
        self._tally.values += sum([len(row.values) for row in stored])
        self._tally.repeated += sum([row.repeated for row in stored])
        for row in stored:
            self._accept(row)
        for index, detail in refused.items():
            self._refuse([rows[index]], detail)

    async def _device_id(self, name: str) -> int:
        """Return the id of the caller's device of this name; register a missing one. Raises IoTFlowError."""
        if self._device_ids is None:
            self._device_ids = {device.name: device.id async for device in self._client.devices()}
        if name not in self._device_ids:
            body = DeviceCreate(name=name, device_type=DEVICE_TYPE, description="Registered by an import.")
            self._device_ids[name] = (await register_device.asyncio(self._client, body=body)).device.id
            self._tally.devices += 1
        return self._device_ids[name]

    def _refuse(self, rows: Sequence[Row], reason: str) -> None:
        for row in rows:
            self._report(BadRow(row.line, reason))
        self._is_stopped = self._has_too_many_errors()
