"""Everything that can go wrong in the domain's own words.

`iotflow.api.problems` maps these to HTTP; nothing here knows of it. A message is written for the person who caused the
error: what was wrong, where, and what would be right.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class IoTFlowError(Exception):
    """The root of the project's own errors."""


class NotFound(IoTFlowError):
    """The thing asked for does not exist, or the caller may not know that it does."""


class Conflict(IoTFlowError):
    """The change contradicts what is stored: a taken name, an outdated version, a last administrator."""


class Forbidden(IoTFlowError):
    """Good credentials without the right to do this."""


class Unauthenticated(IoTFlowError):
    """No valid credentials of a kind that is taken here."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with an input. `location` leads to it, outermost first: ("body", "data", "temp")."""

    location: tuple[str | int, ...]
    message: str
    kind: str = "value_error"


class InvalidInput(IoTFlowError):
    """The input breaks a rule; each error names the field it is about. `unlisted` counts errors beside those."""

    def __init__(self, errors: Sequence[FieldError], unlisted: int = 0) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)
        self.unlisted = unlisted

    @classmethod
    def at(cls, *location: str | int, message: str, kind: str = "value_error") -> "InvalidInput":
        """The error of a single field."""
        return cls([FieldError(location, message, kind)])


class RateLimited(IoTFlowError):
    """A rate limit was reached; `retry_after_s` seconds from now another attempt is admitted."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Overloaded(IoTFlowError):
    """The service is at one of its limits; the same request may succeed `retry_after_s` seconds from now.

    The message names the limit and its value, and is shown to clients.
    """

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreUnavailable(IoTFlowError):
    """A store that must hold the answer cannot be reached, is out of time or cannot take more work now.

    `store` is the role group's name ("sql", "telemetry", "cache", "documents"). The message is for operators and is
    logged; clients are told only which store it was.
    """

    def __init__(self, store: str, message: str) -> None:
        super().__init__(message)
        self.store = store
