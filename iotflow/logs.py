"""Log output of the service: its format and level, its batches, and rate-limited lines for limits that are met."""

import json
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import Literal, TextIO

from iotflow.metrics import definitions

QUIET_S = 60.0
"""Minimum time between two lines about the same limit."""

WRITE_INTERVAL_S = 0.2
"""Maximum time that a line below WARNING waits for others."""
MAX_WAITING_LINES = 1_000
MAX_WAITING_LINE_LENGTH = 4_096
"""A longer line does not wait, so waiting lines take at most 4 M characters."""
MAX_LAST_WRITE_S = 5.0
"""Maximum time for the last write of a batch: whatever reads the log may have stopped."""
ATOMIC_WRITE_BYTES = 4_096
"""Size up to which a write to a pipe is not mixed with those of other workers (PIPE_BUF of Linux)."""

LogFormat = Literal["text", "json"]
Fields = Mapping[str, object]
"""Further members of a line in JSON."""
NO_FIELDS: Fields = {}

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
QUIET_LIBRARIES = ("uvicorn", "aiosqlite", "alembic", "httpx")
"""Logged from WARNING on: their INFO lines repeat the service's own, or follow each statement or request."""

logger = logging.getLogger(__name__)


class LineFormatter(logging.Formatter, ABC):
    """A formatter that also formats a line without a `LogRecord`."""

    @abstractmethod
    def format_line(self, created: float, level: str, name: str, message: str, more: Fields = NO_FIELDS) -> str:
        """Return the line of a logger's message, `created` at this Unix time in seconds. A text leaves out `more`."""


class JsonFormatter(LineFormatter):
    """One JSON object a line: time in UTC (RFC 3339), level, logger, message; request_id and exception where present.

    A record has a request_id when it was logged with `extra={"request_id": …}`; the line of a request also has its
    method, route, status, duration_ms and principal, and its trace_id when it is traced. All is ASCII: a line break or
    a control character in a message is escaped, so a record is one line whatever reads it.
    """

    def format(self, record: logging.LogRecord) -> str:
        more = dict(getattr(record, "fields", NO_FIELDS))
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            more["request_id"] = request_id
        if record.exc_info:
            more["exception"] = self.formatException(record.exc_info)
        return self.format_line(record.created, record.levelname, record.name, record.getMessage(), more)

    def format_line(self, created: float, level: str, name: str, message: str, more: Fields = NO_FIELDS) -> str:
        moment = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": moment, "level": level.lower(), "logger": name, "message": message, **more})


class TextFormatter(LineFormatter):
    """Formats lines as `TEXT_FORMAT`. Formats the time once a second."""

    def __init__(self) -> None:
        super().__init__(TEXT_FORMAT)
        self._formatted = -1, ""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info or record.stack_info:
            return super().format(record)
        return self.format_line(record.created, record.levelname, record.name, record.getMessage())

    def format_line(self, created: float, level: str, name: str, message: str, more: Fields = NO_FIELDS) -> str:
        second, text = self._formatted
        if second != int(created):
            second = int(created)
            text = time.strftime(self.default_time_format, time.localtime(second))
            self._formatted = second, text
        return f"{text},{int((created - second) * 1_000):03d} {level} {name} {message}"


class BatchingHandler(logging.StreamHandler[TextIO]):
    """Writes lines to standard error: at once, or while `batching` every `WRITE_INTERVAL_S` in a thread.

    A line from WARNING on is written at once, after those that wait. When `MAX_WAITING_LINES` wait, the caller writes
    them, so that no line is lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[str] = deque()
        self._writing = threading.Lock()
        self._batches = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  # whatever an argument raises; logging reports it
            self.handleError(record)
            return
        self._add(line, is_urgent=record.levelno >= logging.WARNING)

    def flush(self) -> None:
        """Write all waiting lines, in writes that are not mixed with those of other workers."""
        with self._writing:
            piece, size = "", 0
            for _ in range(len(self._waiting)):
                line = self._waiting.popleft() + self.terminator
                line_size = len(line.encode("utf-8", "surrogatepass"))
                if size + line_size > ATOMIC_WRITE_BYTES:
                    self._write(piece)
                    piece, size = "", 0
                piece += line
                size += line_size
            self._write(piece)

    def write_info(self, line: str) -> None:
        """Write a formatted line of INFO."""
        self._add(line, is_urgent=False)

    @contextmanager
    def batching(self) -> Iterator[None]:
        """Write lines in batches during a block."""
        ended = threading.Event()
        writer = threading.Thread(target=self._write_until, args=(ended,), name="log writer", daemon=True)
        writer.start()
        self._batches += 1
        try:
            yield
        finally:
            self._batches -= 1
            ended.set()
            writer.join(MAX_LAST_WRITE_S)

    def _add(self, line: str, *, is_urgent: bool) -> None:
        self._waiting.append(line)
        waits = self._batches and not is_urgent and len(line) <= MAX_WAITING_LINE_LENGTH
        if not waits or len(self._waiting) >= MAX_WAITING_LINES:
            self.flush()

    def _write_until(self, ended: threading.Event) -> None:
        while not ended.wait(WRITE_INTERVAL_S):
            self.flush()
        self.flush()

    def _write(self, text: str) -> None:
        if text:
            # A log that cannot be written can report nothing, and must fail no request.
            with suppress(OSError, ValueError):
                self.stream.write(text)
                self.stream.flush()


def configure_logging(level: str, log_format: LogFormat) -> None:
    """Log to standard error from this level on, in this format."""
    # No format uses these fields; collecting them doubles the cost of a log call (logging HOWTO, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = BatchingHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper())
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def log_request(
    logger: logging.Logger, message: str, request_id: str, fields: Callable[[], Fields] = lambda: NO_FIELDS
) -> None:
    """Log a line at INFO about a request, in JSON with these fields.

    The service's own handler formats it without a `LogRecord`, which would cost more than all other middleware.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    handlers = logging.getLogger().handlers
    handler = handlers[0] if len(handlers) == 1 else None
    if isinstance(handler, BatchingHandler) and isinstance(handler.formatter, LineFormatter):
        more = {"request_id": request_id, **fields()} if isinstance(handler.formatter, JsonFormatter) else NO_FIELDS
        handler.write_info(handler.formatter.format_line(time.time(), "INFO", logger.name, message, more))
    else:
        logger.info("%s", message, extra={"request_id": request_id, "fields": fields()})


@contextmanager
def batched_lines() -> Iterator[None]:
    """Write the lines of the handler that `configure_logging` installed in batches during a block."""
    with ExitStack() as stack:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, BatchingHandler):
                stack.enter_context(handler.batching())
        yield


class LimitLog:
    """A log of one limit: a line at once, then at most one in `QUIET_S` seconds with the number of times since."""

    def __init__(self, name: str, limit: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`name` is the limit's name in metrics; `limit` has its value: "1,000 connections of one address"."""
        self._name = name
        self._limit = limit
        self._monotonic = monotonic
        self._times = 0
        self._quiet_until = 0.0

    def record(self, who: str) -> None:
        """Count and log that `who` met the limit: an address, an account, a device; never a secret."""
        definitions.LIMITS_MET.add(1, self._name)
        self._times += 1
        now = self._monotonic()
        if now < self._quiet_until:
            return
        logger.warning("limit met: %s; by %s; times=%d", self._limit, who, self._times)
        self._times = 0
        self._quiet_until = now + QUIET_S
