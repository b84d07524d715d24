"""`iotflow import`: reads a file and submits its records, or with --dry-run prints how it is understood."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from datetime import tzinfo

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

from iotflow.cli.errors import UsageError
from iotflow.cli.http.client import open_client, sign_in
from iotflow.cli.importer.csv_rows import BadRow
from iotflow.cli.importer.dry_run import describe
from iotflow.cli.importer.options import ImportOptions
from iotflow.cli.importer.replacements import Replacements
from iotflow.cli.importer.rows import EmptyRow, Layout, Row, RowReader
from iotflow.cli.importer.source import Source, open_source
from iotflow.cli.importer.submission import Submission, Tally
from iotflow.cli.importer.times import TimeReader, read_zone
from iotflow.domain.times import format_rfc3339

MAX_CHUNK_ROWS = 20_000
MAX_CHUNK_BYTES = 4 * 2**20
"""A chunk is read by a thread while the previous one is submitted."""
MAX_SHOWN_REPLACEMENTS = 5
Chunk = list[Row | EmptyRow | BadRow]


async def import_file(options: ImportOptions) -> bool:
    """Import a file, showing progress, guesses and bad rows on stderr and a summary on stdout.

    Return whether all rows were read, with at most `max_errors` bad ones, and none replaced another. Stored records are
    kept after an error; to import them again is idempotent. Raises UsageError, IoTFlowError.
    """
    zone = _check(options)
    with open_source(options) as source:
        reader = RowReader(
            Layout.of(options, source),
            TimeReader(options.time_format, zone, dst_order=options.dst_order),
            frozenset(options.missing),
            decimal="." if source.form is None else source.form.decimal,
            parses=source.form is not None,
        )
        run = _ImportRun(options, source, reader)
        if options.dry_run:
            return await run.preview()
        async with open_client(options.url) as client, sign_in(client, options.username) as user:
            return await run.submit(
                Submission(user, run.tally, run.report, run.note_replacement, run.has_too_many_errors)
            )


class _ImportRun:
    """One run of an import: a tally of the rows, and the rows that replace others."""

    def __init__(self, options: ImportOptions, source: Source, reader: RowReader) -> None:
        self.tally = Tally()
        self._options = options
        self._source = source
        self._reader = reader
        self._replacements = Replacements()
        self._console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)

    async def submit(self, submission: Submission) -> bool:
        """Submit all rows, or those before the bad row that exceeds the limit. Return whether the import succeeded."""
        self._show_notes()
        try:
            has_all = await self._submit(submission)
        finally:
            self._print_summary()
        return self._succeeded(has_all)

    async def preview(self) -> bool:
        """Read all rows and print how they are understood. Return whether an import would read them all."""
        first: list[Row] = []
        self._show_notes()
        for chunk in _chunks(self._source, self._reader):
            rows = self._select_good(chunk)
            first = first or rows[:3]
            for row in rows:
                self.note_replacement(row)
            self.tally.rows += len(rows)
            self.tally.values += sum(len(row.values) for row in rows)
            if self.has_too_many_errors():
                break
        print(describe(self._options, self._source, self._reader, first))
        self._print_summary()
        return self._succeeded(not self.has_too_many_errors())

    def has_too_many_errors(self) -> bool:
        """Return whether there were more bad rows than the limit."""
        return self.tally.bad > self._options.max_errors

    def report(self, row: BadRow) -> None:
        """Count and show a bad row."""
        self.tally.bad += 1
        self._console.print(f"line {row.line}: {row.reason}")

    def note_replacement(self, row: Row) -> None:
        """Note a stored row; count and show it if it replaces an earlier one."""
        earlier = self._replacements.add(row)
        if earlier is None:
            return
        self.tally.replaced += 1
        if self.tally.replaced <= MAX_SHOWN_REPLACEMENTS and not self._options.allow_replace:
            self._console.print(
                f"line {row.line}: replaces line {earlier} (device {row.device!r}, {format_rfc3339(row.time)})"
            )

    async def _submit(self, submission: Submission) -> bool:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            _Rows(self.tally),
            TimeRemainingColumn(),
        )
        content = self._source.content
        read = 0
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as progress:
            bar = progress.add_task(content.name, total=content.size)

            def advance() -> None:
                progress.update(bar, completed=content.position * (1 - submission.waiting / read))

            async with aclosing(_read_ahead(_chunks(self._source, self._reader))) as chunks:
                try:
                    async for chunk in chunks:
                        read += len(chunk)
                        await submission.store(self._select_good(chunk), advance)
                        if self.has_too_many_errors():
                            break
                except UsageError:
                    await submission.finish(advance)
                    raise
            await submission.finish(advance)
        if self.has_too_many_errors():
            self._console.print(f"stopped: more than {self._options.max_errors} bad rows (see --max-errors)")
            return False
        return True

    def _select_good(self, chunk: Sequence[Row | EmptyRow | BadRow]) -> list[Row]:
        """Return the rows to store, up to the bad row that exceeds the limit."""
        good = []
        for row in chunk:
            if isinstance(row, BadRow):
                self.report(row)
                if self.has_too_many_errors():
                    break
            elif isinstance(row, EmptyRow) or not row.values:
                self.tally.empty += 1
            else:
                good.append(row)
        return good

    def _show_notes(self) -> None:
        for note in self._source.notes:
            self._console.print(note)

    def _print_summary(self) -> None:
        lines = [self.tally.summary()]
        lines += [line for column in self._reader.columns.values() for line in column.report()]
        print("\n".join(lines))

    def _succeeded(self, has_all: bool) -> bool:
        errors = self._reader.absent_fields() if has_all else []
        if self.tally.replaced and not self._options.allow_replace:
            errors.append(
                f"{self.tally.replaced:,} rows replaced an earlier row of the same device, time and name: name all "
                "parts of the time by repeating --time-column; for the repeated hour of a clock change set "
                "--dst-order; if rows repeat on purpose set --allow-replace"
            )
        for error in errors:
            self._console.print(error)
        return has_all and not errors


class _Rows(ProgressColumn):
    """A progress column with the number of stored rows and the rate."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def render(self, task: Task) -> Text:
        rows = self._tally.rows
        return Text(f"{rows:,} rows, {rows / (task.elapsed or 1):,.0f}/s")


def _check(options: ImportOptions) -> tzinfo | None:
    """Return the time zone. Raises UsageError if the options contradict each other."""
    if (options.device is None) == (options.device_column is None):
        raise UsageError(
            "expected either --device, the device of all rows, or --device-column, the column of device names"
        )
    if (options.name_column is None) != (options.value_column is None):
        raise UsageError("expected --name-column and --value-column together")
    if options.time_format is not None and "%Z" in options.time_format:
        raise UsageError("--time-format: %Z loses the zone that it reads; use %z for offsets, or --timezone")
    try:
        return None if options.timezone is None else read_zone(options.timezone)
    except ValueError as error:
        raise UsageError(f"--timezone {options.timezone}: {error}, or an offset like +01:00") from None


async def _read_ahead(chunks: Iterator[Chunk]) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks; a thread reads one chunk ahead. An error is raised after the chunks before it."""
    upcoming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while chunk := await upcoming:
            upcoming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            yield chunk
    finally:
        # The thread reads the file, which must stay open until then.
        await asyncio.gather(upcoming, return_exceptions=True)


def _chunks(source: Source, reader: RowReader) -> Iterator[Chunk]:
    """Yield the rows in lists of bounded size. When reading fails, yield the rows before the error, then raise it."""
    rows: Chunk = []
    started_at = source.bytes_read
    try:
        for row in reader.rows(source):
            rows.append(row)
            if len(rows) >= MAX_CHUNK_ROWS or source.bytes_read - started_at > MAX_CHUNK_BYTES:
                reader.settle()
                yield rows
                rows, started_at = [], source.bytes_read
    except UsageError:
        if rows:
            reader.settle()
            yield rows
        raise
    if rows:
        reader.settle()
        yield rows
