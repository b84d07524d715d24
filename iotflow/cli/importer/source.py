"""Reads a file of rows: CSV or NDJSON, plain or gzip, one line at a time."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader
from pathlib import Path

import msgspec

from iotflow.cli.errors import UsageError
from iotflow.domain.telemetry import Value

MAX_LINE_BYTES = 2**20

Cells = Mapping[str, Value | None]
"""Contents by column: text in CSV, a typed value in NDJSON. An absent column and None are empty."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be stored. Lines are counted from 1, including a CSV's header."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as read, not interpreted yet."""

    line: int
    cells: Cells


class Source:
    """An open CSV or NDJSON file. `columns` is None for NDJSON, which has no header.

    `size` is the file's size in bytes; `bytes_read` counts the decompressed bytes read.
    """

    def __init__(self, path: Path, raw: BufferedReader, content: BufferedIOBase) -> None:
        self._path = path
        self.name = path.name
        self._raw = raw
        self._content = content
        self._line = 0
        self.bytes_read = 0
        self.size = path.stat().st_size
        first = self._next_line()
        while first is not None and not first.strip():
            first = self._next_line()
        if first is None:
            raise UsageError(f"{path}: the file is empty")
        self._first = first
        self.columns = None if first.lstrip().startswith("{") else self._header()

    @property
    def position(self) -> int:
        """The number of bytes read of the file itself, up to `size`."""
        return self._raw.tell()

    def rows(self) -> Iterator[RawRow | BadRow]:
        """Yield the rows in order without blank lines. Raises UsageError if the file is damaged."""
        return self._json_rows() if self.columns is None else self._csv_rows(self.columns)

    def _json_rows(self) -> Iterator[RawRow | BadRow]:
        decoder = msgspec.json.Decoder(dict[str, Value | None])
        text: str | None = self._first
        while text is not None:
            if text.strip():
                try:
                    yield RawRow(self._line, decoder.decode(text))
                except msgspec.DecodeError as error:
                    yield BadRow(self._line, f"expected a flat JSON object: {error}")
            text = self._next_line()

    def _csv_rows(self, columns: list[str]) -> Iterator[RawRow | BadRow]:
        reader = csv.reader(iter(self._next_line, None), skipinitialspace=True, strict=True)
        while True:
            line = self._line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line, f"not CSV: {error}")
                continue
            if len(cells) == len(columns):
                yield RawRow(line, dict(zip(columns, cells, strict=True)))
            elif cells:
                yield BadRow(line, f"{len(cells)} cells; the header has {len(columns)}")

    def _header(self) -> list[str]:
        try:
            columns = [name.strip() for name in next(csv.reader([self._first], skipinitialspace=True, strict=True))]
        except csv.Error as error:
            raise UsageError(f"{self._path}, line {self._line}: no CSV header: {error}") from None
        for name in columns:
            if columns.count(name) > 1:
                raise UsageError(f"{self._path}, line {self._line}: the header names {name!r} more than once")
        return columns

    def _next_line(self) -> str | None:
        number = self._line + 1
        try:
            raw = self._content.readline(MAX_LINE_BYTES + 1)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise UsageError(f"{self._path}, after line {self._line}: damaged gzip: {error}") from None
        except OSError as error:
            raise UsageError(f"{self._path}, after line {self._line}: {error.strerror}") from None
        if not raw:
            return None
        if len(raw) > MAX_LINE_BYTES:
            raise UsageError(f"{self._path}, line {number}: longer than {MAX_LINE_BYTES:,} bytes")
        self._line = number
        self.bytes_read += len(raw)
        try:
            return raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{self._path}, line {number}: not UTF-8: {error.reason}") from None


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file for the block. Raises UsageError if it is unreadable or has no header."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    with raw:
        try:
            is_gzip = raw.peek(2).startswith(b"\x1f\x8b")
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        if not is_gzip:
            yield Source(path, raw, raw)
            return
        with gzip.open(raw) as content:
            yield Source(path, raw, content)
