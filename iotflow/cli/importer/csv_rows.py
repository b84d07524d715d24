"""Splits the lines of a CSV into rows of cells."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from iotflow.cli.importer.lines import MAX_LINE_BYTES, Lines

MAX_LINES_PER_ROW = 1_000
"""A quote that is still open after this number of lines never closes."""
SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be stored. Lines are counted from 1, including a CSV's header."""

    line: int
    reason: str


def shorten(value: object) -> str:
    """Return a value as read, in quotes, of bounded length."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…")


def split_line(line: str, delimiter: str) -> list[str] | None:
    """Return the stripped cells of a line, None if it is no CSV by itself."""
    try:
        return [
            cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True))
        ]
    except (csv.Error, StopIteration):
        return None


def csv_rows(lines: Lines, delimiter: str, width: int, comment: str | None) -> Iterator[tuple[int, list[str]] | BadRow]:
    """Yield rows of `width` cells, each with its last line, without blank lines and comments.

    A quote that does not close makes one line a bad row; reading goes on at the line after it.
    """
    feed = _RowLines(lines, comment)
    reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield feed.reject(f"not CSV: {error}")
            continue
        if len(cells) == width:
            yield lines.number, cells
        elif cells:
            mark = "" if delimiter == "," else f" by the delimiter {delimiter!r}"
            yield feed.reject(f"{len(cells)} cells; the header has {width}{mark}")


class _RowLines:
    """Feeds the lines of one row to a CSV reader and holds them until the row is complete."""

    def __init__(self, lines: Lines, comment: str | None) -> None:
        self._lines = lines
        self._comment = comment
        self._taken: list[str] = []
        self._bytes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._taken and (len(self._taken) == MAX_LINES_PER_ROW or self._bytes > MAX_LINE_BYTES):
            raise StopIteration  # the reader then reports an open quote
        line = next(self._lines)
        if self._comment and not self._taken:
            while line.startswith(self._comment):
                line = next(self._lines)
        self._taken.append(line)
        self._bytes += len(line)
        return line

    def begin(self) -> None:
        """Begin a row."""
        self._taken.clear()
        self._bytes = 0

    def reject(self, reason: str) -> BadRow:
        """Reject the first line taken, and return the others to be read again."""
        first, others = self._taken[0], self._taken[1:]
        self._lines.push_back(others)
        if others or reason.endswith("unexpected end of data"):
            reason = "not CSV: a quote in this line does not close"
        return BadRow(self._lines.number, f"{reason}; read {shorten(first.rstrip())}")
