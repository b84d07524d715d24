"""What a file's rows mean: which device, when, which values."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from iotflow.client.errors import WrongUse
from iotflow.client.source import BadRow, Cells, RawRow, Source
from iotflow.client.times import TimeReader
from iotflow.domain.telemetry import INTEGER_MAX, MAX_NAMES_PER_RECORD, Value, name_error, value_error
from iotflow.domain.times import Millis

MISSING = frozenset({"", "NA", "NaN", "nan"})
"""What stands in a cell without a value."""

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER_DIGITS = 19
"""No integer of 64 bits has more."""
_BOOLEAN = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says. `repeated` tells that its local time came twice and the earlier was taken."""

    line: int
    device: str
    time: Millis
    values: dict[str, Value]
    repeated: bool


@dataclass(frozen=True, slots=True)
class EmptyRow:
    """A row without any value: nothing to store, and no error."""

    line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns hold what. `device` names the one device of all rows, else `device_column` has each row's.

    Without `fields` all other columns are measurements.
    """

    device: str | None
    device_column: str | None
    time_column: str
    fields: Sequence[str]

    def check(self, source: Source) -> None:
        """Raise WrongUse where the file lacks a column that an option names or has one that no measurement can be."""
        if source.columns is None:
            return
        for option, name in self._named():
            if name not in source.columns:
                raise WrongUse(f"{option} {name}: the file has no such column, but {', '.join(source.columns)}")
        for name in self.measurements(source.columns):
            if problem := name_error(name):
                raise WrongUse(f"column {name!r}: {problem}; choose columns with --field")

    def measurements(self, columns: Collection[str]) -> list[str]:
        """Which of these columns are measurements."""
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
    """Turns rows as they were read into what they mean."""

    layout: Layout
    times: TimeReader

    def rows(self, source: Source) -> Iterator[Row | EmptyRow | BadRow]:
        """The file's rows in order. Raises WrongUse where going on makes no sense."""
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
            except WrongUse as error:
                raise WrongUse(f"line {raw.line}: {error}") from None

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


def typed(text: str) -> Value:
    """What a CSV's cell says: an integer, a decimal, true or false, else the text itself.

    Raises ValueError for an integer beyond 64 bits.
    """
    bare = text.strip()
    if _INTEGER.fullmatch(bare):
        if len(bare.lstrip("+-0")) > _INTEGER_DIGITS:
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
            value = typed(cell) if is_text and isinstance(cell, str) else cell
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if problem := name_error(name) or value_error(value):
            raise ValueError(f"{name}: {problem}")
        values[name] = value
    if len(values) > MAX_NAMES_PER_RECORD:
        raise ValueError(f"{len(values)} values, where a record has at most {MAX_NAMES_PER_RECORD}")
    return values
