from enum import StrEnum


class ReportType(StrEnum):
    ACCOUNT_SUMMARY = "account_summary"
    DEVICE_SUMMARY = "device_summary"
    GROUP_SUMMARY = "group_summary"

    def __str__(self) -> str:
        return str(self.value)
