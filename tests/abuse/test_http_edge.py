"""What clients may send as HTTP, and what they get for what they may not: raw sockets against a real process."""

import asyncio
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.abuse.harm import unharmed
from tests.abuse.raw import Answer, Raw, request
from tests.api.people import ADMIN, Person, Thing, login, new_device
from tests.api.service import PROBLEM_MEMBERS
from tests.processes import ServiceProcess

LIVE = request("GET", "/health/live")
LOGIN = request("POST", "/api/v1/auth/login", body=b'{"username": "nobody", "password": "wrong password"}')
ATTACK_S = 2.0
RECORD = b'{"data": {"temp": 21.5}}'


@pytest.fixture(scope="module")
def service(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A running service that logs each request; no trace is logged."""
    data_dir = shutil.copytree(prepared_data, tmp_path_factory.mktemp("edge") / "data")
    with ServiceProcess(data_dir, {"IOTFLOW_LOG_LEVEL": "info"}) as service:
        yield service
        assert "Traceback" not in service.log()


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await login(client, ADMIN)


@pytest.fixture
async def probe(ada: Person) -> Thing:
    return await new_device(ada, secrets.token_hex(8))


@pytest.fixture
def raw(service: ServiceProcess) -> Iterator[Raw]:
    with Raw(service) as raw:
        yield raw


def check_problem(answer: Answer, status: int, *words: str, closes: bool = True) -> None:
    """Check the answer's form, and that its detail has these words."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (answer.headers.get("connection") == "close") == closes
    problem = answer.json()
    assert problem.keys() == PROBLEM_MEMBERS
    assert (problem["status"], problem["request_id"]) == (status, answer.headers["x-request-id"])
    assert all(word in problem["detail"] for word in words), problem


async def records(device: Thing) -> int:
    """How many records the device has."""
    count: int = (await device.get(f"/telemetry/{device.id}"))["count"]
    return count


class TestHeads:
    """Row 3: a request's head is bounded in bytes, fields and time."""

    @pytest.mark.parametrize(
        ("attack", "words"),
        [
            (request("GET", "/health/live?" + "x" * 2**24), "65536 bytes"),
            (request("GET", "/health/live", *[f"x-{number}: {'x' * 990}" for number in range(99)]), "65536 bytes"),
            (request("GET", "/health/live", f"x: {'x' * 2**24}"), "65536 bytes"),
            (request("GET", "/health/live", f"x:{' ' * 2**24}x"), "65536 bytes"),
            (request("GET", "/health/live", *[f"x-{number}: x" for number in range(200_000)]), "100 fields"),
        ],
        ids=["a long URL", "many long fields", "a long value", "much white space", "many fields"],
    )
    async def test_a_large_head_is_refused_while_it_arrives(
        self, service: ServiceProcess, attack: bytes, words: str
    ) -> None:
        async with unharmed(service, memory_mib=16):
            deadline = time.monotonic() + ATTACK_S
            while time.monotonic() < deadline:
                for answer in await asyncio.gather(*(asyncio.to_thread(_attack, service, attack) for _ in range(4))):
                    check_problem(answer, 431, words)
        assert "limit met: the request's head" in service.log()

    def test_a_head_of_64_kib_and_100_fields_is_taken(self, service: ServiceProcess, raw: Raw) -> None:
        bare = request("GET", "/health/live", *[f"x-{number}: " for number in range(99)])
        full = request("GET", "/health/live", "x-0: " + "x" * (65_535 - len(bare)), *[f"x-{n}: " for n in range(1, 99)])
        assert len(full) == 65_535
        assert [raw.send(full).answer().status for _ in range(3)] == [200, 200, 200]
        assert raw.send(full[:30_000], full[30_000:]).answer().status == 200
        with Raw(service) as other:
            check_problem(other.send(full.replace(b"x-0: ", b"x-0: xx")).answer(), 431, "65536 bytes")

    def test_trailers_count(self, service: ServiceProcess) -> None:
        upload = request("POST", "/api/v1/auth/login", "Content-Type: application/json", "Transfer-Encoding: chunked")
        for trailers, words in (
            (b"x: " + b"x" * 2**20, "65536 bytes"),
            (b"\r\n".join(b"x: x" for _ in range(1_000)), "100 fields"),
        ):
            with Raw(service) as raw:
                answer = raw.send(upload + b"2\r\n{}\r\n0\r\n" + trailers).answer()
                check_problem(answer, 431, words)

    def test_a_trailer_is_no_header(self, raw: Raw) -> None:
        upload = request("POST", "/api/v1/auth/login", "Content-Type: application/json", "Transfer-Encoding: chunked")
        answer = raw.send(upload, b"2\r\n{}\r\n0\r\nX-Request-ID: trailer\r\n\r\n").answer()
        assert answer.status == 422
        assert answer.headers["x-request-id"] != "trailer"

    def test_the_request_id_of_a_refused_request_is_the_clients(self, raw: Raw) -> None:
        answer = raw.send(request("GET", "/a/b?c", "X-Request-ID: mine", "x: " + "x" * 70_000)).answer()
        check_problem(answer, 431)
        assert (answer.headers["x-request-id"], answer.json()["instance"]) == ("mine", "/a/b")


class TestUpgrades:
    """Row 20: a request's `Upgrade` is ignored, and its body is its own."""

    FIELDS = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")

    @pytest.fixture(
        params=[
            FIELDS,
            ("Connection: upgrade", "Upgrade: websocket"),
            ("Upgrade: TLS/1.0", "Connection: keep-alive, Upgrade"),
        ]
    )
    def fields(self, request: pytest.FixtureRequest) -> tuple[str, ...]:
        fields: tuple[str, ...] = request.param
        return fields

    async def test_the_body_reaches_the_request(self, raw: Raw, probe: Thing, fields: tuple[str, ...]) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {probe.key}", *fields, body=RECORD)
        assert raw.send(sent).answer().status == 201
        head, body = sent[: -len(RECORD)], sent[-len(RECORD) :]
        assert raw.send(head, body).answer().status == 201
        assert raw.send(*(bytes([byte]) for byte in sent)).answer().status == 201
        assert raw.send(LIVE).answer().status == 200
        assert await records(probe) == 3

    async def test_a_body_is_never_a_request(self, raw: Raw, ada: Person, fields: tuple[str, ...]) -> None:
        device = await new_device(ada, secrets.token_hex(8))
        smuggled = request("DELETE", f"/api/v1/devices/{device.id}", f"Authorization: Bearer {ada.token}")
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", *fields, body=smuggled)
        answer = raw.send(sent[: -len(smuggled)], smuggled).answer()
        assert answer.status == 422
        assert raw.send(LIVE).answer().json() == {"status": "alive"}
        assert (await device.get("/devices/status"))["device_id"] == device.id

    async def test_requests_behind_it_are_answered(self, raw: Raw, fields: tuple[str, ...]) -> None:
        upgrade = request("GET", "/health/live", *fields)
        raw.send(upgrade + LIVE + upgrade + upgrade)
        assert [raw.answer().status for _ in range(4)] == [200] * 4

    async def test_a_connection_option_beside_it_counts(self, raw: Raw) -> None:
        answer = raw.send(request("GET", "/health/live", "Connection: Upgrade, close", "Upgrade: h2c")).answer()
        assert answer.headers["connection"] == "close"

    def test_connect_is_refused(self, raw: Raw) -> None:
        check_problem(raw.send(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n" + LIVE).answer(), 400, "target")
        assert raw.rest() == b""


class TestWhiteSpace:
    """Row 21: white space around a header's value does not count."""

    @pytest.mark.parametrize("form", ["X-API-Key: {} ", "X-API-Key:\t {}\t \t", "X-API-Key:{}"])
    async def test_around_a_key(self, raw: Raw, probe: Thing, form: str) -> None:
        sent = request("POST", "/api/v1/telemetry", form.format(probe.key), body=RECORD)
        assert raw.send(sent).answer().status == 201


class TestStrayBytes:
    """Row 22: what is behind a complete request never hurts its answer."""

    @pytest.mark.parametrize("apart", [False, True])
    async def test_the_answer_goes_out_and_then_the_connection_closes(
        self, raw: Raw, probe: Thing, apart: bool
    ) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {probe.key}", body=RECORD)
        raw.send(*((sent, b"X") if apart else (sent + b"X",)))
        answer = raw.answer()
        assert (answer.status, answer.json()["accepted"]) == (201, 1)
        assert raw.rest() == b""
        assert await records(probe) == 1

    async def test_empty_lines_are_skipped(self, raw: Raw, probe: Thing) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {probe.key}", body=RECORD)
        raw.send(sent + b"\r\n", b"\r\n", b"\r\n" + sent)
        assert [raw.answer().status for _ in range(2)] == [201, 201]

    async def test_a_bad_request_never_overtakes_those_before_it(self, raw: Raw, probe: Thing) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {probe.key}", body=RECORD)
        raw.send(LOGIN + sent + sent + b"GET / HTTP/1.1\nHost: a\n\n" + sent)
        assert [raw.answer().status for _ in range(3)] == [401, 201, 201]
        assert raw.rest() == b""
        assert await records(probe) == 2


class TestHalfClosed:
    """Row 23: a client that sends no more gets its answers."""

    async def test_the_answers_come_and_then_the_connection_closes(self, raw: Raw, probe: Thing) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {probe.key}", body=RECORD)
        raw.send(sent * 5).half_close()
        assert [raw.answer().status for _ in range(5)] == [201] * 5
        assert raw.rest() == b""

    def test_many_requests_at_once(self, raw: Raw) -> None:
        raw.send(LIVE * 500).half_close()
        assert [raw.answer().status for _ in range(500)] == [200] * 500
        assert raw.rest() == b""

    def test_a_slow_answer(self, raw: Raw) -> None:
        assert raw.send(LOGIN).half_close().answer().status == 401

    def test_half_a_request_is_refused(self, service: ServiceProcess) -> None:
        for part in (LOGIN[:20], LOGIN[:-1]):
            with Raw(service) as raw:
                check_problem(raw.send(part).half_close().answer(), 400, "ended")
                assert raw.rest() == b""

    def test_nothing_is_answered_to_nothing(self, raw: Raw) -> None:
        assert raw.half_close().rest() == b""


class TestLeaving:
    """Row 12: a read does not go on after its client has left."""

    async def test_a_read_is_cancelled(self, service: ServiceProcess, raw: Raw, probe: Thing) -> None:
        yesterday_ms = int(time.time() - 86_400) * 1_000
        await probe.post("/telemetry/batch", [{"timestamp": yesterday_ms + n, "data": {"n": n}} for n in range(10_000)])
        path = f"/api/v1/telemetry/{probe.id}?start_time=-2d&limit=10000"
        raw.send(request("GET", path, f"X-API-Key: {probe.key}") * 20).reset()
        line = f"GET {path.partition('?')[0]}: the client left; cancelled"
        deadline = time.monotonic() + 20
        while line not in service.log():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


class TestMalformed:
    """Row 24: malformed HTTP is a problem like all others; no two readers may find different requests in it."""

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
    def test_it_is_answered_400_and_the_connection_closes(self, service: ServiceProcess, raw: Raw, sent: str) -> None:
        answer = raw.send(sent.encode("latin-1") + LIVE).answer()
        check_problem(answer, 400)
        assert raw.rest() == b""
        assert f" 400 {answer.headers['x-request-id']}: " in service.log()
        assert "Traceback" not in service.log()

    def test_a_body_that_breaks_off_in_its_middle(self, raw: Raw) -> None:
        upload = request("POST", "/api/v1/auth/login", "Content-Type: application/json", "Transfer-Encoding: chunked")
        raw.send(upload)
        assert not raw.is_closed_within(0.2)
        check_problem(raw.send(b"2\r\n{}\r\nzz\r\n").answer(), 400, "malformed")
        assert raw.rest() == b""

    def test_the_answer_to_head_has_no_body(self, raw: Raw) -> None:
        answer = raw.send(b"HEAD /health/live HTTP/1.1\r\nX : y\r\n\r\n").answer(to="HEAD")
        assert answer.status == 400
        assert raw.rest() == b""


class TestWhatKeepsWorking:
    """HTTP as honest clients speak it."""

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

    async def test_pipelining(self, raw: Raw, probe: Thing) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {probe.key}", body=RECORD)
        raw.send((sent + LIVE) * 50)
        assert [raw.answer().status for _ in range(100)] == [201, 200] * 50

    async def test_chunked(self, raw: Raw, probe: Thing) -> None:
        fields = (f"X-API-Key: {probe.key}", "Content-Type: application/json", "Transfer-Encoding: chunked")
        chunks = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in RECORD) + b"0\r\n\r\n"
        sent = request("POST", "/api/v1/telemetry", *fields) + chunks
        assert [raw.send(sent).answer().status for _ in range(2)] == [201, 201]
        assert raw.send(*(bytes([byte]) for byte in sent)).answer().status == 201

    async def test_head(self, raw: Raw) -> None:
        answer = raw.send(request("HEAD", "/nowhere")).answer(to="HEAD")
        assert (answer.status, int(answer.headers["content-length"]) > 0) == (404, True)
        assert raw.send(LIVE).answer().status == 200

    async def test_continue_is_sent_when_the_body_is_wanted(self, raw: Raw, probe: Thing) -> None:
        fields = (f"X-API-Key: {probe.key}", "Expect: 100-continue")
        sent = request("POST", "/api/v1/telemetry", *fields, body=RECORD)
        assert raw.send(sent[: -len(RECORD)]).any_answer().status == 100
        assert raw.send(RECORD).answer().status == 201
        assert raw.send(LIVE).answer().status == 200

    async def test_a_refused_upload_is_never_asked_for(self, raw: Raw, probe: Thing) -> None:
        for fields, status in (("X-API-Key: iot_wrong",), 401), ((f"X-API-Key: {probe.key}",), 413):
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

    async def test_a_refused_upload_under_way_is_answered_and_not_reset(self, raw: Raw) -> None:
        upload = request("POST", "/api/v1/telemetry/batch", "X-API-Key: iot_wrong", body=b"x" * 4 * 2**20)
        check_problem(raw.send(upload).answer(), 401)
        assert raw.rest() == b""

    async def test_the_small_rest_of_a_refused_upload_keeps_the_connection(self, raw: Raw) -> None:
        upload = request("POST", "/api/v1/telemetry", "X-API-Key: iot_wrong", body=b"x" * 60_000)
        raw.send(upload[:1_000])
        check_problem(raw.answer(), 401, closes=False)
        raw.send(upload[1_000:])
        assert raw.send(LIVE).answer().status == 200


def _attack(service: ServiceProcess, attack: bytes) -> Answer:
    with Raw(service) as raw:
        return raw.send(attack).answer()
