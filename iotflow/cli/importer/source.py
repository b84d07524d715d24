"""An open file of rows: CSV, NDJSON or a JSON array."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from iotflow.cli.errors import UsageError
from iotflow.cli.importer.content import Content, open_content
from iotflow.cli.importer.csv_head import CsvForm, detect_form
from iotflow.cli.importer.csv_rows import BadRow, csv_rows, shorten
from iotflow.cli.importer.json_rows import RawRow, json_array_rows, json_line_rows
from iotflow.cli.importer.lines import Lines
from iotflow.cli.importer.options import ImportOptions

_COMMA = re.compile(r"\s*,\s*")


class Source:
    """An open file. `form` and `columns` are None for JSON, which has no header. `notes` report guesses.

    A column of the list may be unnamed (empty): all its cells must be empty.
    """

    def __init__(self, content: Content, options: ImportOptions) -> None:
        self.content = content
        self._lines = Lines(content)
        self._options = options
        self.notes: list[str] = []
        self.form: CsvForm | None = None
        self.columns: Sequence[str] | None = None
        self.has_filled_unnamed = False
        self.kind = self._detect_kind()
        if content.encoding.startswith(("utf-16", "utf-32")) and options.encoding is None:
            self.notes.append(f"encoding: {content.encoding}, detected; see --encoding")
        if self.kind == "CSV":
            self.form = detect_form(self._lines, options)
            self.notes += self.form.notes
            self.columns = self._clean(self.form)

    @property
    def bytes_read(self) -> int:
        """The number of decompressed bytes read."""
        return self._lines.bytes_read

    @property
    def hint(self) -> str:
        """A remedy if a column is missing."""
        return f"; {self.form.hint}" if self.form is not None and self.form.hint else ""

    def rows(self) -> Iterator[RawRow | BadRow]:
        """Yield the rows in order without blank lines. Raises UsageError if the file is damaged."""
        if self.form is not None and self.columns is not None:
            return self._csv_rows(self.form, self.columns)
        if self.kind == "JSON array":
            return json_array_rows(self._lines, self._options.flatten)
        return json_line_rows(self._lines, self._options.flatten)

    def _detect_kind(self) -> str:
        try:
            start = self.content.stream.peek(64).removeprefix(b"\xef\xbb\xbf").lstrip()
        except self.content.damage:
            start = b""  # the first read reports the damage
        if start.startswith(b"[") and not self._options.skip_lines:
            return "JSON array"
        first = next((line for line in self._lines.peek(100) if line.strip()), "")
        if "\0" in first and self._options.encoding is None:
            raise UsageError(f"{self.content.path}: null characters; name the --encoding, like utf-16-le")
        return "NDJSON" if first.lstrip().startswith("{") else "CSV"

    def _clean(self, form: CsvForm) -> list[str]:
        """Return the columns with names that can be stored, and note what changed."""
        empty = [index for index, name in enumerate(form.columns) if not name]
        self.has_filled_unnamed = any(row[index] for row in form.sample for index in empty)
        if empty and not self.has_filled_unnamed:
            self.notes.append(f"columns without a name and a value, left out: {len(empty)}")
        columns = []
        for name in form.columns:
            clean = clean_name(name)
            if clean != name:
                self.notes.append(f"column {name!r}: stored as {clean!r}, without the comma; see --rename")
            columns.append(clean)
        return columns

    def _csv_rows(self, form: CsvForm, columns: Sequence[str]) -> Iterator[RawRow | BadRow]:
        unnamed = [index for index, name in enumerate(columns) if not name]
        skips_unnamed = "" in self._options.skip_fields
        for row in csv_rows(self._lines, form.delimiter, len(columns), self._options.comment):
            if isinstance(row, BadRow):
                yield row
                continue
            line, cells = row
            if unnamed and not skips_unnamed:
                value = next((cells[index] for index in unnamed if cells[index].strip()), None)
                if value is not None:
                    reason = f"a value in a column without a name: read {shorten(value)}; name it with --columns"
                    yield BadRow(line, f"{reason}, or leave it out with --skip-field ''")
                    continue
            yield RawRow(line, dict(zip(columns, cells, strict=True)))


def clean_name(name: str) -> str:
    """Return a column's name without commas, which no measurement's name may hold."""
    return _COMMA.sub(" ", name).strip()


@contextmanager
def open_source(options: ImportOptions) -> Iterator[Source]:
    """Open a file for the block. Raises UsageError if it is unreadable or has no header."""
    with open_content(options.file, options.encoding) as content:
        yield Source(content, options)
