"""Exact quantiles of numbers that arrive one by one."""

from array import array
from collections.abc import Iterator
from heapq import merge
from typing import NamedTuple

from iotflow.domain.partial_statistics import Number

RUN_LENGTH = 4_096
"""Numbers that are sorted at once: some 0.5 ms."""


class Position(NamedTuple):
    """The place of a quantile among sorted numbers: `hundredths` of the way from number `first` to the next."""

    first: int
    hundredths: int


class SortedRuns:
    """Numbers as doubles of 8 bytes, in sorted runs, which are merged at the end (an external merge sort)."""

    def __init__(self) -> None:
        self._runs: list[array[float]] = []
        self._current: array[float] = array("d")
        self.count = 0

    def add(self, number: Number) -> None:
        self.count += 1
        self._current.append(number)
        if len(self._current) == RUN_LENGTH:
            self._runs.append(array("d", sorted(self._current)))
            self._current = array("d")

    def in_order(self) -> Iterator[float]:
        """Yield all numbers, the smallest first."""
        return merge(*self._runs, sorted(self._current))


def position_of(percent: int, count: int) -> Position:
    """Return the place of a percentile among `count` numbers, at least one.

    Percentiles lie between neighbours (Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996, type 7).
    """
    return Position(*divmod(percent * (count - 1), 100))


def interpolate(number: float, following: float, hundredths: int) -> float:
    """Return the number between two neighbours. `hundredths` 0 is the first one itself."""
    if not hundredths or number == following:
        return number
    # A weighted sum: the difference of the neighbours may overflow.
    return number * ((100 - hundredths) / 100) + following * (hundredths / 100)
