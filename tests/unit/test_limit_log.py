"""What is logged when a limit is met."""

import pytest

from iotflow.limit_log import QUIET_S, LimitLog


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
