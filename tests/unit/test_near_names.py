"""Names near to one that does not exist."""

import asyncio
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotflow.concurrency import time_slices
from iotflow.domain.near_names import Nearness, edit_distance, nearness
from iotflow.domain.telemetry import MAX_NAME_LENGTH, MAX_NAMES_PER_DEVICE
from iotflow.services.measurement_names import MAX_NEAR_NAMES, find_near_names

TEXTS = st.text("ab\u00e4", max_size=9)


@given(TEXTS, TEXTS)
def test_an_edit_distance_is_that_of_its_definition(one: str, other: str) -> None:
    @cache
    def distance(left: int, right: int) -> int:
        if not left or not right:
            return left or right
        changed = distance(left - 1, right - 1) + (one[left - 1] != other[right - 1])
        return min(distance(left - 1, right) + 1, distance(left, right - 1) + 1, changed)

    assert edit_distance(one, other) == distance(len(one), len(other))


@pytest.mark.parametrize(
    ("asked", "name", "rank"),
    [
        ("kWh", "kwh", Nearness(0, 0)),
        ("STRASSE", "straße", Nearness(0, 0)),
        ("kwh", "kvh", Nearness(1, 1)),
        ("humidty", "Humidity", Nearness(1, 1)),
        ("temp", "outdoor_temp", Nearness(2, 8)),
        ("t", "temperature", None),
        ("ab", "cd", None),
        ("voltage", "current", None),
    ],
)
def test_names_are_near_by_case_then_edits_then_parts(asked: str, name: str, rank: Nearness | None) -> None:
    assert nearness(asked, name) == rank


async def test_the_nearest_come_first() -> None:
    names = {"Kwh", "kwh", "kwhh", "kwhhh", "kwh_total", "volts"}
    assert await find_near_names("kWh", names) == ["Kwh", "kwh", "kwhh"]


async def test_the_longest_names_do_not_block_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_slices, "SLICE_S", 0.0)
    names = [f"{number:04}" + "ab" * 62 for number in range(MAX_NAMES_PER_DEVICE)]
    assert {len(name) for name in names} == {MAX_NAME_LENGTH}
    search = asyncio.create_task(find_near_names("ba" * 64, names))
    turns = 0
    while not search.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(search.result()) == MAX_NEAR_NAMES
    assert turns >= MAX_NAMES_PER_DEVICE
