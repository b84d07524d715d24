"""How a value is kept in the columns of `telemetry_points`: the column that is not null tells its type."""

from typing import Any

from sqlalchemy import Row

from iotflow.domain.telemetry import Value


def columns_of(value: Value) -> dict[str, Value | None]:
    """The value in its type's column, null in the others."""
    return {
        "bool_value": value if isinstance(value, bool) else None,
        "int_value": value if isinstance(value, int) and not isinstance(value, bool) else None,
        "float_value": value if isinstance(value, float) else None,
        "text_value": value if isinstance(value, str) else None,
    }


def value_of(row: Row[*tuple[Any, ...]]) -> Value:  # Any: the columns' types are those of the table
    """The value of a row of the table."""
    for value in (row.float_value, row.int_value, row.bool_value):
        if value is not None:
            return value  # type: ignore[no-any-return]  # a row's attributes are untyped
    return str(row.text_value)
