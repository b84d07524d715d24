from enum import StrEnum


class TokenScope(StrEnum):
    READ = "read"
    TELEMETRY = "telemetry"
    WRITE = "write"

    def __str__(self) -> str:
        return str(self.value)
