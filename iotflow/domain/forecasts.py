"""Forecasts of a measurement's hourly means, and how well the same method would have forecast the last days."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from iotflow.domain.devices import DeviceSummary
from iotflow.domain.times import Millis, TimeRange

HOUR_MS = 3_600_000
DAY_HOURS = 24
MAX_FORECAST_HOURS = 72
MAX_HISTORY_DAYS = 14
"""The longest history of a forecast: the time to fit a model grows with it."""
MIN_KNOWN_HOURS = 24
"""Hours with numbers that a forecast needs; at least half of the hours since the first one must have some."""
MIN_SEASONAL_HOURS = 3 * DAY_HOURS
"""From this length on the model has a daily season: a backtest of one day leaves two days to learn it from."""
MAX_BACKTEST_DAYS = 3
MAX_MAGNITUDE = 1e150
"""Greatest number of a history: squares are finite."""


class ForecastMethod(StrEnum):
    """A structural time series model: a level that wanders, with or without a daily season."""

    LEVEL_AND_DAILY_SEASON = "level_and_daily_season"
    LEVEL = "level"


class Interval(NamedTuple):
    """The bounds between which a value is expected with some probability."""

    lower: float
    upper: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, float) and self.lower <= value <= self.upper


class Prediction(NamedTuple):
    """The expected mean of one hour, with its 80 % and 95 % intervals."""

    value: float
    within_80: Interval
    within_95: Interval


Predict = Callable[[Sequence[float], int, ForecastMethod], list[Prediction]]
"""A function that continues hourly numbers, NaN where unknown, by some hours."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The result of a backtest: forecasts of `hours` known hours, each from the data before its day.

    - `mae`: mean absolute error, in the unit of the measurement.
    - `mase`: `mae` as a multiple of the error of repeating the day before, without a season the hour before, within
      the data learned from. None if that error is 0.
    - `coverage_80`, `coverage_95`: the shares of the hours within the intervals.
    """

    hours: int
    mae: float
    mase: float | None
    coverage_80: float
    coverage_95: float


@dataclass(frozen=True, slots=True)
class History:
    """Hourly means from `start` on, NaN for hours without numbers; the first one has some."""

    start: Millis
    means: Sequence[float]

    @property
    def time_range(self) -> TimeRange:
        """The hours of the history. The forecast begins at its end."""
        return TimeRange(self.start, Millis(self.start + len(self.means) * HOUR_MS))

    @property
    def known_hours(self) -> int:
        """The number of hours with numbers."""
        return sum(not math.isnan(mean) for mean in self.means)

    @property
    def method(self) -> ForecastMethod:
        """The method that has enough data."""
        seasonal = len(self.means) >= MIN_SEASONAL_HOURS
        return ForecastMethod.LEVEL_AND_DAILY_SEASON if seasonal else ForecastMethod.LEVEL


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of a device's measurement. `accuracy` None: the backtest has no hour with numbers."""

    device: DeviceSummary
    name: str
    history: History
    predictions: Sequence[Prediction]
    accuracy: Accuracy | None


def build_history(means: Mapping[Millis, float], end: Millis) -> History:
    """Return the history of hourly means, by start of the hour, up to an end. Without means it is empty."""
    start = min(means, default=end)
    return History(start, [means.get(Millis(hour), math.nan) for hour in range(start, end, HOUR_MS)])


def history_error(history: History) -> str | None:
    """Return why a history is not enough for a forecast, or None."""
    known = history.known_hours
    if known < MIN_KNOWN_HOURS:
        return f"{known} hours with numbers since start_time: a forecast needs {MIN_KNOWN_HOURS}"
    if 2 * known < len(history.means):
        return f"{known} of {len(history.means)} hours since the first value have numbers: a forecast needs half"
    if any(abs(mean) > MAX_MAGNITUDE for mean in history.means):
        return f"numbers beyond {MAX_MAGNITUDE:g}: forecasts have none"
    return None


def backtest(history: History, predict: Predict) -> Accuracy | None:
    """Forecast the last days again, each from the data before it, without a season the last quarter of the data."""
    means, method = history.means, history.method
    if method is ForecastMethod.LEVEL:
        length, lag = len(means) // 4, 1
        origins = [len(means) - length]
    else:
        length = lag = DAY_HOURS
        days = min(MAX_BACKTEST_DAYS, len(means) // DAY_HOURS - 2)
        origins = [len(means) - day * DAY_HOURS for day in range(1, days + 1)]
    compared = [
        (mean, prediction)
        for origin in origins
        for mean, prediction in zip(means[origin:], predict(means[:origin], length, method), strict=False)
        if not math.isnan(mean)
    ]
    if not compared:
        return None
    hours = len(compared)
    mae = math.fsum(abs(mean - prediction.value) for mean, prediction in compared) / hours
    naive = _naive_error(means[: origins[-1]], lag)
    return Accuracy(
        hours,
        mae,
        mae / naive if naive else None,
        sum(mean in prediction.within_80 for mean, prediction in compared) / hours,
        sum(mean in prediction.within_95 for mean, prediction in compared) / hours,
    )


def _naive_error(means: Sequence[float], lag: int) -> float:
    """Return the mean absolute error of repeating the value some hours before; 0 without a pair of known hours."""
    steps = [abs(later - earlier) for earlier, later in zip(means, means[lag:], strict=False)]
    known = [step for step in steps if not math.isnan(step)]
    return math.fsum(known) / len(known) if known else 0.0
