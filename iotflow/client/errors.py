"""What can go wrong for the person at the command line."""


class WrongUse(Exception):
    """The command cannot do what it was asked: an option, a variable or a file is wrong. The message is one line."""


class ServiceError(Exception):
    """The service could not be reached or refused a request. The message is one line, `status` that of HTTP."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
