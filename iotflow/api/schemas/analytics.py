"""Bodies about summaries of devices and accounts."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.base import ResponseModel
from iotflow.api.schemas.fields import Timestamp
from iotflow.domain.analytics import MAX_BUSIEST_DEVICES, MAX_LISTED_TYPES, MAX_QUANTILE_VALUES
from iotflow.domain.forecasts import ForecastMethod

_PERCENTILE = f"Exact; null if the range has more than {MAX_QUANTILE_VALUES:,} numbers."


class FieldSummary(ResponseModel):
    """The statistics of a measurement's numbers. Percentiles are interpolated between neighbours."""

    count: int = Field(examples=[288])
    mean: float = Field(examples=[21.4])
    min: float = Field(examples=[18.0])
    max: float = Field(examples=[25.5])
    stddev: float = Field(description="Of the population.", examples=[1.7])
    p50: float | None = Field(description=f"The median. {_PERCENTILE}", examples=[21.5])
    p95: float | None = Field(description=_PERCENTILE, examples=[24.1])
    p99: float | None = Field(description=_PERCENTILE, examples=[25.2])


class DayCount(ResponseModel):
    """What arrived on one day, UTC."""

    day: Timestamp = Field(description="Start of the day, UTC.")
    messages: int = Field(description="Submissions; a batch is one.", examples=[288])
    points: int = Field(description="Values in them.", examples=[864])


class DeviceAnalytics(ResponseModel):
    """What a device measured and sent within a time range."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["weather-station"])
    start_time: Timestamp
    end_time: Timestamp | None = Field(description="Null: the range is open.")
    fields: dict[str, FieldSummary] = Field(description="By name, those with numbers in the range, by event time.")
    messages_per_day: list[DayCount] = Field(description="Estimates, by time of receipt; days without are omitted.")
    uptime: Annotated[float, Field(ge=0, le=1)] | None = Field(
        description="The share of the hours (UTC) of the range, since the device's registration and until now, in "
        "which telemetry of the device arrived. Null if the range has none.",
        examples=[0.98],
    )


class ForecastHistory(ResponseModel):
    """The hours that a forecast is made from."""

    start_time: Timestamp
    end_time: Timestamp = Field(description="The start of the current hour, at which the forecast begins.")
    hours: int = Field(description="Hours with numbers; others are treated as unknown.", examples=[330])


class HourForecast(ResponseModel):
    """The forecast of one hour's mean."""

    timestamp: Timestamp = Field(description="Start of the hour.")
    value: float = Field(examples=[21.4])
    lower_80: float = Field(description="With a probability of 80 %, the mean lies from here…", examples=[20.6])
    upper_80: float = Field(description="… to here.", examples=[22.2])
    lower_95: float = Field(description="With a probability of 95 %, the mean lies from here…", examples=[20.2])
    upper_95: float = Field(description="… to here.", examples=[22.6])


class ForecastAccuracy(ResponseModel):
    """How well the last days would have been forecast, each from the data before it."""

    hours: int = Field(description="Hours that were compared.", examples=[72])
    mae: float = Field(description="Mean absolute error, in the unit of the measurement.", examples=[0.5])
    mase: float | None = Field(
        description="The error as a multiple of that of repeating the day before (method `level`: the hour before). "
        "Below 1: the forecast is better. Null if that error is 0.",
        examples=[0.7],
    )
    coverage_80: float = Field(ge=0, le=1, description="The share of hours in the 80 % interval.", examples=[0.81])
    coverage_95: float = Field(ge=0, le=1, description="The share of hours in the 95 % interval.", examples=[0.94])


class DeviceForecast(ResponseModel):
    """The forecast of a measurement's hourly means."""

    device_id: int = Field(examples=[1])
    device_name: str = Field(examples=["weather-station"])
    field: str = Field(examples=["temperature"])
    method: ForecastMethod = Field(description="Without three days of history there is no daily season.")
    history: ForecastHistory
    forecast: list[HourForecast]
    accuracy: ForecastAccuracy | None = Field(description="Null if none of the last hours has numbers.")


class StatusCounts(ResponseModel):
    """Numbers of devices by status."""

    active: int
    inactive: int
    maintenance: int


class TypeCount(ResponseModel):
    """Number of devices of one type."""

    device_type: str = Field(examples=["sensor"])
    devices: int = Field(examples=[3])


class OwnedDeviceCounts(ResponseModel):
    """Numbers of an account's devices."""

    total: int
    by_status: StatusCounts
    by_type: list[TypeCount] = Field(description=f"The {MAX_LISTED_TYPES} most frequent types, most frequent first.")


class SeverityCounts(ResponseModel):
    """Numbers of alerts by severity."""

    info: int
    warning: int
    error: int
    critical: int


class ActiveDevice(ResponseModel):
    """How much a device sent."""

    device_id: int = Field(examples=[1])
    device_name: str | None = Field(description="Null: deleted a moment ago.", examples=["weather-station"])
    messages: int = Field(examples=[288])
    points: int = Field(examples=[864])


class AccountAnalytics(ResponseModel):
    """An account's devices now, and what happened within a time range."""

    user_id: UUID
    start_time: Timestamp
    end_time: Timestamp | None = Field(description="Null: the range is open.")
    devices: OwnedDeviceCounts
    messages_per_day: list[DayCount] = Field(description="Estimates, by time of receipt; days without are omitted.")
    alerts_by_severity: SeverityCounts = Field(description="Alerts that were raised within the range.")
    most_active_devices: list[ActiveDevice] = Field(
        description=f"The {MAX_BUSIEST_DEVICES} devices with the most submissions within the range, the most first."
    )
