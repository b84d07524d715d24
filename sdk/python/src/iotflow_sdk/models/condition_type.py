from enum import StrEnum


class ConditionType(StrEnum):
    ANOMALY = "anomaly"
    NO_DATA = "no_data"
    OFFLINE = "offline"
    RATE = "rate"
    THRESHOLD = "threshold"

    def __str__(self) -> str:
        return str(self.value)
