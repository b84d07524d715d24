"""Forecasts of hourly means, by a stand-in for the model, and by the model where its package is installed."""

import importlib.util
import math
import random
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from iotflow.services import forecast_model
from tests.api.clients import DeviceClient, UserClient
from tests.api.forecasts import send_hours, use_stand_in
from tests.clock import FakeClock

needs_the_extra = pytest.mark.skipif(
    importlib.util.find_spec("statsmodels") is None, reason="statsmodels is not installed: the extra forecast"
)


def path_of(device: DeviceClient) -> str:
    return f"/analytics/devices/{device.id}/forecast"


def text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def daily_wave(days: int, seed: int = 7) -> list[float]:
    """Return hourly numbers with a daily season and noise of deviation 1."""
    rng = random.Random(seed)
    return [round(20 + 5 * math.sin(math.tau * hour / 24) + rng.gauss(0, 1), 3) for hour in range(24 * days)]


async def test_a_forecast_continues_the_hours(
    ada: UserClient, device: DeviceClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_stand_in(monkeypatch)
    numbers = daily_wave(5)
    end = await send_hours(device, clock, numbers)
    found = await ada.get(path_of(device), field="temp", hours=30)
    assert (found["device_id"], found["field"], found["method"]) == (device.id, "temp", "level_and_daily_season")
    start = text(end - timedelta(days=5))
    assert found["history"] == {"start_time": start, "end_time": text(end), "hours": 120}
    values = [*numbers[-24:], *numbers[-24:-18]]
    assert [(one["timestamp"], one["value"]) for one in found["forecast"]] == [
        (text(end + timedelta(hours=hour)), pytest.approx(value)) for hour, value in enumerate(values)
    ]
    first = found["forecast"][0]
    bounds = [first[name] - first["value"] for name in ("lower_95", "lower_80", "upper_80", "upper_95")]
    assert bounds == pytest.approx([-2, -1, 1, 2])


async def test_the_backtest_forecasts_the_last_days_again(
    ada: UserClient, device: DeviceClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_stand_in(monkeypatch)
    days = [0.0, 1.0, 2.0, 2.5, 4.0]
    await send_hours(device, clock, [level for level in days for _ in range(24)])
    found = (await ada.get(path_of(device), field="temp"))["accuracy"]
    # The last three days rise by 1, 0.5 and 1.5; the two before them by 1.
    assert found["hours"] == 72
    assert (found["mae"], found["mase"]) == pytest.approx((1.0, 1.0))
    assert (found["coverage_80"], found["coverage_95"]) == pytest.approx((2 / 3, 1))


async def test_hours_without_numbers_are_unknown(
    ada: UserClient, device: DeviceClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_stand_in(monkeypatch)
    numbers: list[object | None] = [5.0] * 96
    numbers[30:40] = [None] * 10
    numbers[-30:] = [None] * 30
    await send_hours(device, clock, numbers)
    found = await ada.get(path_of(device), field="temp")
    assert (found["history"]["hours"], len(found["forecast"])) == (56, 24)
    assert (found["accuracy"]["hours"], found["accuracy"]["mase"]) == (18, None)


async def test_less_than_three_days_have_no_season(
    ada: UserClient, device: DeviceClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_stand_in(monkeypatch)
    await send_hours(device, clock, [1.0] * 71 + [3.0])
    assert (await ada.get(path_of(device), field="temp"))["method"] == "level_and_daily_season"
    found = await ada.get(path_of(device), field="temp", start_time="-71h")
    assert (found["method"], found["history"]["hours"]) == ("level", 71)
    assert {one["value"] for one in found["forecast"]} == {3.0}
    assert found["accuracy"]["hours"] == 17


async def test_the_longest_history_is_admitted_while_time_passes(
    ada: UserClient, device: DeviceClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_stand_in(monkeypatch)
    await send_hours(device, clock, [1.0] * 24 * 15)
    times = count(clock.now())
    monkeypatch.setattr(clock, "now", lambda: next(times))
    # The hour in which the range begins is not whole.
    assert (await ada.get(path_of(device), field="temp"))["history"]["hours"] == 24 * 14 - 1


async def test_too_little_history_is_refused_with_what_is_needed(
    ada: UserClient, device: DeviceClient, clock: FakeClock
) -> None:
    await send_hours(device, clock, [1.0] * 23)
    await send_hours(device, clock, [1.0] * 24 + [None] * 26, name="sparse")
    await send_hours(device, clock, ["open"] * 30, name="door")
    await send_hours(device, clock, [1e200] * 30, name="huge")
    details = {
        name: (await ada.refused(422, "GET", path_of(device), params={"field": name}))["detail"]
        for name in ("temp", "sparse", "door", "huge")
    }
    assert details == {
        "temp": "query.field: 23 hours with numbers since start_time: a forecast needs 24",
        "sparse": "query.field: 24 of 50 hours since the first value have numbers: a forecast needs half",
        "door": "query.field: 0 hours with numbers since start_time: a forecast needs 24",
        "huge": "query.field: numbers beyond 1e+150: forecasts have none",
    }


async def test_an_unknown_name_is_answered_with_similar_ones(
    ada: UserClient, device: DeviceClient, clock: FakeClock
) -> None:
    await send_hours(device, clock, [1.0])
    problem = await ada.refused(404, "GET", path_of(device), params={"field": "tempp"})
    assert "did you mean 'temp'?" in problem["detail"]


async def test_without_the_package_the_extra_is_named(
    ada: UserClient, device: DeviceClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_model, "is_installed", lambda: False)
    await send_hours(device, clock, [1.0] * 24)
    problem = await ada.refused(501, "GET", path_of(device), params={"field": "temp"})
    assert problem["detail"] == "forecasts need more packages: the operator can install iotflow[forecast]"
    assert problem["type"] == "urn:iotflow:problem:not-implemented"


@needs_the_extra
@pytest.mark.parametrize("days", [3, 7, 14])
async def test_the_model_beats_repetition_and_its_intervals_hold(
    ada: UserClient, device: DeviceClient, clock: FakeClock, days: int
) -> None:
    numbers = daily_wave(days + 1)
    known, future = numbers[:-24], numbers[-24:]
    await send_hours(device, clock, known)
    found = await ada.get(path_of(device), field="temp")
    errors = [abs(one["value"] - number) for one, number in zip(found["forecast"], future, strict=True)]
    of_last_day = [abs(before - number) for before, number in zip(known[-24:], future, strict=True)]
    assert sum(errors) < sum(of_last_day)
    assert 14 <= sum(_is_within(one, "80", number) for one, number in zip(found["forecast"], future, strict=True)) <= 24
    assert sum(_is_within(one, "95", number) for one, number in zip(found["forecast"], future, strict=True)) >= 20
    assert found["accuracy"]["mase"] < 1
    assert 0.6 <= found["accuracy"]["coverage_80"] <= found["accuracy"]["coverage_95"] <= 1


def _is_within(one: dict[str, Any], percent: str, number: float) -> bool:
    return bool(one[f"lower_{percent}"] <= number <= one[f"upper_{percent}"])


@needs_the_extra
@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param([5.0] * 96, id="constant"),
        pytest.param([0.0] * 30, id="zeros without a season"),
        pytest.param([1e6 * hour for hour in range(96)], id="a line"),
        pytest.param([5.0 if hour % 5 else None for hour in range(96)], id="gaps"),
        pytest.param([(-1) ** hour * 9e149 for hour in range(96)], id="huge"),
        pytest.param([hour * 1e-320 for hour in range(96)], id="tiny"),
    ],
)
async def test_the_model_takes_unusual_numbers(
    ada: UserClient, device: DeviceClient, clock: FakeClock, numbers: list[float | None]
) -> None:
    await send_hours(device, clock, numbers)
    found = await ada.get(path_of(device), field="temp", hours=72)
    assert len(found["forecast"]) == 72
    for one in found["forecast"]:
        bounds = [one[name] for name in ("lower_95", "lower_80", "value", "upper_80", "upper_95")]
        assert bounds == sorted(bounds)
