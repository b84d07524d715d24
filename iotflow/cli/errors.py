"""Errors that a command shows to its user."""


class UsageError(Exception):
    """A wrong option, environment variable or file. The message is one line."""


class ServiceError(Exception):
    """The service is unreachable or refused a request. The message is one line; `status` is the HTTP status, if any."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
