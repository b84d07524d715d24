from enum import StrEnum


class WebhookTemplate(StrEnum):
    CLOUDEVENTS = "cloudevents"
    NTFY = "ntfy"
    SLACK = "slack"

    def __str__(self) -> str:
        return str(self.value)
