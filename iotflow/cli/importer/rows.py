"""Interprets the rows of a file: device, time, values."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from iotflow.cli.errors import UsageError
from iotflow.cli.importer.source import BadRow, Cells, RawRow, Source
from iotflow.cli.importer.times import TimeReader
from iotflow.domain.telemetry import INTEGER_MAX, MAX_NAMES_PER_RECORD, Value, name_error, value_error
from iotflow.domain.times import Millis

MISSING = frozenset({"", "NA", "NaN", "nan"})
"""Contents of a cell without a value."""

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_MAX_INTEGER_DIGITS = 19
"""Digits of the largest 64-bit integer; `int` on a longer text could take long."""
_BOOLEAN = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Row:
    """An interpreted row. `repeated`: its local time occurred twice, and the earlier instant was used."""

    line: int
    device: str
    time: Millis
    values: dict[str, Value]
    repeated: bool


@dataclass(frozen=True, slots=True)
class EmptyRow:
    """A row without any value, which is skipped and is no error."""

    line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The meaning of the columns. Either `device` names the device of all rows, or `device_column` the column of names.

    Without `fields` all other columns are measurements.
    """

    device: str | None
    device_column: str | None
    time_column: str
    fields: Sequence[str]

    def check(self, source: Source) -> None:
        """Raise UsageError if a column that an option names is missing, or a column's name is invalid."""
        if source.columns is None:
            return
        for option, name in self._named():
            if name not in source.columns:
                raise UsageError(f"{option} {name}: no such column; the file has {', '.join(source.columns)}")
        for name in self.measurements(source.columns):
            if problem := name_error(name):
                raise UsageError(f"column {name!r}: {problem}; choose columns with --field")

    def measurements(self, columns: Collection[str]) -> list[str]:
        """Return those of the columns that are measurements."""
        if self.fields:
            return [name for name in self.fields if name in columns]
        return [name for name in columns if name not in (self.time_column, self.device_column)]

    def _named(self) -> Iterator[tuple[str, str]]:
        yield "--time-column", self.time_column
        if self.device_column is not None:
            yield "--device-column", self.device_column
        for name in self.fields:
            yield "--field", name


@dataclass(frozen=True, slots=True)
class RowReader:
    """Interprets raw rows by a layout."""

    layout: Layout
    times: TimeReader

    def rows(self, source: Source) -> Iterator[Row | EmptyRow | BadRow]:
        """Yield the file's rows in order. Raises UsageError for an error that all rows would have."""
        names = None if source.columns is None else self.layout.measurements(source.columns)
        for raw in source.rows():
            if isinstance(raw, BadRow):
                yield raw
                continue
            try:
                yield self._row(
                    raw, _values(raw.cells, names or self.layout.measurements(raw.cells), names is not None)
                )
            except ValueError as error:
                yield BadRow(raw.line, str(error))
            except UsageError as error:
                raise UsageError(f"line {raw.line}: {error}") from None

    def _row(self, raw: RawRow, values: dict[str, Value]) -> Row | EmptyRow:
        if not values:
            return EmptyRow(raw.line)
        column = self.layout.time_column
        cell = raw.cells.get(column)
        if cell is None or cell == "":
            raise ValueError(f"{column}: no time")
        try:
            read = self.times.read(cell)
        except ValueError as error:
            raise ValueError(f"{column}: {error}") from None
        return Row(raw.line, self._device(raw.cells), read.time, values, read.repeated)

    def _device(self, cells: Cells) -> str:
        if self.layout.device_column is None:
            assert self.layout.device is not None
            return self.layout.device
        cell = cells.get(self.layout.device_column)
        name = "" if cell is None else str(cell).strip()
        if name in MISSING:
            raise ValueError(f"{self.layout.device_column}: no device's name")
        return name


def parse_cell(text: str) -> Value:
    """Return a CSV cell as an integer, a decimal, true or false, else the text itself.

    Raises ValueError for an integer beyond 64 bits.
    """
    bare = text.strip()
    if _INTEGER.fullmatch(bare):
        if len(bare.lstrip("+-0")) > _MAX_INTEGER_DIGITS:
            raise ValueError(value_error(INTEGER_MAX + 1))
        return int(bare)
    if _DECIMAL.fullmatch(bare):
        return float(bare)
    return _BOOLEAN.get(bare.casefold(), text)


def _values(cells: Cells, names: Iterable[str], is_text: bool) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name in names:
        cell = cells[name]
        if cell is None or (isinstance(cell, str) and cell.strip() in MISSING):
            continue
        try:
            value = parse_cell(cell) if is_text and isinstance(cell, str) else cell
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if problem := name_error(name) or value_error(value):
            raise ValueError(f"{name}: {problem}")
        values[name] = value
    if len(values) > MAX_NAMES_PER_RECORD:
        raise ValueError(f"{len(values)} values; a record has at most {MAX_NAMES_PER_RECORD}")
    return values
