"""Statistics per window."""

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.clients import ApiClient, DeviceClient, UserClient, submit
from tests.api.reference_aggregates import CALENDAR, Value, Window, agrees, calculated, text, width


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # the calendar's parts, in their order


async def send(device: DeviceClient, points: Iterable[tuple[datetime, Value]], field: str = "t") -> None:
    records = [{"timestamp": text(moment), "data": {field: value}} for moment, value in points]
    assert (await device.post("/telemetry/batch", records))["rejected"] == 0


async def ask(caller: ApiClient, device: DeviceClient, aggregation: str, window: str, **query: Any) -> list[Window]:
    query = {"field": "t", "aggregation": aggregation, "window": window, **query}
    answer = await caller.get(f"/telemetry/{device.id}/aggregated", **query)
    found = answer.pop("data")
    named = {key: query[key] for key in ("field", "aggregation", "window")}
    assert answer == {"device_id": device.id, **named}
    return [(each["timestamp"], each["value"], each["count"]) for each in found]


MIXED: list[tuple[datetime, Value]] = [
    (utc(2026, 1, 1, 0, 0), 3),
    (utc(2026, 1, 1, 0, 10), True),
    (utc(2026, 1, 1, 0, 20), -1.5),
    (utc(2026, 1, 1, 0, 59, 59), "off"),
    (utc(2026, 1, 1, 3, 0), "on"),
    (utc(2026, 1, 1, 5, 30), 2),
    (utc(2026, 1, 1, 5, 45), 2.0),
]
RANGE = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-02T00:00:00Z"}


OF_MIXED: dict[str, list[tuple[int, Value, int]]] = {
    "mean": [(0, 0.75, 2), (5, 2.0, 2)],
    "sum": [(0, 1.5, 2), (5, 4.0, 2)],
    "min": [(0, -1.5, 2), (5, 2, 2)],
    "max": [(0, 3, 2), (5, 2, 2)],
    "count": [(0, 4, 4), (3, 1, 1), (5, 2, 2)],
    "first": [(0, 3, 4), (3, "on", 1), (5, 2, 2)],
    "last": [(0, "off", 4), (3, "on", 1), (5, 2.0, 2)],
    "stddev": [(0, 2.25, 2), (5, 0.0, 2)],
    "increase": [(0, -1.5, 2), (5, 3.5, 2)],
}


async def test_each_aggregation(device: DeviceClient) -> None:
    await send(device, MIXED)
    await send(device, [(utc(2026, 1, 1, 0, 1), 1_000)], "other")
    for aggregation, expected in OF_MIXED.items():
        found = await ask(device, device, aggregation, "1h", **RANGE)
        assert found == [(text(utc(2026, 1, 1, hour)), value, count) for hour, value, count in expected]
        assert [type(window[1]) for window in found] == [type(value) for _, value, _ in expected]


async def test_types_are_exact(device: DeviceClient) -> None:
    big = 2**63 - 1
    points: list[tuple[datetime, Value]] = [
        (utc(2026, 1, 1, 0), big - 1),
        (utc(2026, 1, 1, 1), big),
        (utc(2026, 1, 1, 2), -(2**63)),
        (utc(2026, 1, 1, 3), 0.1),
    ]
    await send(device, points)
    for aggregation, expected in (("max", big), ("min", -(2**63)), ("first", big - 1), ("last", 0.1), ("count", 4)):
        [(_, value, count)] = await ask(device, device, aggregation, "1d", **RANGE)
        assert (value, type(value), count) == (expected, type(expected), 4)
    for aggregation in ("sum", "mean"):
        windows = await ask(device, device, aggregation, "1h", **RANGE)
        assert [type(value) for _, value, _ in windows] == [float] * 4
    for aggregation, expected in (("first", False), ("last", True)):
        await send(device, [(utc(2026, 1, 1, 0), False), (utc(2026, 1, 1, 9), True)], "flag")
        [(_, value, _)] = await ask(device, device, aggregation, "1d", field="flag", **RANGE)
        assert value is expected
    assert await ask(device, device, "mean", "1d", field="flag", **RANGE) == []


async def test_sums_beyond_the_largest_double(device: DeviceClient) -> None:
    largest = 1.7976931348623157e308
    await send(device, [(utc(2026, 1, 1, hour), largest) for hour in (1, 2)])
    await send(device, [(utc(2026, 1, 1, 3), -largest), (utc(2026, 1, 1, 9), 1)])
    path = f"/telemetry/{device.id}/aggregated"
    for aggregation in ("sum", "mean"):
        [first, second, *_] = await ask(device, device, aggregation, "1h", **RANGE)
        assert (first[1], second[1]) == (largest, largest)
        query = {"field": "t", "aggregation": aggregation, "window": "1d", **RANGE, "end_time": "2026-01-01T03:00:00Z"}
        assert await device.wrong_fields("GET", path, params=query) == ["query.field"]
        # Whether the sum fits in a double decides, not the order of the additions.
        assert await ask(device, device, aggregation, "1d", **RANGE) == [
            (text(utc(2026, 1, 1)), largest if aggregation == "sum" else largest / 4, 4)
        ]
    assert [window[1] for window in await ask(device, device, "max", "1d", **RANGE)] == [largest]


async def test_sums_are_as_exact_as_promised(device: DeviceClient) -> None:
    values = [0.1 * (-1) ** number * 10 ** (number % 9) for number in range(2_000)]
    start = utc(2026, 1, 1)
    await send(device, [(start + timedelta(seconds=number), value) for number, value in enumerate(values)])
    tolerance = 1e-12 * math.fsum(map(abs, values))
    [(_, total, count)] = await ask(device, device, "sum", "1d", **RANGE)
    [(_, mean, _)] = await ask(device, device, "mean", "1d", **RANGE)
    assert isinstance(total, float)
    assert isinstance(mean, float)
    assert count == 2_000
    assert abs(total - math.fsum(values)) <= tolerance
    assert abs(mean - math.fsum(values) / 2_000) <= tolerance / 2_000


async def test_only_points_in_the_range_count(device: DeviceClient) -> None:
    await send(device, [(utc(2026, 1, 1, 0, minute), minute) for minute in range(0, 60, 10)])
    query = {"start_time": "2026-01-01T00:20:00Z", "end_time": "2026-01-01T00:50:00Z"}
    assert await ask(device, device, "sum", "1h", **query) == [(text(utc(2026, 1, 1)), 90.0, 3)]
    assert await ask(device, device, "count", "30m", **query) == [
        (text(utc(2026, 1, 1)), 1, 1),
        (text(utc(2026, 1, 1, 0, 30)), 2, 2),
    ]
    assert await ask(device, device, "count", "1h", **(query | {"end_time": query["start_time"]})) == []


async def test_the_last_day_by_default(ada: UserClient, device: DeviceClient) -> None:
    await send(device, [(utc(2026, 2, 28, 11, 59, 59), 1), (utc(2026, 2, 28, 12), 2), (utc(2026, 3, 1, 12, 5), 3)])
    assert await ask(ada, device, "sum", "30d") == [(text(datetime.fromtimestamp(683 * 30 * 86_400, UTC)), 5.0, 2)]


CLOCK_CHANGES: list[tuple[str, date, float]] = [
    ("America/New_York", date(2025, 3, 9), 23),
    ("America/New_York", date(2025, 11, 2), 25),
    ("Europe/Berlin", date(2025, 3, 30), 23),
    ("Europe/Berlin", date(2025, 10, 26), 25),
    ("America/Sao_Paulo", date(2018, 11, 4), 23),
    ("Australia/Lord_Howe", date(2025, 4, 6), 24.5),
    ("Asia/Kathmandu", date(2025, 6, 1), 24),
    ("UTC", date(2025, 6, 1), 24),
]
"""Zone, day and its length. In Sao Paulo that day had no midnight."""


async def test_days_of_a_clock_change(device: DeviceClient) -> None:
    for zone, day, hours in CLOCK_CHANGES:
        place = ZoneInfo(zone)
        noon = datetime.combine(day, time(12), place).astimezone(UTC)
        half_hours = [(noon + timedelta(minutes=30 * step), 1) for step in range(-96, 96)]
        await send(device, half_hours)
        start, end = half_hours[0][0], half_hours[-1][0] + timedelta(minutes=30)
        found = await ask(device, device, "sum", "1d", start_time=text(start), end_time=text(end), timezone=zone)
        assert found == calculated(half_hours, "sum", "1d", place)
        begins = [text(moment) for moment, _ in half_hours if moment.astimezone(place).date() == day]
        assert (begins[0], hours * 2) in [(begin, count) for begin, _, count in found]
        assert len(begins) == hours * 2
        await device.delete(f"/telemetry/{device.id}", start_time=0, stop_time="now")


async def test_10_000_windows_at_most(device: DeviceClient) -> None:
    await submit(device, at="2026-02-01T00:00:00Z", t=1)
    path = f"/telemetry/{device.id}/aggregated"
    query = {"field": "t", "aggregation": "count", "window": "1m", "start_time": "2026-01-28T00:00:00Z"}
    within = utc(2026, 1, 28) + timedelta(minutes=10_000)
    await device.get(path, **query, end_time=text(within))
    assert await device.wrong_fields("GET", path, params=query | {"end_time": text(within + timedelta(seconds=1))}) == [
        "query.window"
    ]
    moved = {"start_time": "2026-01-28T00:00:01Z", "end_time": text(within + timedelta(seconds=1))}
    assert await device.wrong_fields("GET", path, params=query | moved) == ["query.window"]
    days = {"window": "1d", "start_time": 0, "timezone": "Pacific/Auckland"}
    await device.wrong_fields("GET", path, params=query | days | {"end_time": "2100-01-01T00:00:00Z"})
    await device.get(path, **(query | days | {"end_time": "1997-01-01T00:00:00Z"}))
    await device.wrong_fields("GET", path, params=query | {"start_time": 0})


ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Apia", "Asia/Kolkata", "America/Sao_Paulo"]
)
WINDOWS = st.sampled_from(["10s", "7m", "90m", "1h", "36h", "1d", "24h", "3d", "7d", "30d", "1440m", *CALENDAR])
POINTS = st.dictionaries(
    st.integers(0, 120 * 86_400_000),
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(-1e9, 1e9), st.booleans(), st.sampled_from(["on", "off"])),
    max_size=40,
)


@settings(max_examples=60)
@given(
    points=POINTS,
    year=st.sampled_from([1970, 2011, 2018, 2025]),
    aggregation=st.sampled_from(sorted(OF_MIXED)),
    window=WINDOWS,
    zone=ZONES,
    ends=st.tuples(st.integers(0, 120 * 86_400_000), st.integers(0, 120 * 86_400_000)),
)
async def test_against_the_reference_implementation(
    device: DeviceClient,
    points: dict[int, Value],
    year: int,
    aggregation: str,
    window: str,
    zone: str,
    ends: tuple[int, int],
) -> None:
    origin = utc(year, 9, 1)
    moments = [(origin + timedelta(milliseconds=ms), value) for ms, value in sorted(points.items())]
    start, end = (origin + timedelta(milliseconds=ms) for ms in sorted(ends))
    if window not in CALENDAR and (end - start) / width(window) > 9_000:
        end = start + 9_000 * width(window)
    if moments:
        await send(device, moments)
    query = {"start_time": text(start), "end_time": text(end), "timezone": zone}
    # A name that was never sent would be 404.
    await send(device, [(utc(2026, 1, 1), 0)])
    found = await ask(device, device, aggregation, window, **query)
    inside = [(moment, value) for moment, value in moments if start <= moment < end]
    expected = calculated(inside, aggregation, window, ZoneInfo(zone))
    await device.delete(f"/telemetry/{device.id}", start_time=0, stop_time="now")
    largest = max((abs(value) for _, value in inside if not isinstance(value, str)), default=0)
    assert agrees(found, expected, aggregation, float(largest)), (found, expected)
