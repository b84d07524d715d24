from enum import StrEnum


class AlertType(StrEnum):
    ANOMALY = "anomaly"
    CUSTOM = "custom"
    DEVICE_OFFLINE = "device_offline"
    MAINTENANCE = "maintenance"
    THRESHOLD_EXCEEDED = "threshold_exceeded"

    def __str__(self) -> str:
        return str(self.value)
