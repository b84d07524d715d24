"""How much counters rose per window, and standard deviations."""

from datetime import timedelta
from fractions import Fraction
from statistics import pstdev
from typing import Any

from tests.api.clients import DeviceClient
from tests.api.reference_aggregates import Value, text
from tests.api.test_aggregates import RANGE, ask, send, utc


async def test_a_counter_that_restarts(device: DeviceClient) -> None:
    readings = [5, 7, 9, 2, 4, 4, 10]
    start = utc(2026, 1, 1)
    await send(device, [(start + timedelta(minutes=25 * step), value) for step, value in enumerate(readings)])
    assert await ask(device, device, "increase", "1h", **RANGE) == [
        (text(start), 4, 3),
        (text(start + timedelta(hours=1)), 4, 2),
        (text(start + timedelta(hours=2)), 6, 2),
    ]
    # The value before the range is not looked at.
    later = RANGE | {"start_time": "2026-01-01T00:50:00Z"}
    assert (await ask(device, device, "increase", "1h", **later))[0] == (text(start), 0, 1)
    # Windows without values in between do not matter, nor does a clock change that splits the query.
    await send(device, [(utc(2025, 1, 1), 3), (utc(2025, 7, 1), 8), (utc(2026, 1, 1), 5)], "kWh")
    query: dict[str, Any] = {
        "field": "kWh",
        "start_time": 0,
        "end_time": RANGE["end_time"],
        "timezone": "Europe/Berlin",
    }
    assert [value for _, value, _ in await ask(device, device, "increase", "1mo", **query)] == [0, 5, 5]


async def test_increases_beyond_64_bits_are_floats_and_beyond_a_double_an_error(device: DeviceClient) -> None:
    extremes: list[Value] = [-(2**63), 2**63 - 1]
    await send(device, [(utc(2026, 1, 1, hour), value) for hour, value in enumerate(extremes)])
    [(_, value, _)] = await ask(device, device, "increase", "1d", **RANGE)
    assert (value, type(value)) == (2.0**64, float)
    await send(device, [(utc(2026, 1, 1, 0), -1.7e308), (utc(2026, 1, 1, 1), 1.7e308)], "huge")
    for window in ("1h", "1d"):
        query = {"field": "huge", "aggregation": "increase", "window": window, **RANGE}
        assert await device.wrong_fields("GET", f"/telemetry/{device.id}/aggregated", params=query) == ["query.field"]
    [(_, deviation, _)] = await ask(device, device, "stddev", "1d", field="huge", **RANGE)
    assert deviation == 1.7e308


async def test_deviations_are_those_of_a_population(device: DeviceClient) -> None:
    values = [1e6 + number * 0.1 * (-1) ** number for number in range(2_000)]
    start = utc(2026, 1, 1)
    await send(device, [(start + timedelta(seconds=number), value) for number, value in enumerate(values)])
    [(_, deviation, count)] = await ask(device, device, "stddev", "1d", **RANGE)
    exact = pstdev(map(Fraction, values))
    assert isinstance(deviation, float)
    assert count == 2_000
    assert abs(deviation - exact) <= 1e-9 * exact
