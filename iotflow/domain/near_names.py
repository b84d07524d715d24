"""How near an existing name is to one that was asked for and does not exist."""

from dataclasses import dataclass

MIN_CONTAINED_LENGTH = 3
"""A shorter text is part of too many names."""


@dataclass(frozen=True, slots=True, order=True)
class Nearness:
    """A rank, the least first: the same but for case, a few edits away, or one name a part of the other."""

    rank: int
    distance: int


def nearness(asked: str, name: str) -> Nearness | None:
    """Return how near a name is to the one asked for, case aside; None if it is not.

    Near is up to a third of the characters asked for edited, at least one.
    """
    asked, name = asked.casefold(), name.casefold()
    if asked == name:
        return Nearness(0, 0)
    difference = abs(len(asked) - len(name))
    most = max(1, len(asked) // 3)
    if difference <= most and (distance := edit_distance(asked, name)) <= most:
        return Nearness(1, distance)
    shorter, longer = sorted((asked, name), key=len)
    if len(shorter) >= MIN_CONTAINED_LENGTH and shorter in longer:
        return Nearness(2, difference)
    return None


def edit_distance(one: str, other: str) -> int:
    """Return the Levenshtein distance in time proportional to the length of `other`.

    A column of the dynamic programming matrix is a pair of integers with a bit for each character of `one` (Myers 1999,
    in the form of Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003).
    """
    places: dict[str, int] = {}
    for place, character in enumerate(one):
        places[character] = places.get(character, 0) | 1 << place
    every, last = (1 << len(one)) - 1, 1 << len(one) >> 1
    increases, decreases, distance = every, 0, len(one)
    for character in other:
        equal = places.get(character, 0)
        diagonal = (((equal & increases) + increases) ^ increases) | equal | decreases
        right_increases = decreases | ~(diagonal | increases)
        right_decreases = diagonal & increases
        distance += bool(right_increases & last) - bool(right_decreases & last)
        right_increases = right_increases << 1 | 1
        increases = (right_decreases << 1 | ~(diagonal | right_increases)) & every
        decreases = diagonal & right_increases & every
    return distance if one else len(other)
