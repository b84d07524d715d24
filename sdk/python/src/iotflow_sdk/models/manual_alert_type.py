from enum import StrEnum


class ManualAlertType(StrEnum):
    CUSTOM = "custom"
    MAINTENANCE = "maintenance"

    def __str__(self) -> str:
        return str(self.value)
