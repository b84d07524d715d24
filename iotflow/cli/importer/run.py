"""`iotflow import`: submits a file's records to the caller's devices, over HTTP in batches."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from iotflow.cli.errors import ServiceError, UsageError
from iotflow.cli.http import responses
from iotflow.cli.http.session import Session, open_session, sign_in
from iotflow.cli.importer.rows import EmptyRow, Layout, Row, RowReader
from iotflow.cli.importer.source import BadRow, Source, open_source
from iotflow.cli.importer.times import TimeReader
from iotflow.domain.time_windows import parse_zone
from iotflow.domain.times import format_rfc3339

MAX_CHUNK_ROWS = 20_000
MAX_CHUNK_BYTES = 8 * 2**20
"""A chunk is read, grouped by device, and submitted: a file may interleave the rows of many devices."""
MAX_BATCH_ROWS = 1_000
"""Records of one request: few enough that devices which submit at the same time wait only briefly."""
DEVICE_TYPE = "imported"
"""The type of devices that an import registers."""
TOO_LARGE = 413
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of the command. Exactly one of `device` and `device_column` must be given."""

    url: str
    file: Path
    time_column: str
    device: str | None = None
    device_column: str | None = None
    time_format: str | None = None
    timezone: str | None = None
    fields: Sequence[str] = ()
    max_errors: int = 0
    username: str | None = None

    def reader(self) -> RowReader:
        """Return the reader for these options. Raises UsageError if they contradict each other."""
        if (self.device is None) == (self.device_column is None):
            raise UsageError(
                "expected either --device, the device of all rows, or --device-column, the column of device names"
            )
        if self.time_format is not None and "%Z" in self.time_format:
            raise UsageError("--time-format: %Z loses the zone that it reads; use %z for offsets, or --timezone")
        try:
            zone = None if self.timezone is None else parse_zone(self.timezone)
        except ValueError as error:
            raise UsageError(f"--timezone {self.timezone}: {error}") from None
        layout = Layout(self.device, self.device_column, self.time_column, self.fields)
        return RowReader(layout, TimeReader(self.time_format, zone))


@dataclass(slots=True)
class Tally:
    """Counts of the rows so far, by outcome."""

    rows: int = 0
    values: int = 0
    devices: int = 0
    empty: int = 0
    repeated: int = 0
    bad: int = 0

    def summary(self) -> str:
        """Return a line for each count, without the exceptional ones that are 0."""
        always = [("rows stored", self.rows), ("values stored", self.values)]
        sometimes = [
            ("devices registered", self.devices),
            ("rows without a value", self.empty),
            ("local times that a clock change repeats, read as the earlier", self.repeated),
            ("bad rows", self.bad),
        ]
        return "\n".join(f"{what}: {count:,}" for what, count in always + [item for item in sometimes if item[1]])


async def import_file(options: ImportOptions) -> bool:
    """Import a file, showing progress and bad rows on stderr and a summary on stdout.

    Return whether all rows were read, with at most `max_errors` bad ones. Stored records are kept after an error; to
    import them again is idempotent. Raises UsageError, ServiceError.
    """
    reader = options.reader()
    with open_source(options.file) as source:
        reader.layout.check(source)
        async with open_session(options.url) as session, sign_in(session, options.username) as user:
            run = _ImportRun(user, options.max_errors)
            try:
                return await run.run(source, reader)
            finally:
                print(run.tally.summary())


class _ImportRun:
    """One run of an import: the devices by name, and a tally of the rows."""

    def __init__(self, session: Session, max_errors: int) -> None:
        self.tally = Tally()
        self._session = session
        self._max_errors = max_errors
        self._console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
        self._device_ids: dict[str, int] | None = None

    async def run(self, source: Source, reader: RowReader) -> bool:
        """Import all rows, or those before the bad row that exceeds the limit. Return whether all were imported."""
        chunks = _chunks(source, reader)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            _Rows(self.tally),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as progress:
            bar = progress.add_task(source.name, total=source.size)
            while chunk := await asyncio.to_thread(next, chunks, None):
                share = (source.position - progress.tasks[bar].completed) / len(chunk)
                async for rows in self._store(self._select_good(chunk)):
                    progress.advance(bar, rows * share)
                if self._has_too_many_errors:
                    self._console.print(f"stopped: more than {self._max_errors} bad rows (see --max-errors)")
                    return False
                progress.update(bar, completed=source.position)
        return True

    @property
    def _has_too_many_errors(self) -> bool:
        return self.tally.bad > self._max_errors

    def _select_good(self, chunk: Sequence[Row | EmptyRow | BadRow]) -> list[Row]:
        """Return the rows to store, up to the bad row that exceeds the limit."""
        good = []
        for row in chunk:
            if isinstance(row, Row):
                good.append(row)
            elif isinstance(row, EmptyRow):
                self.tally.empty += 1
            else:
                self._report(row)
                if self._has_too_many_errors:
                    break
        return good

    async def _store(self, rows: Sequence[Row]) -> AsyncIterator[int]:
        """Store rows device by device, yielding the number of rows after each batch.

        Stops when the service has refused more rows than the limit.
        """
        by_device: dict[str, list[Row]] = {}
        for row in rows:
            by_device.setdefault(row.device, []).append(row)
        for name, device_rows in by_device.items():
            for start in range(0, len(device_rows), MAX_BATCH_ROWS):
                bad_before = self.tally.bad
                batch = device_rows[start : start + MAX_BATCH_ROWS]
                await self._store_batch(name, batch)
                yield len(batch)
                if self.tally.bad > bad_before and self._has_too_many_errors:
                    return

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
        records = [{"timestamp": format_rfc3339(row.time), "data": row.values} for row in rows]
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
        refused = {rejection.index for rejection in answer.errors}
        stored = [row for index, row in enumerate(rows) if index not in refused]
        self.tally.rows += len(stored)
        self.tally.values += sum(len(row.values) for row in stored)
        self.tally.repeated += sum(row.repeated for row in stored)
        for rejection in answer.errors:
            self._report_all([rows[rejection.index]], rejection.detail)

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
            self.tally.devices += 1
        return self._device_ids[name]

    def _report_all(self, rows: Sequence[Row], reason: str) -> None:
        for row in rows:
            self._report(BadRow(row.line, reason))

    def _report(self, row: BadRow) -> None:
        self.tally.bad += 1
        self._console.print(f"line {row.line}: {row.reason}")


class _Rows(ProgressColumn):
    """A progress column with the number of stored rows and the rate."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def render(self, task: Task) -> Text:
        rows = self._tally.rows
        return Text(f"{rows:,} rows, {rows / (task.elapsed or 1):,.0f}/s")


def _chunks(source: Source, reader: RowReader) -> Iterator[list[Row | EmptyRow | BadRow]]:
    """Yield the rows in lists of bounded size. When reading fails, yield the rows before the error, then raise it."""
    rows: list[Row | EmptyRow | BadRow] = []
    started_at = source.bytes_read
    try:
        for row in reader.rows(source):
            rows.append(row)
            if len(rows) == MAX_CHUNK_ROWS or source.bytes_read - started_at > MAX_CHUNK_BYTES:
                yield rows
                rows, started_at = [], source.bytes_read
    except UsageError:
        if rows:
            yield rows
        raise
    if rows:
        yield rows
