"""HTTP as correct clients send it, and a client that leaves."""

import asyncio
import gzip
import time

import pytest

from tests.abuse.http_protocol.exchanges import LIVE, RECORD, check_problem, records
from tests.abuse.raw import Raw, request
from tests.api.clients import DeviceClient
from tests.processes import ServiceProcess


class TestLeaving:
    """A read is cancelled when its client disconnects."""

    async def test_a_read_is_cancelled(self, service: ServiceProcess, raw: Raw, device: DeviceClient) -> None:
        yesterday_ms = int(time.time() - 86_400) * 1_000
        await device.post(
            "/telemetry/batch", [{"timestamp": yesterday_ms + n, "data": {"n": n}} for n in range(10_000)]
        )
        path = f"/api/v1/telemetry/{device.id}?start_time=-2d&limit=10000"
        raw.send(request("GET", path, f"X-API-Key: {device.key}") * 20).reset()
        line = f"GET {path.partition('?')[0]}: the client left; cancelled"
        deadline = time.monotonic() + 20
        while line not in service.log():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


class TestWhatKeepsWorking:
    """HTTP as correct clients use it."""

    def test_http_1_0(self, service: ServiceProcess, raw: Raw) -> None:
        answer = raw.send(request("GET", "/health/live", "Connection: keep-alive", version="1.0")).answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert raw.rest() == b""

    def test_keep_alive_and_close(self, raw: Raw) -> None:
        for _ in range(3):
            assert "connection" not in raw.send(LIVE).answer().headers
        answer = raw.send(request("GET", "/health/live", "Connection: close") + LIVE).answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert raw.rest() == b""

    async def test_pipelining(self, raw: Raw, device: DeviceClient) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", body=RECORD)
        raw.send((sent + LIVE) * 50)
        assert [raw.answer().status for _ in range(100)] == [201, 200] * 50

    async def test_chunked(self, raw: Raw, device: DeviceClient) -> None:
        fields = (f"X-API-Key: {device.key}", "Content-Type: application/json", "Transfer-Encoding: chunked")
        chunks = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in RECORD) + b"0\r\n\r\n"
        sent = request("POST", "/api/v1/telemetry", *fields) + chunks
        assert [raw.send(sent).answer().status for _ in range(2)] == [201, 201]
        assert raw.send(*(bytes([byte]) for byte in sent)).answer().status == 201

    async def test_head(self, raw: Raw) -> None:
        answer = raw.send(request("HEAD", "/nowhere")).answer(to="HEAD")
        assert (answer.status, int(answer.headers["content-length"]) > 0) == (404, True)
        assert raw.send(LIVE).answer().status == 200

    @pytest.mark.parametrize("path", ["/health", "/"])
    def test_head_of_what_monitors_request(self, raw: Raw, path: str) -> None:
        answer = raw.send(request("HEAD", path)).answer(to="HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert raw.send(LIVE).answer().status == 200

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
    async def test_gzip_of_one_record(self, raw: Raw, device: DeviceClient, encoding: str) -> None:
        fields = (f"X-API-Key: {device.key}", f"Content-Encoding: {encoding}")
        answer = raw.send(request("POST", "/api/v1/telemetry", *fields, body=gzip.compress(RECORD))).answer()
        assert answer.status == 201
        assert await records(device) == 1

    async def test_continue_is_sent_when_the_body_is_needed(self, raw: Raw, device: DeviceClient) -> None:
        fields = (f"X-API-Key: {device.key}", "Expect: 100-continue")
        sent = request("POST", "/api/v1/telemetry", *fields, body=RECORD)
        assert raw.send(sent[: -len(RECORD)]).any_answer().status == 100
        assert raw.send(RECORD).answer().status == 201
        assert raw.send(LIVE).answer().status == 200

    async def test_no_continue_is_sent_for_a_refused_upload(self, raw: Raw, device: DeviceClient) -> None:
        for fields, status in (("X-API-Key: iot_wrong",), 401), ((f"X-API-Key: {device.key}",), 413):
            with Raw(raw.service) as upload:
                upload.send(
                    request(
                        "POST",
                        "/api/v1/telemetry",
                        *fields,
                        "Expect: 100-continue",
                        "Content-Type: application/json",
                        "Content-Length: 2000000",
                    )
                )
                answer = upload.any_answer()
                check_problem(answer, status)
                assert upload.rest() == b""

    async def test_a_refused_upload_in_progress_is_answered_and_not_reset(self, raw: Raw) -> None:
        upload = request("POST", "/api/v1/telemetry/batch", "X-API-Key: iot_wrong", body=b"x" * 4 * 2**20)
        check_problem(raw.send(upload).answer(), 401)
        assert raw.rest() == b""

    async def test_a_refused_upload_with_a_small_rest_keeps_the_connection(self, raw: Raw) -> None:
        upload = request("POST", "/api/v1/telemetry", "X-API-Key: iot_wrong", body=b"x" * 60_000)
        raw.send(upload[:1_000])
        check_problem(raw.answer(), 401, closes=False)
        raw.send(upload[1_000:])
        assert raw.send(LIVE).answer().status == 200
