"""Log output of the service: its format, its level, and rate-limited lines for limits that are met."""

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

QUIET_S = 60.0
"""Minimum time between two lines about the same limit."""

LogFormat = Literal["text", "json"]

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
QUIET_LIBRARIES = ("uvicorn", "aiosqlite", "alembic", "httpx")
"""Logged from WARNING on: their INFO lines repeat the service's own, or follow each statement or request."""

logger = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time in UTC (RFC 3339), level, logger, message; request_id and exception where present.

    A record has a request_id when it was logged with `extra={"request_id": …}`. All is ASCII: a line break or a control
    character in a message is escaped, so a record is one line whatever reads it.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            line["request_id"] = request_id
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Log to standard error from this level on, in this format."""
    # No format uses these fields; collecting them doubles the cost of a log call (logging HOWTO, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else logging.Formatter(TEXT_FORMAT))
    logging.basicConfig(handlers=[handler], level=level.upper())
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


class LimitLog:
    """A log of one limit: a line at once, then at most one in `QUIET_S` seconds with the number of times since."""

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
