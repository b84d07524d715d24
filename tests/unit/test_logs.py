"""Log lines: their format, and the lines for limits."""

import json
import logging

import pytest

from iotflow.logs import QUIET_S, JsonFormatter, LimitLog


def test_a_limit_that_is_met_often_is_logged_at_once_and_then_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 1_000.0
    log = LimitLog("3 things at once", monotonic=lambda: now)
    for number in range(100):
        log.met(f"client {number}")
    now += QUIET_S
    log.met("the last")
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
