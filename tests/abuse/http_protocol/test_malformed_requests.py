"""Malformed HTTP, bytes behind a complete request, and half-closed connections."""

import pytest

from tests.abuse.http_protocol.exchanges import LIVE, LOGIN, RECORD, check_problem, records
from tests.abuse.raw import Raw, request
from tests.api.clients import DeviceClient
from tests.processes import ServiceProcess
from tests.waiting import wait_until

LOGGED_WITHIN_S = 5.0

LOGGED_WITHIN_S = 5.0


class TestStrayBytes:
    """Bytes after a complete request must not affect its answer. They are answered 400 after it."""

    @pytest.mark.parametrize("stray", [b"\0", b"\x1a", b"POST /api/v1/telemetry HTTP/1.1\n"])
    @pytest.mark.parametrize("apart", [False, True])
    async def test_the_answer_goes_out_then_400_and_the_connection_closes(
        self, raw: Raw, device: DeviceClient, apart: bool, stray: bytes
    ) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", body=RECORD)
        raw.send(*((sent, stray) if apart else (sent + stray,)))
        answer = raw.answer()
        assert (answer.status, answer.json()["accepted"]) == (201, 1)
        check_problem(raw.answer(), 400, "malformed")
        assert raw.rest() == b""
        assert await records(device) == 1

    async def test_nothing_follows_an_answer_that_closes_the_connection(self, raw: Raw, device: DeviceClient) -> None:
        fields = (f"X-API-Key: {device.key}", "Connection: close")
        raw.send(request("POST", "/api/v1/telemetry", *fields, body=RECORD) + b"\x1a")
        assert raw.answer().status == 201
        assert raw.rest() == b""

    async def test_empty_lines_are_skipped(self, raw: Raw, device: DeviceClient) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", body=RECORD)
        raw.send(sent + b"\r\n", b"\r\n", b"\r\n" + sent)
        assert [raw.answer().status for _ in range(2)] == [201, 201]

    async def test_a_bad_request_never_overtakes_those_before_it(self, raw: Raw, device: DeviceClient) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", body=RECORD)
        raw.send(LOGIN + sent + sent + b"GET / HTTP/1.1\nHost: a\n\n" + sent)
        assert [raw.answer().status for _ in range(3)] == [401, 201, 201]
        check_problem(raw.answer(), 400, "malformed")
        assert raw.rest() == b""
        assert await records(device) == 2


class TestHalfClosed:
    """A client that closes its sending side still receives its answers."""

    async def test_the_answers_come_and_then_the_connection_closes(self, raw: Raw, device: DeviceClient) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", body=RECORD)
        raw.send(sent * 5).half_close()
        assert [raw.answer().status for _ in range(5)] == [201] * 5
        assert raw.rest() == b""

    def test_many_requests_at_once(self, raw: Raw) -> None:
        raw.send(LIVE * 500).half_close()
        assert [raw.answer().status for _ in range(500)] == [200] * 500
        assert raw.rest() == b""

    def test_a_slow_answer(self, raw: Raw) -> None:
        assert raw.send(LOGIN).half_close().answer().status == 401

    def test_an_incomplete_request_is_refused(self, service: ServiceProcess) -> None:
        for part in (LOGIN[:20], LOGIN[:-1]):
            with Raw(service) as raw:
                check_problem(raw.send(part).half_close().answer(), 400, "ended")
                assert raw.rest() == b""

    def test_no_answer_without_a_request(self, raw: Raw) -> None:
        assert raw.half_close().rest() == b""


class TestMalformed:
    """Malformed HTTP is answered with a problem, and no two parsers may read different requests from it."""

    HEAD = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

    @pytest.mark.parametrize(
        "sent",
        [
            "\x16\x03\x01\x02\x00\x01",
            "GET\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
            "get /health HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /?fields=\xc2\xb0C HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n",
            HEAD + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            HEAD + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            HEAD + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
            HEAD + "Content-Length: 2, 2\r\n\r\n{}",
            HEAD + "Content-Length: +2\r\n\r\n{}",
            HEAD + "Content-Length: 0x2\r\n\r\n{}",
            HEAD + "Content-Length: 99999999999999999999\r\n\r\n{}",
            HEAD + "Transfer-Encoding: identity\r\n\r\n{}",
            HEAD + "Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            HEAD + "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            HEAD + "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
            HEAD + "Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n",
            HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            HEAD + "X: folded\r\n value\r\nContent-Length: 2\r\n\r\n{}",
            HEAD + "X: one\nY: two\r\nContent-Length: 2\r\n\r\n{}",
            HEAD + "X: one\rY: two\r\nContent-Length: 2\r\n\r\n{}",
            HEAD + "X: \x00\r\nContent-Length: 2\r\n\r\n{}",
            HEAD + "X : one\r\nContent-Length: 2\r\n\r\n{}",
        ],
    )
    async def test_it_is_answered_400_logged_once_and_the_connection_closes(
        self, service: ServiceProcess, raw: Raw, sent: str
    ) -> None:
        answer = raw.send(sent.encode("latin-1") + LIVE).answer()
        check_problem(answer, 400)
        assert raw.rest() == b""
        request_id = answer.headers["x-request-id"]

        async def is_logged() -> bool:
            return f" 400 {request_id}: " in service.log()

        await wait_until(is_logged, LOGGED_WITHIN_S, 0.01)
        assert service.log().count(request_id) == 1
        assert "Traceback" not in service.log()

    def test_a_body_that_becomes_malformed(self, raw: Raw) -> None:
        upload = request("POST", "/api/v1/auth/login", "Content-Type: application/json", "Transfer-Encoding: chunked")
        raw.send(upload)
        assert not raw.is_closed_within(0.2)
        check_problem(raw.send(b"2\r\n{}\r\nzz\r\n").answer(), 400, "malformed")
        assert raw.rest() == b""

    def test_the_answer_to_head_has_no_body(self, raw: Raw) -> None:
        answer = raw.send(b"HEAD /health/live HTTP/1.1\r\nX : y\r\n\r\n").answer(to="HEAD")
        assert answer.status == 400
        assert raw.rest() == b""
