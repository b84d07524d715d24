"""`iotflow import`: history from a file into the caller's own devices, over HTTP in batches."""

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

from iotflow.client import answers
from iotflow.client.errors import ServiceError, WrongUse
from iotflow.client.rows import EmptyRow, Layout, Row, RowReader
from iotflow.client.session import Session, open_session, sign_in
from iotflow.client.source import BadRow, Source, open_source
from iotflow.client.times import TimeReader
from iotflow.domain.times import format_rfc3339
from iotflow.domain.windows import parse_zone

CHUNK_ROWS = 20_000
CHUNK_BYTES = 8 * 2**20
"""How much is read before it goes out, sorted by device; a file may tell of many devices in turn."""
BATCH_ROWS = 1_000
"""How many records go out at once: few enough that devices which report meanwhile do not wait for long."""
DEVICE_TYPE = "imported"
"""The type of devices that an import registers."""
TOO_LARGE = 413
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the command line says. One of `device` and `device_column` is given."""

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
        """How to read the rows. Raises WrongUse where options contradict each other."""
        if (self.device is None) == (self.device_column is None):
            raise WrongUse("say either --device, the device of all rows, or --device-column, which names each row's")
        if self.time_format is not None and "%Z" in self.time_format:
            raise WrongUse("--time-format: %Z loses the zone that it reads; use %z for offsets, or --timezone")
        try:
            zone = None if self.timezone is None else parse_zone(self.timezone)
        except ValueError as error:
            raise WrongUse(f"--timezone {self.timezone}: {error}") from None
        layout = Layout(self.device, self.device_column, self.time_column, self.fields)
        return RowReader(layout, TimeReader(self.time_format, zone))


@dataclass(slots=True)
class Tally:
    """What became of the rows so far."""

    rows: int = 0
    values: int = 0
    devices: int = 0
    empty: int = 0
    repeated: int = 0
    bad: int = 0

    def summary(self) -> str:
        """A line for each number; what may have happened and did not is left out."""
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

    Returns whether all of it was read, with at most `max_errors` bad rows. What was stored stays stored, and storing
    it again changes nothing. Raises WrongUse, ServiceError.
    """
    reader = options.reader()
    with open_source(options.file) as source:
        reader.layout.check(source)
        async with open_session(options.url) as session, sign_in(session, options.username) as user:
            backfill = _Backfill(user, options.max_errors)
            try:
                return await backfill.run(source, reader)
            finally:
                print(backfill.tally.summary())


class _Backfill:
    """One import: which devices there are, and what became of the rows."""

    def __init__(self, session: Session, max_errors: int) -> None:
        self.tally = Tally()
        self._session = session
        self._max_errors = max_errors
        self._console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
        self._device_ids: dict[str, int] | None = None

    async def run(self, source: Source, reader: RowReader) -> bool:
        """Import all rows, or those before the bad row that is one too many; whether it was all."""
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
                async for rows in self._store(self._good(chunk)):
                    progress.advance(bar, rows * share)
                if self._too_many:
                    self._console.print(f"stopped: more than {self._max_errors} bad rows (see --max-errors)")
                    return False
                progress.update(bar, completed=source.position)
        return True

    @property
    def _too_many(self) -> bool:
        return self.tally.bad > self._max_errors

    def _good(self, chunk: Sequence[Row | EmptyRow | BadRow]) -> list[Row]:
        """The rows to store, up to the bad row that is one too many."""
        good = []
        for row in chunk:
            if isinstance(row, Row):
                good.append(row)
            elif isinstance(row, EmptyRow):
                self.tally.empty += 1
            else:
                self._tell(row)
                if self._too_many:
                    break
        return good

    async def _store(self, rows: Sequence[Row]) -> AsyncIterator[int]:
        """Store rows, one device's after another's, saying how many at a time.

        It ends where the service refuses a row that is one too many.
        """
        by_device: dict[str, list[Row]] = {}
        for row in rows:
            by_device.setdefault(row.device, []).append(row)
        for name, device_rows in by_device.items():
            for start in range(0, len(device_rows), BATCH_ROWS):
                bad_before = self.tally.bad
                batch = device_rows[start : start + BATCH_ROWS]
                await self._store_of(name, batch)
                yield len(batch)
                if self.tally.bad > bad_before and self._too_many:
                    return

    async def _store_of(self, name: str, rows: Sequence[Row]) -> None:
        try:
            device_id = await self._device_id(name)
        except ServiceError as error:
            if error.status != UNPROCESSABLE:
                raise
            self._tell_all(rows, f"device {name!r}: {error}")
            return
        await self._submit(device_id, rows)

    async def _submit(self, device_id: int, rows: Sequence[Row]) -> None:
        """Submit rows of one device; in halves where the service says that they are too much for one request."""
        records = [{"timestamp": format_rfc3339(row.time), "data": row.values} for row in rows]
        try:
            answer = await self._session.post(
                f"/api/v1/telemetry/{device_id}/batch", answers.BatchAnswer, records, repeatable=True
            )
        except ServiceError as error:
            if error.status != TOO_LARGE:
                raise
            if len(rows) == 1:
                self._tell_all(rows, str(error))
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
            self._tell_all([rows[rejection.index]], rejection.detail)

    async def _device_id(self, name: str) -> int:
        """The caller's device of this name, registered now if there is none. Raises ServiceError."""
        if self._device_ids is None:
            self._device_ids = {device.name: device.id for device in await self._session.own_devices()}
        if name not in self._device_ids:
            answer = await self._session.post(
                "/api/v1/devices/register",
                answers.KeyedDeviceAnswer,
                {"name": name, "device_type": DEVICE_TYPE, "description": "Registered by an import."},
            )
            self._device_ids[name] = answer.device.id
            self.tally.devices += 1
        return self._device_ids[name]

    def _tell_all(self, rows: Sequence[Row], reason: str) -> None:
        for row in rows:
            self._tell(BadRow(row.line, reason))

    def _tell(self, row: BadRow) -> None:
        self.tally.bad += 1
        self._console.print(f"line {row.line}: {row.reason}")


class _Rows(ProgressColumn):
    """How many rows are stored, and how many in a second."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def render(self, task: Task) -> Text:
        rows = self._tally.rows
        return Text(f"{rows:,} rows, {rows / (task.elapsed or 1):,.0f}/s")


def _chunks(source: Source, reader: RowReader) -> Iterator[list[Row | EmptyRow | BadRow]]:
    """The rows in lists of bounded size; where reading fails, what came before comes first."""
    rows: list[Row | EmptyRow | BadRow] = []
    begun_at = source.bytes_read
    try:
        for row in reader.rows(source):
            rows.append(row)
            if len(rows) == CHUNK_ROWS or source.bytes_read - begun_at > CHUNK_BYTES:
                yield rows
                rows, begun_at = [], source.bytes_read
    except WrongUse:
        if rows:
            yield rows
        raise
    if rows:
        yield rows
