"""When a request is sent again."""

import re
from dataclasses import dataclass

import httpx

from .errors import Busy, RequestFailed

_SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
"""Repeated, these requests of the API leave what one leaves."""
_SAFE_POSTS = re.compile(r"/(batch|bulk|heartbeat)$")


@dataclass(frozen=True, slots=True)
class Retry:
    """The bounds on sending an idempotent request again after 429 and 503: attempts in all, and seconds of waiting."""

    max_attempts: int = 5
    max_wait_s: float = 60.0


class Attempts:
    """The attempts of one request."""

    def __init__(self, retry: Retry, *, idempotent: bool) -> None:
        self._remaining = retry.max_attempts if idempotent else 1
        self._wait_s = retry.max_wait_s

    def pause_after(self, error: RequestFailed) -> float:
        """Return the seconds to wait before the next attempt. Raises the error if there is none."""
        self._remaining -= 1
        if self._remaining < 1 or not isinstance(error, Busy) or error.retry_after > self._wait_s:
            raise error
        self._wait_s -= error.retry_after
        return error.retry_after


def is_idempotent(method: str, path: str) -> bool:
    """Return whether a request may be sent again."""
    return method in _SAFE_METHODS or _SAFE_POSTS.search(httpx.URL(path).path) is not None
