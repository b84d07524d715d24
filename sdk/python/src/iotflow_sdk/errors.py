"""The errors that calls raise. `IoTFlowError` is the base of all."""

from collections.abc import Iterable
from typing import Any

import httpx

from .models.problem import Problem
from .models.problem_error import ProblemError
from .types import UNSET

MIN_RETRY_AFTER_S = 1.0


class IoTFlowError(Exception):
    """A call failed. The message is one line."""


class ServiceUnreachable(IoTFlowError):
    """The service sent no complete response: no connection, a timeout, or a connection that broke."""


class UnexpectedResponse(IoTFlowError):
    """A successful response that is not one of IoTFlow, as from a proxy."""


class RequestFailed(IoTFlowError):
    """The service refused a request.

    `problem` is the service's explanation (RFC 9457); for a response without one it has the status and its reason.
    """

    def __init__(self, problem: Problem, response: httpx.Response) -> None:
        super().__init__(_describe(problem))
        self.problem = problem
        self.response = response

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.response.status_code


class Unauthorized(RequestFailed):
    """401: no valid credentials."""


class Forbidden(RequestFailed):
    """403: valid credentials without the right."""


class NotFound(RequestFailed):
    """404: no such resource among those of the caller."""


class Conflict(RequestFailed):
    """409: the resource's state or another resource prevents the change."""


class TooLarge(RequestFailed):
    """413: the body is over the service's limit."""


class ValidationProblem(RequestFailed):
    """422: invalid input."""

    @property
    def errors(self) -> list[ProblemError]:
        """The invalid fields."""
        return self.problem.errors or []


class Busy(RequestFailed):
    """A request that may succeed later."""

    @property
    def retry_after(self) -> float:
        """Seconds after which the service may accept the request, at least MIN_RETRY_AFTER_S."""
        header = self.response.headers.get("Retry-After", "")
        return max(MIN_RETRY_AFTER_S, float(header)) if header.isascii() and header.isdigit() else MIN_RETRY_AFTER_S


class RateLimited(Busy):
    """429: the caller exceeded a limit."""


class Unavailable(Busy):
    """503: a store of the service is unavailable, or the service is at its limit."""


_BY_STATUS: dict[int, type[RequestFailed]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: ValidationProblem,
    429: RateLimited,
    503: Unavailable,
}


def error_of(response: httpx.Response) -> RequestFailed:
    """Return the error of a response that is no success."""
    return _BY_STATUS.get(response.status_code, RequestFailed)(_problem(response), response)


def _problem(response: httpx.Response) -> Problem:
    """Return the problem document of a response; members that it lacks have the defaults of RFC 9457."""
    try:
        found: object = response.json()
    except ValueError:
        found = None
    members: dict[str, Any] = found if isinstance(found, dict) else {}  # Any: JSON
    detail = members.get("detail") or members.get("title")
    errors = members.get("errors")
    return Problem(
        type_=str(members.get("type", "about:blank")),
        title=str(members.get("title", response.reason_phrase)),
        status=response.status_code,
        detail=str(detail or f"{response.request.method} {response.url}: {response.reason_phrase}"),
        instance=str(members.get("instance", response.url.path)),
        request_id=str(members.get("request_id", response.headers.get("X-Request-ID", ""))),
        errors=[_field(error) for error in errors] if isinstance(errors, list) else UNSET,
    )


def _field(error: object) -> ProblemError:
    members: dict[str, Any] = error if isinstance(error, dict) else {}  # Any: JSON
    location = members.get("loc")
    return ProblemError(
        loc=location if isinstance(location, list) else [],
        msg=str(members.get("msg", "")),
        type_=str(members.get("type", "")),
    )


def _describe(problem: Problem) -> str:
    errors: Iterable[ProblemError] = problem.errors or ()
    fields = "; ".join(f"{'.'.join(map(str, error.loc))}: {error.msg}" for error in errors)
    detail = f"{problem.detail} ({fields})" if fields else problem.detail
    return " ".join(f"{detail} [HTTP {problem.status}]".split())
