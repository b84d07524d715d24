from enum import StrEnum


class Aggregation(StrEnum):
    COUNT = "count"
    FIRST = "first"
    INCREASE = "increase"
    LAST = "last"
    MAX = "max"
    MEAN = "mean"
    MIN = "min"
    STDDEV = "stddev"
    SUM = "sum"

    def __str__(self) -> str:
        return str(self.value)
