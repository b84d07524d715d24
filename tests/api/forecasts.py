"""Hourly records, and a model that stands in for the package of the extra `iotflow[forecast]`."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from iotflow.domain.forecasts import DAY_HOURS, ForecastMethod, Interval, Prediction
from iotflow.services import forecast_model
from tests.api.clients import DeviceClient
from tests.clock import FakeClock

HALF_WIDTH_80, HALF_WIDTH_95 = 1.0, 2.0


def use_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the service forecast by `repeat`, whether the package is installed or not."""
    monkeypatch.setattr(forecast_model, "is_installed", lambda: True)
    monkeypatch.setattr(forecast_model, "predict", repeat)


def repeat(means: Sequence[float], hours: int, method: ForecastMethod) -> list[Prediction]:
    """Repeat the last day, or with the method `level` the last hour, with intervals of constant width."""
    lag = 1 if method is ForecastMethod.LEVEL else DAY_HOURS
    last = [0.0 if math.isnan(mean) else mean for mean in means[-lag:]]
    values = [last[hour % lag] for hour in range(hours)]
    return [
        Prediction(
            value,
            Interval(value - HALF_WIDTH_80, value + HALF_WIDTH_80),
            Interval(value - HALF_WIDTH_95, value + HALF_WIDTH_95),
        )
        for value in values
    ]


async def send_hours(
    device: DeviceClient, clock: FakeClock, numbers: Sequence[object | None], name: str = "temp"
) -> datetime:
    """Send one number each hour, None for none, of which the last is in the hour before the current one.

    Return the start of the current hour.
    """
    end = datetime.fromtimestamp(clock.now() // 3_600_000 * 3_600, UTC)
    first = end - timedelta(hours=len(numbers))
    records = [
        {"timestamp": (first + timedelta(hours=hour, minutes=20)).isoformat(), "data": {name: number}}
        for hour, number in enumerate(numbers)
        if number is not None
    ]
    answer = await device.post("/telemetry/batch", records)
    assert answer["rejected"] == 0, answer
    return end
