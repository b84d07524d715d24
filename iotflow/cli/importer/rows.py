"""Interprets the rows of a file: device, time, values."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from iotflow.cli.errors import UsageError
from iotflow.cli.importer.columns import MISSING, Column
from iotflow.cli.importer.csv_rows import BadRow, shorten
from iotflow.cli.importer.json_rows import Cells, RawRow
from iotflow.cli.importer.options import ImportOptions
from iotflow.cli.importer.source import Source, clean_name
from iotflow.cli.importer.times import TimeReader
from iotflow.domain.telemetry import Value, name_error
from iotflow.domain.times import Millis

MAX_SHOWN_NAMES = 20


@dataclass(frozen=True, slots=True)
class Row:
    """An interpreted row. `repeated`: its local time occurred twice, and the earlier instant was used.

    `size` is the number of bytes read for it from the decompressed file.
    """

    line: int
    device: str
    time: Millis
    values: dict[str, Value]
    repeated: bool
    size: int


@dataclass(frozen=True, slots=True)
class EmptyRow:
    """A row without any value, which is skipped and is no error."""

    line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The meaning of the columns, by the names of the source.

    Either `device` names the device of all rows, or `device_column` the column of names. Without `fields` all other
    columns are measurements.
    """

    device: str | None
    device_column: str | None
    time_columns: Sequence[str]
    fields: Sequence[str]
    skip_fields: Sequence[str]
    text_fields: Sequence[str]
    renames: Mapping[str, str]
    name_column: str | None
    value_column: str | None

    @classmethod
    def of(cls, options: ImportOptions, source: Source) -> "Layout":
        """Return the layout of a source. Raises UsageError for an option that the file contradicts."""
        clean = str if source.columns is None else clean_name
        renames: dict[str, str] = {}
        for rename in options.renames:
            old, mark, new = rename.rpartition("=")
            if not mark or (problem := name_error(new)):
                raise UsageError(f"--rename {rename}: expected OLD=NEW{f'; {problem}' if mark else ''}")
            renames[clean(old)] = new
        layout = cls(
            options.device,
            None if options.device_column is None else clean(options.device_column),
            [clean(name) for name in options.time_columns],
            [clean(name) for name in options.fields],
            [clean(name) for name in options.skip_fields],
            [clean(name) for name in options.text_fields],
            renames,
            None if options.name_column is None else clean(options.name_column),
            None if options.value_column is None else clean(options.value_column),
        )
        if source.columns is not None:
            layout._check(source, source.columns)
        return layout

    def measurements(self, columns: Iterable[str]) -> list[str]:
        """Return those of the columns that are measurements."""
        if self.fields:
            present = set(columns)
            return [name for name in self.fields if name in present]
        others = {*self.time_columns, self.device_column, *self.skip_fields}
        return [name for name in columns if name not in others]

    def _check(self, source: Source, columns: Sequence[str]) -> None:
        """Raise UsageError if a column that an option names is missing, or a column's name is invalid."""
        for option, name in self._named():
            if name not in columns:
                raise UsageError(
                    f"{option} {name}: no such column; the file has {', '.join(columns)}{near(name, columns)}"
                    f"{source.hint}"
                )
        stored = [] if self.name_column else [self.renames.get(name, name) for name in self.measurements(columns)]
        for name in stored:
            if (problem := name_error(name)) and (name or source.has_filled_unnamed):
                raise UsageError(f"column {name!r}: {problem}; choose columns with --field, or --rename or --columns")
            if name and stored.count(name) > 1:
                raise UsageError(f"--rename: two columns would be stored as {name!r}")

    def _named(self) -> Iterator[tuple[str, str]]:
        one = (
            ("--device-column", self.device_column),
            ("--name-column", self.name_column),
            ("--value-column", self.value_column),
        )
        many = (
            ("--time-column", self.time_columns),
            ("--rename", list(self.renames)),
            *(() if self.name_column else (("--field", self.fields), ("--text-field", self.text_fields))),
        )
        yield from ((option, name) for option, names in many for name in names)
        yield from ((option, name) for option, name in one if name is not None)


@dataclass(slots=True)
class RowReader:
    """Interprets raw rows by a layout. `columns` are those found, by their names in the file."""

    layout: Layout
    times: TimeReader
    missing: frozenset[str]
    decimal: str = "."
    parses: bool = True
    columns: dict[str, Column] = field(default_factory=dict)
    _seen: dict[str, None] = field(default_factory=dict)

    def rows(self, source: Source) -> Iterator[Row | EmptyRow | BadRow]:
        """Yield the file's rows in order. Raises UsageError for an error that all rows would have."""
        names = None if source.columns is None else [name for name in self.layout.measurements(source.columns) if name]
        read_before = source.bytes_read
        for raw in source.rows():
            read = source.bytes_read
            size, read_before = read - read_before, read
            if isinstance(raw, BadRow):
                yield raw
                continue
            try:
                yield self._row(raw, self._values(raw.cells, names), size)
            except ValueError as error:
                yield BadRow(raw.line, str(error))
            except UsageError as error:
                raise UsageError(f"line {raw.line}: {error}") from None

    def settle(self) -> None:
        """Decide which marks of the rows read are missing values; remove them from the rows."""
        for column in self.columns.values():
            column.settle()

    def absent_fields(self) -> list[str]:
        """Return an error for each --field that no row of a JSON file had."""
        if self.parses or self.layout.name_column is not None:
            return []
        return [
            f"--field {name}: no row has it; the rows have {_list(self._seen)}{near(name, self._seen)}"
            for name in self.layout.fields
            if name not in self.columns
        ]

    def _row(self, raw: RawRow, values: dict[str, Value], size: int) -> Row | EmptyRow:
        if not values:
            return EmptyRow(raw.line)
        columns = self.layout.time_columns
        parts = [raw.cells.get(column) for column in columns]
        if None in parts or "" in parts:
            others = "" if columns[0] in raw.cells else f"; the row has {_list(raw.cells)}; see --time-column"
            raise ValueError(f"{' '.join(columns)}: no time{others}")
        device = self._device(raw.cells)
        cell = parts[0] if len(parts) == 1 else " ".join(str(part).strip() for part in parts)
        series = device if self.layout.name_column is None else f"{device}\0{raw.cells[self.layout.name_column]}"
        try:
            read = self.times.read(cell, series)
        except ValueError as error:
            raise ValueError(f"{' '.join(columns)}: {error}") from None
        return Row(raw.line, device, read.time, values, read.repeated, size)

    def _device(self, cells: Cells) -> str:
        if self.layout.device is not None:
            return self.layout.device
        column = self.layout.device_column or ""
        cell = cells.get(column)
        name = "" if cell is None else str(cell).strip()
        if name in MISSING:
            raise ValueError(f"{column}: no device's name; see --device")
        return name

    def _values(self, cells: Cells, names: Sequence[str] | None) -> dict[str, Value]:
        values: dict[str, Value] = {}
        if self.layout.name_column is not None:
            name = str(cells.get(self.layout.name_column) or "").strip()
            if not name:
                raise ValueError(f"{self.layout.name_column}: no measurement's name")
            if self.layout.fields and name not in self.layout.fields:
                return values
            if name not in self.layout.skip_fields:
                self._read_into(values, name, cells.get(self.layout.value_column or ""))
            return values
        if names is None:
            names = self.layout.measurements(cells)
            if self.layout.fields and len(self._seen) <= MAX_SHOWN_NAMES:
                self._seen |= dict.fromkeys(cells)
        for name in names:
            self._read_into(values, name, cells[name])
        return values

    def _read_into(self, values: dict[str, Value], name: str, cell: object) -> None:
        if isinstance(cell, list | dict):
            raise ValueError(  # noqa: TRY004 - a bad row like any other
                f"expected a flat JSON object: {name} is nested; read {shorten(cell)}; set --flatten, or choose --field"
            )
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = Column(
                self.layout.renames.get(name, name),
                parses=self.parses,
                decimal=self.decimal,
                is_text=name in self.layout.text_fields,
                missing=self.missing,
            )
        try:
            column.read_into(values, cell)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def near(name: str, names: Iterable[str]) -> str:
    """Return a hint with the names that resemble one, empty without any."""
    found = difflib.get_close_matches(name, list(names), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _list(names: Iterable[str]) -> str:
    shown = list(names)
    more = "…" if len(shown) > MAX_SHOWN_NAMES else ""
    return ", ".join(shorten(name).strip("'") for name in shown[:MAX_SHOWN_NAMES]) + more
