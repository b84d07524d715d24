"""Limits on request heads, and headers that the service ignores or normalizes."""

import asyncio
import secrets
import time

import pytest

from tests.abuse.harm import unharmed
from tests.abuse.http_protocol.exchanges import LIVE, RECORD, check_problem, records
from tests.abuse.raw import Answer, Raw, request
from tests.api.clients import DeviceClient, UserClient, new_device
from tests.processes import ServiceProcess

ATTACK_S = 2.0


class TestHeads:
    """The head of a request is limited in bytes and fields."""

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

    def test_a_head_of_64_kib_and_100_fields_is_accepted(self, service: ServiceProcess, raw: Raw) -> None:
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

    def test_a_refused_request_keeps_the_clients_request_id(self, raw: Raw) -> None:
        answer = raw.send(request("GET", "/a/b?c", "X-Request-ID: mine", "x: " + "x" * 70_000)).answer()
        check_problem(answer, 431)
        assert (answer.headers["x-request-id"], answer.json()["instance"]) == ("mine", "/a/b")


class TestUpgrades:
    """`Upgrade` is ignored, and the body is read as the request's body."""

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

    async def test_the_body_reaches_the_request(self, raw: Raw, device: DeviceClient, fields: tuple[str, ...]) -> None:
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", *fields, body=RECORD)
        assert raw.send(sent).answer().status == 201
        head, body = sent[: -len(RECORD)], sent[-len(RECORD) :]
        assert raw.send(head, body).answer().status == 201
        assert raw.send(*(bytes([byte]) for byte in sent)).answer().status == 201
        assert raw.send(LIVE).answer().status == 200
        assert await records(device) == 3

    async def test_a_body_is_never_a_request(self, raw: Raw, ada: UserClient, fields: tuple[str, ...]) -> None:
        device = await new_device(ada, secrets.token_hex(8))
        smuggled = request("DELETE", f"/api/v1/devices/{device.id}", f"Authorization: Bearer {ada.token}")
        sent = request("POST", "/api/v1/telemetry", f"X-API-Key: {device.key}", *fields, body=smuggled)
        answer = raw.send(sent[: -len(smuggled)], smuggled).answer()
        assert answer.status == 422
        assert raw.send(LIVE).answer().json() == {"status": "alive"}
        assert (await device.get("/devices/status"))["device_id"] == device.id

    async def test_requests_after_it_are_answered(self, raw: Raw, fields: tuple[str, ...]) -> None:
        upgrade = request("GET", "/health/live", *fields)
        raw.send(upgrade + LIVE + upgrade + upgrade)
        assert [raw.answer().status for _ in range(4)] == [200] * 4

    async def test_other_connection_options_count(self, raw: Raw) -> None:
        answer = raw.send(request("GET", "/health/live", "Connection: Upgrade, close", "Upgrade: h2c")).answer()
        assert answer.headers["connection"] == "close"

    def test_connect_is_refused(self, raw: Raw) -> None:
        check_problem(raw.send(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n" + LIVE).answer(), 400, "target")
        assert raw.rest() == b""


class TestWhiteSpace:
    """White space around a header's value is ignored."""

    @pytest.mark.parametrize("form", ["X-API-Key: {} ", "X-API-Key:\t {}\t \t", "X-API-Key:{}"])
    async def test_around_a_key(self, raw: Raw, device: DeviceClient, form: str) -> None:
        sent = request("POST", "/api/v1/telemetry", form.format(device.key), body=RECORD)
        assert raw.send(sent).answer().status == 201


def _attack(service: ServiceProcess, attack: bytes) -> Answer:
    with Raw(service) as raw:
        return raw.send(attack).answer()
