"""Statistics of numbers that cannot be merged from their results alone: the spread, and the rises of a counter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Number = int | float


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean of some numbers and their standard deviation, as of a population.

    The deviation itself is stored: a double may not hold its square.
    """

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Rises:
    """The first and the last of some numbers in order of time, and the sum of the rises between neighbours.

    `total` is an integer if all the numbers are. An infinity is a sum beyond the range of a double.
    """

    first: Number
    last: Number
    total: Number


def spread_of(numbers: Sequence[Number]) -> Spread:
    """Return the spread of at least one number.

    The corrected two-pass algorithm of Chan, Golub and LeVeque ("Algorithms for Computing the Sample Variance", 1983),
    on numbers scaled by a power of two, so that no square overflows.
    """
    exponent = math.frexp(max(abs(number) for number in numbers))[1]
    scaled = [math.ldexp(number, -exponent) for number in numbers]
    mean = math.fsum(scaled) / len(scaled)
    rests = [number - mean for number in scaled]
    squares = math.fsum([rest * rest for rest in rests]) - math.fsum(rests) ** 2 / len(rests)
    return Spread(math.ldexp(mean, exponent), math.ldexp(math.sqrt(max(0.0, squares) / len(rests)), exponent))


def merge_spreads(one: Spread, count: int, other: Spread, other_count: int) -> Spread:
    """Return the spread of two sets of numbers together by the formula of Chan, Golub and LeVeque."""
    if other_count > count:
        one, count, other, other_count = other, other_count, one, count
    share, other_share = count / (count + other_count), other_count / (count + other_count)
    # Scaled by a power of two, so that nothing overflows, and nothing subnormal is rounded on the way.
    exponent = math.frexp(max(one.deviation, other.deviation, abs(one.mean), abs(other.mean)))[1]
    mean, deviation, other_mean, other_deviation = (
        math.ldexp(number, -exponent) for number in (one.mean, one.deviation, other.mean, other.deviation)
    )
    difference = other_mean - mean
    merged = math.hypot(
        deviation * math.sqrt(share),
        other_deviation * math.sqrt(other_share),
        difference * math.sqrt(share * other_share),
    )
    return Spread(math.ldexp(mean + difference * other_share, exponent), math.ldexp(merged, exponent))


def rise(earlier: Number, later: Number) -> Number:
    """Return by how much a counter rose between neighbours. A fall is a restart from zero: all of `later` is new."""
    if isinstance(earlier, float) or isinstance(later, float):
        earlier, later = float(earlier), float(later)
    return later - earlier if later >= earlier else later


def rises_of(numbers: Sequence[Number]) -> Rises:
    """Return the rises of at least one number, in order of time."""
    rises = [rise(earlier, later) for earlier, later in pairwise(numbers)]
    whole = all(isinstance(number, int) for number in numbers)
    return Rises(numbers[0], numbers[-1], sum(rises) if whole else _float_sum(rises))


def merge_rises(earlier: Rises, later: Rises) -> Rises:
    """Return the rises of numbers and of those that follow."""
    total = earlier.total + rise(earlier.last, later.first) + later.total
    return Rises(earlier.first, later.last, total)


def _float_sum(numbers: Sequence[Number]) -> float:
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):  # the sum overflows, or infinities of both signs meet
        return math.inf
