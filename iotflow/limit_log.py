"""Log lines for a limit that is met: operators see which one, by whom and how often, and the log stays small."""

import logging
import time
from collections.abc import Callable

QUIET_S = 60.0

logger = logging.getLogger(__name__)


class LimitLog:
    """Logs when one limit is met: at once, then at most once a minute with the number of times since."""

    def __init__(self, limit: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`limit` names the limit and its value: "1,000 connections of one address"."""
        self._limit = limit
        self._monotonic = monotonic
        self._times = 0
        self._quiet_until = 0.0

    def met(self, who: str) -> None:
        """Count and log that `who` met the limit: an address, an account, a device; never a secret."""
        self._times += 1
        now = self._monotonic()
        if now < self._quiet_until:
            return
        logger.warning("limit met: %s; by %s; times=%d", self._limit, who, self._times)
        self._times = 0
        self._quiet_until = now + QUIET_S
