"""Log lines: their format, and the lines for limits."""

import io
import json
import logging
import re

import pytest

from iotflow.logs import (
    ATOMIC_WRITE_BYTES,
    MAX_WAITING_LINE_LENGTH,
    MAX_WAITING_LINES,
    QUIET_S,
    TEXT_FORMAT,
    BatchingHandler,
    JsonFormatter,
    LimitLog,
    TextFormatter,
    log_request,
)
from tests.waiting import wait_until


class Stream(io.StringIO):
    """A stream that keeps each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def handler(stream: Stream) -> BatchingHandler:
    handler = BatchingHandler()
    handler.setStream(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


@pytest.fixture
def log(handler: BatchingHandler) -> logging.Logger:
    """A logger that writes to `stream` alone."""
    log = logging.Logger("test")
    log.addHandler(handler)
    return log


def test_without_batches_each_line_is_written_at_once(log: logging.Logger, stream: Stream) -> None:
    log.info("one")
    log.info("two")
    assert stream.writes == ["one\n", "two\n"]


async def test_a_line_is_written_within_a_second(log: logging.Logger, handler: BatchingHandler, stream: Stream) -> None:
    async def is_written() -> bool:
        return stream.getvalue() == "one\n"

    with handler.batching():
        log.info("one")
        await wait_until(is_written, 1.0, 0.01)


def test_the_end_of_batching_writes_what_waits_together(
    log: logging.Logger, handler: BatchingHandler, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotflow.logs.WRITE_INTERVAL_S", 60.0)
    with handler.batching():
        log.info("one")
        log.info("two")
        assert stream.writes == []
    assert stream.writes == ["one\ntwo\n"]


@pytest.mark.parametrize(
    ("level", "text"), [(logging.WARNING, "a warning"), (logging.INFO, "x" * (MAX_WAITING_LINE_LENGTH + 1))]
)
def test_a_warning_and_a_long_line_are_written_at_once_after_those_that_wait(
    log: logging.Logger, handler: BatchingHandler, stream: Stream, level: int, text: str
) -> None:
    with handler.batching():
        log.info("before")
        log.log(level, text)
        assert stream.getvalue() == f"before\n{text}\n"


def test_a_bounded_number_of_lines_waits(log: logging.Logger, handler: BatchingHandler, stream: Stream) -> None:
    with handler.batching():
        for number in range(MAX_WAITING_LINES):
            log.info("%d", number)
        assert len(stream.getvalue().splitlines()) == MAX_WAITING_LINES


def test_each_write_has_whole_lines_that_other_workers_lines_cannot_split(
    log: logging.Logger, handler: BatchingHandler, stream: Stream
) -> None:
    with handler.batching():
        for number in range(100):
            log.info("%s%d", "é" * 60, number)
    assert len(stream.writes) > 1
    assert all(text.endswith("\n") and len(text.encode()) <= ATOMIC_WRITE_BYTES for text in stream.writes)
    assert [line.strip("é") for line in stream.getvalue().splitlines()] == [str(number) for number in range(100)]


def test_a_stream_that_fails_does_not_fail_the_caller(log: logging.Logger, handler: BatchingHandler) -> None:
    closed = io.StringIO()
    closed.close()
    handler.setStream(closed)
    log.warning("lost")
    with handler.batching():
        log.info("lost")


@pytest.mark.parametrize("created", [0.0, 1.5, 1.999, 86_400.25])
def test_a_text_line_is_that_of_the_standard_formatter(created: float) -> None:
    fields = {"name": "n", "levelname": "INFO", "msg": "%s", "args": ("a",), "created": created}
    record = logging.makeLogRecord({**fields, "msecs": int((created - int(created)) * 1_000) + 0.0})
    formatter = TextFormatter()
    formatter.format(logging.makeLogRecord({**fields, "created": created - 1}))
    assert formatter.format(record) == logging.Formatter(TEXT_FORMAT).format(record)


def test_a_text_line_is_followed_by_the_exception() -> None:
    with pytest.raises(ValueError) as raised:
        int("broken")
    record = logging.makeLogRecord({"msg": "failed", "exc_info": (raised.type, raised.value, raised.tb)})
    assert TextFormatter().format(record).splitlines()[1].startswith("Traceback")


def test_a_limit_that_is_met_often_is_logged_at_once_and_then_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 1_000.0
    log = LimitLog("things", "3 things at once", monotonic=lambda: now)
    for number in range(100):
        log.record(f"client {number}")
    now += QUIET_S
    log.record("the last")
    assert caplog.messages == [
        "limit met: 3 things at once; by client 0; times=1",
        "limit met: 3 things at once; by the last; times=100",
    ]


def test_a_json_line_has_time_in_utc_level_logger_and_message() -> None:
    record = logging.makeLogRecord(
        {"name": "iotflow.api", "levelname": "WARNING", "msg": "%d of %s", "args": (3, "sök\n"), "created": 1.5}
    )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "warning",
        "logger": "iotflow.api",
        "message": "3 of sök\n",
    }


def test_a_json_line_has_the_request_id_and_the_exception_where_there_are_some() -> None:
    with pytest.raises(ValueError) as raised:
        int("broken")
    failure = (raised.type, raised.value, raised.tb)
    record = logging.makeLogRecord({"msg": "failed", "exc_info": failure, "request_id": "r-1"})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    logged = json.loads(line)
    assert logged["request_id"] == "r-1"
    assert logged["exception"].startswith("Traceback")
    assert logged["exception"].endswith("'broken'")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_the_line_of_a_request_is_that_of_any_other_line(
    handler: BatchingHandler, stream: Stream, formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler.setFormatter(formatter)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    log = logging.getLogger("iotflow.test_logs.info")
    log.setLevel(logging.INFO)
    log.info("%s", "GET / 200", extra={"request_id": "r-1"})
    log_request(log, "GET / 200", "r-1")
    first, second = (re.sub(r"\d\d[:.,\dT-]{8,}", "TIME", line) for line in stream.writes)
    assert "TIME" in first
    assert first == second


def test_the_line_of_a_request_below_the_level_is_not_written(
    handler: BatchingHandler, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler.setFormatter(TextFormatter())
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    log = logging.getLogger("iotflow.test_logs.warning")
    log.setLevel(logging.WARNING)
    log_request(log, "GET / 200", "r-1")
    assert stream.writes == []
