"""The errors of the domain, independent of HTTP: `iotflow.api.problems` maps them to responses.

A message names the fault, its place and the remedy, for the person who caused the error.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class IoTFlowError(Exception):
    """The base class of the project's errors."""


class NotFound(IoTFlowError):
    """The resource does not exist, or is hidden from the caller."""


class Conflict(IoTFlowError):
    """The change conflicts with stored state: a taken name, an outdated version, the last administrator."""


class Forbidden(IoTFlowError):
    """Valid credentials without the right to do this."""


class Unauthenticated(IoTFlowError):
    """No valid credentials of an accepted kind."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of an input. `location` is its path, outermost first: ("body", "data", "temp")."""

    location: tuple[str | int, ...]
    message: str
    kind: str = "value_error"


class InvalidInput(IoTFlowError):
    """The input breaks a rule. Each error names a field; `unlisted` is the number of errors left out."""

    def __init__(self, errors: Sequence[FieldError], unlisted: int = 0) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)
        self.unlisted = unlisted

    @classmethod
    def at(cls, *location: str | int, message: str, kind: str = "value_error") -> "InvalidInput":
        """Return the error of a single field."""
        return cls([FieldError(location, message, kind)])


class NotInstalled(IoTFlowError):
    """The operation needs packages of an extra that the service does not have."""


class RateLimited(IoTFlowError):
    """A rate limit was reached; another attempt is admitted after `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Overloaded(IoTFlowError):
    """The service is at one of its limits; a retry after `retry_after_s` seconds may succeed.

    The message names the limit and its value, and is shown to clients.
    """

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreUnavailable(IoTFlowError):
    """A store is unreachable, does not answer in time, or accepts no more work.

    `store` is "sql", "telemetry", "cache" or "documents". The message is logged for operators; clients receive only the
    store's name.
    """

    def __init__(self, store: str, message: str) -> None:
        super().__init__(message)
        self.store = store
