"""The query parameters of aggregates."""

from typing import Annotated

from fastapi import Query

from iotflow.domain.aggregates import Aggregation
from iotflow.domain.errors import InvalidInput
from iotflow.domain.telemetry import MAX_NAME_LENGTH
from iotflow.domain.time_windows import Window, parse_window

MeasurementName = Annotated[
    str,
    Query(description="Name of the measurement.", min_length=1, max_length=MAX_NAME_LENGTH, examples=["temperature"]),
]
AggregationParameter = Annotated[
    Aggregation,
    Query(
        description="The statistic. `count`, `first` and `last` use values of any type, the others numbers only. "
        "`stddev` is the standard deviation of a population. `increase` adds up by how much a counter rose from value "
        "to value. A fall is a restart from zero: it adds the new value. A rise belongs to the window of its later "
        "value; the first value of the time range adds nothing."
    ),
]
WindowParameter = Annotated[
    str,
    Query(
        description="Width of the windows: 10s to 30d in s, m, h or d, or of the calendar: `1w` (from Monday), `1mo`, "
        "`3mo` or `1y`.",
        # For the document alone: `parse_window` describes what is wrong.
        json_schema_extra={"pattern": "^([0-9]{1,7}[smhd]|1w|1mo|3mo|1y)$"},
        examples=["1h", "7d", "1mo"],
    ),
]
"""The text that `parse_window_parameter` parses."""


def parse_window_parameter(text: str) -> Window:
    """Return the windows of the parameter `window`. Raises InvalidInput."""
    try:
        return parse_window(text)
    except ValueError as error:
        raise InvalidInput.at("query", "window", message=str(error)) from None
