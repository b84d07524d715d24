"""Detects the form of a CSV: lines before the header, delimiter, columns, decimal mark."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iotflow.cli.errors import UsageError
from iotflow.cli.importer.csv_rows import shorten, split_line
from iotflow.cli.importer.lines import Lines
from iotflow.cli.importer.options import ImportOptions

SAMPLE_LINES = 200
DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?", re.ASCII)
_DECIMAL_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+([eE][+-]?[0-9]+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", re.ASCII)
_DATA = re.compile(r"[+-]?[0-9][0-9.,:/ TZ+-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class CsvForm:
    """The form of a CSV. `columns` are stripped; an empty one is unnamed. `notes` report guesses."""

    delimiter: str
    decimal: str
    columns: Sequence[str]
    sample: Sequence[Sequence[str]]
    notes: Sequence[str]
    hint: str
    """A remedy if a column is missing, empty without one."""


def detect_form(lines: Lines, options: ImportOptions) -> CsvForm:
    """Read the lines up to the header and detect the form from the lines after it. Raises UsageError."""
    notes: list[str] = []
    sep = _skip_to_header(lines, options, notes)
    sample = lines.peek(SAMPLE_LINES)
    if not sample:
        raise UsageError(f"{lines.content.path}: the file is empty")
    delimiter = _delimiter(options.delimiter) or sep or _detect_delimiter(sample)
    if options.delimiter is None and delimiter != ",":
        notes.append(f"delimiter: {_shown(delimiter)}, detected; see --delimiter")
    names = split_line(sample[0], delimiter)
    if names is None:
        place = f"{lines.content.path}, line {lines.number + 1}"
        raise UsageError(f"{place}: no CSV header: {shorten(sample[0].strip())}; see --skip-lines")
    columns, hint = _columns(lines, options, names, sample, delimiter)
    rows = [cells for line in sample if (cells := split_line(line, delimiter)) and len(cells) == len(columns)]
    data = rows if options.no_header else rows[1:]
    decimal = _decimal(options.decimal) or _detect_decimal(data, delimiter, notes)
    if not options.no_header:
        next(lines)
    return CsvForm(delimiter, decimal, columns, data, notes, hint)


def _skip_to_header(lines: Lines, options: ImportOptions, notes: list[str]) -> str | None:
    """Skip blank lines, comments and the lines of --skip-lines. Return the delimiter of a `sep=` line."""
    for _ in range(options.skip_lines):
        next(lines, None)
    comment = "#" if options.comment is None else options.comment
    comments, sep = 0, None
    for line in lines:
        if comment and line.startswith(comment):
            comments += 1
        elif match := _SEP_LINE.fullmatch(line):
            sep = match[1]
        elif line.strip():
            lines.push_back([line])
            break
    if comments and options.comment is None:
        notes.append(f"lines that begin with # before the header, skipped: {comments}; see --comment")
    return sep


def _columns(
    lines: Lines, options: ImportOptions, names: list[str], sample: list[str], delimiter: str
) -> tuple[list[str], str]:
    """Return the columns and a remedy for a missing one."""
    place = f"{lines.content.path}, line {lines.number + 1}"
    if options.columns is not None:
        columns = [name.strip() for name in options.columns.split(",")]
        if len(columns) != len(names):
            raise UsageError(f"{place}: {len(names)} cells; --columns names {len(columns)}")
    elif options.no_header:
        columns = [f"column{number}" for number in range(1, len(names) + 1)]
    else:
        columns = names
    for name in columns:
        if name and columns.count(name) > 1:
            raise UsageError(f"{place}: the header names {name!r} more than once; name all columns with --columns")
    if options.no_header:
        return columns, ""
    if any(_DATA.fullmatch(name) for name in names):
        return columns, "the first line looks like data; name the columns with --no-header --columns time,temperature,…"
    wanted = options.time_columns[0] if options.time_columns else ""
    for index, line in enumerate(sample[1:], 1):
        if wanted in (split_line(line, delimiter) or ()):
            return columns, f"line {lines.number + 1 + index} has it: --skip-lines {lines.number + index}"
    return columns, ""


def _delimiter(text: str | None) -> str | None:
    if text is None:
        return None
    mark = _DELIMITER_NAMES.get(text.lower(), text)
    if len(mark) != 1 or mark in '"\r\n':
        raise UsageError(f"--delimiter {text}: expected one character, or tab")
    return mark


def _decimal(text: str | None) -> str | None:
    if text not in (None, ".", ","):
        raise UsageError(f"--decimal {text}: expected . or ,")
    return text


def _detect_delimiter(sample: list[str]) -> str:
    """Return the delimiter that splits the header and the most lines into the same number of cells."""
    best, best_share = ",", 0.0
    for delimiter in DELIMITERS:
        counts = [len(split_line(line, delimiter) or ()) for line in sample if line.strip()]
        share = sum(count == counts[0] for count in counts[1:]) / max(1, len(counts) - 1)
        if len(counts) == 1:
            share = 0.5
        if counts[0] > 1 and share > best_share:
            best, best_share = delimiter, share
    return best


def _detect_decimal(rows: Sequence[Sequence[str]], delimiter: str, notes: list[str]) -> str:
    cells = [cell for row in rows for cell in row]
    commas = [cell for cell in cells if _DECIMAL_COMMA.fullmatch(cell)]
    if not commas or any(_DECIMAL_POINT.fullmatch(cell) for cell in cells):
        return "."
    if all(_THOUSANDS.fullmatch(cell) for cell in commas) and delimiter == ",":
        notes.append(f"decimal mark: . is assumed; {commas[0]!r} stays text; see --decimal")
        return "."
    notes.append(f"decimal mark: , (as in {commas[0]!r}), detected; see --decimal")
    return ","


def _shown(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter
