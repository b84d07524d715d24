from enum import StrEnum


class ActorType(StrEnum):
    DEVICE = "device"
    USER = "user"

    def __str__(self) -> str:
        return str(self.value)
