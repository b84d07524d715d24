"""Submits rows to the caller's devices, over HTTP in batches."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from iotflow.cli.errors import ServiceError
from iotflow.cli.http import responses
from iotflow.cli.http.session import Session
from iotflow.cli.importer.csv_rows import BadRow
from iotflow.cli.importer.rows import Row
from iotflow.cli.importer.tally import Tally
from iotflow.domain.telemetry import MAX_NAMES_PER_RECORD, Value
from iotflow.domain.times import format_rfc3339

MAX_BATCH_ROWS = 1_000
"""Records of one request: few enough that devices which submit at the same time wait only briefly."""
MAX_CONCURRENT_DEVICES = 16
"""Devices whose rows are submitted at the same time. The rows of one device are submitted in order."""
DEVICE_TYPE = "imported"
"""The type of devices that an import registers."""
TOO_LARGE = 413
UNPROCESSABLE = 422


class Submission:
    """Submits rows of many devices, registers missing ones and counts the outcome.

    `report` receives rows that the service refuses, `has_too_many_errors` then ends the submission; `accept` receives
    the stored rows, those of a device in order.
    """

    def __init__(
        self,
        session: Session,
        tally: Tally,
        report: Callable[[BadRow], None],
        accept: Callable[[Row], None],
        has_too_many_errors: Callable[[], bool],
    ) -> None:
        self._session = session
        self._tally = tally
        self._report = report
        self._accept = accept
        self._has_too_many_errors = has_too_many_errors
        self._device_ids: dict[str, int] | None = None
        self._is_first = True

    async def store(self, rows: Iterable[Row], advance: Callable[[int], None]) -> None:
        """Store rows; call `advance` with the number of rows after each batch. Raises ServiceError.

        Stops when the service has refused more rows than the limit.
        """
        by_device: dict[str, list[Row]] = {}
        for row in rows:
            by_device.setdefault(row.device, []).append(row)
        groups = iter(by_device.items())
        bad_before = self._tally.bad

        async def work(devices: Iterable[tuple[str, list[Row]]]) -> None:
            for name, device_rows in devices:
                for start in range(0, len(device_rows), MAX_BATCH_ROWS):
                    if self._tally.bad > bad_before and self._has_too_many_errors():
                        return
                    batch = device_rows[start : start + MAX_BATCH_ROWS]
                    await self._store_batch(name, batch)
                    advance(len(batch))

        if self._is_first:
            # A file that the service refuses is refused before many devices are registered for it.
            self._is_first = False
            await work(itertools.islice(groups, 1))
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(MAX_CONCURRENT_DEVICES, len(by_device))):
                    tasks.create_task(work(groups))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _store_batch(self, name: str, rows: Sequence[Row]) -> None:
        try:
            device_id = await self._device_id(name)
        except ServiceError as error:
            if error.status != UNPROCESSABLE:
                raise
            self._report_all(rows, f"device {name!r}: {error}")
            return
        await self._submit(device_id, rows)

    async def _submit(self, device_id: int, rows: Sequence[Row]) -> None:
        """Submit rows of one device; split them in halves when the service returns 413."""
        records, owners = [], []
        for index, row in enumerate(rows):
            timestamp = format_rfc3339(row.time)
            for values in _split(row.values):
                records.append({"timestamp": timestamp, "data": values})
                owners.append(index)
        try:
            answer = await self._session.post(
                f"/api/v1/telemetry/{device_id}/batch", responses.BatchAnswer, records, repeatable=True
            )
        except ServiceError as error:
            if error.status != TOO_LARGE:
                raise
            if len(rows) == 1:
                self._report_all(rows, str(error))
                return
            middle = len(rows) // 2
            await self._submit(device_id, rows[:middle])
            await self._submit(device_id, rows[middle:])
            return
        refused: dict[int, str] = {}
        for rejection in answer.errors:
            refused.setdefault(owners[rejection.index], rejection.detail)
        stored = [row for index, row in enumerate(rows) if index not in refused]
        self._tally.rows += len(stored)
        self._tally.values += sum(len(row.values) for row in stored)
        self._tally.repeated += sum(row.repeated for row in stored)
        for row in stored:
            self._accept(row)
        for index, detail in refused.items():
            self._report_all([rows[index]], detail)

    async def _device_id(self, name: str) -> int:
        """Return the id of the caller's device of this name; register a missing one. Raises ServiceError."""
        if self._device_ids is None:
            self._device_ids = {device.name: device.id for device in await self._session.own_devices()}
        if name not in self._device_ids:
            answer = await self._session.post(
                "/api/v1/devices/register",
                responses.KeyedDeviceAnswer,
                {"name": name, "device_type": DEVICE_TYPE, "description": "Registered by an import."},
            )
            self._device_ids[name] = answer.device.id
            self._tally.devices += 1
        return self._device_ids[name]

    def _report_all(self, rows: Sequence[Row], reason: str) -> None:
        for row in rows:
            self._report(BadRow(row.line, reason))


def _split(values: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Yield the values in parts that a record can hold."""
    if len(values) <= MAX_NAMES_PER_RECORD:
        yield values
        return
    items = iter(values.items())
    while part := dict(itertools.islice(items, MAX_NAMES_PER_RECORD)):
        yield part
