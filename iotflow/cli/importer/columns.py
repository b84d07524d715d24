"""Converts the cells of a column to values, and counts what a reader of the summary should see."""

import json
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from iotflow.cli.importer.csv_rows import shorten
from iotflow.domain.telemetry import INTEGER_MAX, Value, name_error, value_error

MISSING = frozenset({"", "NA", "NaN", "nan"})
"""Contents of a cell without a value, in every column."""
MARKS = frozenset(
    {"?", "-", "--", "---", ".", "null", "none", "nil", "n/a", "#n/a", "nan", "<na>", "\\n", "unavailable", "unknown"}
    | {"1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind", "#value!", "#div/0!", "#ref!", "#name?"}
)
"""Casefolded contents of a cell without a value, in a column that is not of texts."""
_MAX_MARK_CHARACTERS = max(map(len, MARKS))
_NOT_FINITE = frozenset({"inf", "infinity", "1.#inf"})
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_BARE_EXPONENT = re.compile(r"[0-9]+[eE][0-9]+", re.ASCII)
"""Like 12e4: a code rather than a number, in a column without decimals."""
_MAX_INTEGER_DIGITS = 19
"""Digits of the largest 64-bit integer; `int` on a longer text could take long."""
_BOOLEAN = {"true": True, "false": False}
MAX_SAMPLES = 3
MAX_DECIMALS = 2**20
"""More than any cell has: a column without a decimal point."""


@dataclass(slots=True)
class _Sample:
    """A count of cells, with the first different ones."""

    count: int = 0
    cells: dict[str, None] = field(default_factory=dict)

    def add(self, cell: str) -> None:
        self.count += 1
        if len(self.cells) < MAX_SAMPLES:
            self.cells[cell] = None

    def __str__(self) -> str:
        return ", ".join(shorten(cell) for cell in self.cells)


class Column:
    """Converts the cells of one measurement. A mark's meaning depends on the other cells, so `settle` decides it."""

    def __init__(self, name: str, *, parses: bool, decimal: str, is_text: bool, missing: Set[str]) -> None:
        self.name = name
        self.problem = name_error(name)
        self.numbers = 0
        self.booleans = 0
        self.texts = _Sample()
        self._parses = parses
        self._comma = decimal == ","
        self._is_text = is_text
        self._missing = missing
        self._pending: list[tuple[dict[str, Value], str]] = []
        self._marks, self._not_finite, self._chosen = _Sample(), _Sample(), _Sample()
        self._lost, self._codes = _Sample(), _Sample()
        self._padded: tuple[str, int] | None = None
        self._fewest_decimals = MAX_DECIMALS

    def read_into(self, values: dict[str, Value], cell: object) -> None:
        """Convert a cell and put it into the values of its row, unless it is missing.

        Raises ValueError for a cell that cannot be stored, TypeError for a list or an object.
        """
        if cell is None:
            return
        if isinstance(cell, str):
            bare = cell.strip()
            if bare in MISSING:
                return
            if bare in self._missing:
                self._chosen.add(bare)
                return
            value = cell if self._is_text or not self._parses else self._parse(cell, bare)
        elif isinstance(cell, bool | int | float):
            value = json.dumps(cell) if self._is_text else cell
        else:
            raise TypeError(f"{self.name}: no value of JSON without nesting")
        if isinstance(value, float) and value - value != 0.0:
            sample = self._marks if value != value else self._not_finite
            sample.add(str(cell).strip())
            return
        if problem := self.problem or (None if isinstance(value, float) else value_error(value)):
            raise ValueError(problem)
        values[self.name] = value
        if isinstance(value, str):
            if not self._is_text and len(value) <= _MAX_MARK_CHARACTERS and value.strip().casefold() in MARKS:
                self._pending.append((values, value))
            else:
                self.texts.add(value)
        elif isinstance(value, bool):
            self.booleans += 1
        else:
            self.numbers += 1

    def settle(self) -> None:
        """Decide on the marks since the last call: texts in a column of texts, else missing values."""
        is_texts = self.texts.count > self.numbers + self.booleans
        for values, cell in self._pending:
            if is_texts:
                self.texts.add(cell)
            else:
                self._marks.add(cell.strip())
                del values[self.name]
        self._pending.clear()

    def report(self) -> Iterator[str]:
        """Yield the lines of the summary, none for an ordinary column."""
        stored = self.numbers + self.booleans + self.texts.count
        for count, what in ((self._marks, "read as missing"), (self._chosen, "missing by --missing")):
            if count.count:
                yield f"{self.name}: {count.count:,} cells {what}: {count}{'' if stored else '; no value is left'}"
        if self._not_finite.count:
            yield (
                f"{self.name}: {self._not_finite.count:,} cells are no finite number, not stored: {self._not_finite}; "
                f"to store texts set --text-field '{self.name}'"
            )
        if self.numbers and self.texts.count and not self._is_text:
            texts = f"{self.texts.count:,} texts: {self.texts}"
            yield f"{self.name}: {self.numbers:,} numbers, {texts}; see --missing, --decimal and --text-field"
        lost = self._lost
        if self._padded is not None and self._fewest_decimals < self._padded[1]:
            lost.add(self._padded[0])
        has_decimals = self._fewest_decimals < MAX_DECIMALS
        for cell in () if has_decimals else self._codes.cells:
            lost.add(cell)
        if lost.count:
            yield f"{self.name}: numbers that lost digits, like {lost}; to keep texts set --text-field '{self.name}'"

    @property
    def kind(self) -> str:
        """The types of the values, for people."""
        counts = {"numbers": self.numbers, "booleans": self.booleans, "texts": self.texts.count}
        return ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count) or "no value"

    def _parse(self, cell: str, bare: str) -> Value:
        """Return a CSV cell as an integer, a decimal, true or false, else the text itself.

        Raises ValueError for an integer beyond 64 bits.
        """
        if self._comma and "," in bare:
            bare = bare.replace(",", ".", 1) if "." not in bare else bare
        elif self._comma and "." in bare:
            return cell
        if _INTEGER.fullmatch(bare):
            if len(bare.lstrip("+-0")) > _MAX_INTEGER_DIGITS:
                problem = value_error(INTEGER_MAX + 1)
                raise ValueError(f"{problem}; read {shorten(bare)}; to keep texts set --text-field '{self.name}'")
            if bare[0] == "0" and len(bare) > 1:
                self._lost.add(bare)
            return int(bare)
        if _DECIMAL.fullmatch(bare):
            self._note_decimals(bare)
            return float(bare)
        folded = bare.casefold()
        if folded.lstrip("+-") in _NOT_FINITE:
            return float("inf")
        return _BOOLEAN.get(folded, cell)

    def _note_decimals(self, bare: str) -> None:
        point = bare.find(".")
        if point < 0 or "e" in bare or "E" in bare:
            if _BARE_EXPONENT.fullmatch(bare):
                self._codes.add(bare)
            return
        decimals = len(bare) - point - 1
        if decimals < self._fewest_decimals:
            self._fewest_decimals = decimals
        if decimals > 1 and bare[-1] == "0" and self._padded is None:
            self._padded = bare, decimals
