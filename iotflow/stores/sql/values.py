"""How a value is kept in the columns of `telemetry_points`: the one that is not null tells its type."""

from iotflow.domain.telemetry import Value
from iotflow.stores.sql.tables import points

VALUE_COLUMNS = (points.c.bool_value, points.c.int_value, points.c.float_value, points.c.text_value)

Columns = tuple[bool | None, int | None, float | None, str | None]
"""What the `VALUE_COLUMNS` hold."""


def columns_of(value: Value) -> Columns:
    """The value in its type's column, null in the others."""
    match value:
        case float():
            return None, None, value, None
        case bool():
            return value, None, None, None
        case int():
            return None, value, None, None
        case str():
            return None, None, None, value


def value_of(
    bool_value: bool | None, int_value: int | None, float_value: float | None, text_value: str | None
) -> Value:
    """The value in these columns."""
    if float_value is not None:
        return float_value
    if int_value is not None:
        return int_value
    if bool_value is not None:
        return bool_value
    assert text_value is not None
    return text_value
