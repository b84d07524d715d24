from enum import StrEnum


class ForecastMethod(StrEnum):
    LEVEL = "level"
    LEVEL_AND_DAILY_SEASON = "level_and_daily_season"

    def __str__(self) -> str:
        return str(self.value)
