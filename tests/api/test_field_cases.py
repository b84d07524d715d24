"""What devices and their clients were seen to send, and the answer that is right.

Cases on the wire are in `tests/abuse/http_protocol`, `tests/abuse/test_upgrading_clients.py` and `tests/server`.
"""

import gzip
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iotflow.domain.times import Millis
from tests.api.clients import PASSWORD, ApiClient, DeviceClient, UserClient, login, new_device, submit
from tests.api.service import Service
from tests.clock import FakeClock

JSON = "application/json"
BOM = b"\xef\xbb\xbf"
RECORD = b'{"data": {"t": 21.5}}'
LINE = b'{"timestamp": "2026-01-01T00:00:00Z", "data": {"t": 21.5}}\n'
AFTER_ALL_CASES = Millis(1_795_787_800_000)
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Température") for form in ("NFC", "NFD"))


@dataclass(frozen=True)
class Sent:
    """A body as a device sends it, of a single record or of a batch, and what its answer has to hold."""

    name: str
    body: bytes
    holds: Mapping[str, object]
    content_type: str = JSON
    encoding: str | None = None
    batch: bool = False


def at(timestamp: object) -> bytes:
    return b'{"timestamp": %s, "data": {"t": 21.5}}' % str(timestamp).encode()


ONE, STORED = {"accepted": 1}, {"accepted": 1, "rejected": 0}
ACCEPTED = [
    Sent("a failed sensor", b'{"data": {"t": null, "h": 40}}', {"accepted": 1, "ignored": ["t"]}),
    Sent("microseconds", at(1795787788101569), {"timestamp": "2026-11-27T13:56:28.101Z"}),
    Sent("nanoseconds", at(1795787788101569000), {"timestamp": "2026-11-27T13:56:28.101Z"}),
    Sent("a clock never set", at(12), {"timestamp": "1970-01-01T00:00:12.000Z"}),
    Sent("%z of C", at('"2026-01-01T00:00:00+0000"'), {"timestamp": "2026-01-01T00:00:00.000Z"}),
    Sent("hours alone", at('"2026-01-01 01:00:00+01"'), {"timestamp": "2026-01-01T00:00:00.000Z"}),
    Sent("a BOM before JSON", BOM + RECORD, ONE),
    Sent("a BOM before NDJSON", BOM + LINE + LINE, {"rejected": 0}, "application/x-ndjson", batch=True),
    Sent("gzip of one record", gzip.compress(RECORD), ONE, encoding="gzip"),
    Sent("x-gzip of one record", gzip.compress(RECORD), ONE, encoding="x-gzip"),
    Sent("x-gzip of a batch", gzip.compress(b"[" + LINE + b"]"), STORED, encoding="x-gzip", batch=True),
    Sent("text/json", RECORD, ONE, "text/json"),
    Sent("senml+json", RECORD, ONE, "application/senml+json"),
    Sent("jsonl", LINE, STORED, "application/jsonl", batch=True),
    Sent("ndjson", LINE, STORED, "application/ndjson", batch=True),
]

REFUSED: list[tuple[int, Sent, tuple[str, ...]]] = [
    (
        422,
        Sent("an unsigned counter", b'{"data": {"n": 18446744073709551615}}', {}),
        ("9223372036854775807", "decimal"),
    ),
    (422, Sent("only failed sensors", b'{"data": {"t": null, "h": null}}', {}), ()),
    (415, Sent("deflate", zlib.compress(RECORD), {}, encoding="deflate"), ("gzip",)),
    (415, Sent("no JSON", RECORD, {}, "text/plain; charset=utf-8"), (JSON, "text/json")),
    (415, Sent("NDJSON as text", LINE, {}, "text/plain", batch=True), (JSON, "application/x-ndjson")),
]

BAD_QUERIES: list[tuple[int, str, tuple[str, ...]]] = [
    (422, "?start_time=2026-01-01T00:00:00+01:00", ("start_time", "%2B")),
    (422, "?start_time=0&start_time=1", ("start_time",)),
    (422, "/aggregated?field=kwh&field=t&aggregation=mean&window=1h&start_time=0", ("field",)),
    (422, "/aggregated?field=kwh&aggregation=mean&window=1h&start_time=0&timezone=localtime", ("timezone",)),
    (404, "/aggregated?field=kWh&aggregation=mean&window=30d&start_time=0", ("kwh",)),
]


async def post(device: DeviceClient, sent: Sent) -> Any:
    """Send a body with its headers, and return the answer."""
    headers = {"Content-Type": sent.content_type}
    if sent.encoding is not None:
        headers["Content-Encoding"] = sent.encoding
    path = "/telemetry/batch" if sent.batch else "/telemetry"
    return await device.send("POST", path, headers=headers, content=sent.body)


async def test_bodies_that_are_accepted(device: DeviceClient, clock: FakeClock) -> None:
    clock.set(AFTER_ALL_CASES)
    wrong = []
    for sent in ACCEPTED:
        answer = await post(device, sent)
        if answer.status_code != (200 if sent.batch else 201) or not sent.holds.items() <= answer.json().items():
            wrong.append(f"{sent.name}: {answer.status_code} {answer.text[:300]}")
    assert wrong == []


async def test_bodies_that_are_refused(device: DeviceClient) -> None:
    wrong = []
    for status, sent, words in REFUSED:
        answer = await post(device, sent)
        detail = answer.json().get("detail", "").replace(",", "")
        if answer.status_code != status or not all(word in detail for word in words):
            wrong.append(f"{sent.name}: {answer.status_code} {answer.text[:300]}")
    assert wrong == []


async def test_queries_that_are_refused(ada: UserClient, device: DeviceClient) -> None:
    await submit(device, at=1, kwh=1.5, t=20)
    wrong = []
    for status, query, words in BAD_QUERIES:
        answer = await ada.send("GET", f"/telemetry/{device.id}{query}")
        if answer.status_code != status or not all(word in answer.json()["detail"] for word in words):
            wrong.append(f"{query}: {answer.status_code} {answer.text[:300]}")
    assert wrong == []


async def test_a_clock_never_set_shows_in_the_status(ada: UserClient, device: DeviceClient) -> None:
    path = f"/devices/{device.id}/status"
    assert (await ada.get(path))["device"]["latest_timestamp"] is None
    await submit(device, at=12, t=1)
    status = (await ada.get(path))["device"]
    assert status["latest_timestamp"] == "1970-01-01T00:00:12.000Z"
    assert status["last_seen"] > "2026"


async def test_ten_records_within_a_millisecond(device: DeviceClient) -> None:
    records = [{"timestamp": 1_700_000_000_000_000 + n, "data": {"n": n}} for n in range(10)]
    answer = await device.post("/telemetry/batch", records)
    assert (answer["accepted"], answer["rejected"]) == (10, 0)
    assert answer["merged"] == 9
    [record] = (await device.get(f"/telemetry/{device.id}", start_time=0))["data"]
    assert record["measurements"] == {"n": 9}


async def test_repeated_names_add_up(device: DeviceClient) -> None:
    await submit(device, at=1, t=20, u=3, v=5)
    answer = await device.send("GET", f"/telemetry/{device.id}?start_time=0&fields=t&fields=u")
    assert answer.json()["data"][0]["measurements"] == {"t": 20, "u": 3}


async def test_weeks_begin_on_mondays_and_months_on_the_first(device: DeviceClient) -> None:
    for time in ("2026-01-31T22:30:00Z", "2026-01-31T23:30:00Z", "2026-02-01T22:30:00Z", "2026-02-01T23:30:00Z"):
        await submit(device, at=time, t=1)
    starts = {
        "1w": [("2026-01-25T23:00:00.000Z", 3), ("2026-02-01T23:00:00.000Z", 1)],
        "1mo": [("2025-12-31T23:00:00.000Z", 1), ("2026-01-31T23:00:00.000Z", 3)],
    }
    for window, expected in starts.items():
        query = {"field": "t", "aggregation": "count", "window": window, "start_time": 0, "timezone": "Europe/Berlin"}
        found = (await device.get(f"/telemetry/{device.id}/aggregated", **query))["data"]
        assert [(each["timestamp"], each["count"]) for each in found] == expected, window


async def test_monitors_ask_for_the_head(service: Service) -> None:
    async with service.client(root="") as client:
        for path in ("/health", "/health/live", "/health/ready", "/"):
            answer = await client.head(path)
            assert (answer.status_code, answer.content) == (200, b""), path


async def test_an_address_with_umlauts_is_refused_in_words(anonymous: ApiClient) -> None:
    body = {"username": "joerg", "email": "jörg@example.org", "password": PASSWORD}
    problem = await anonymous.refused(422, "POST", "/auth/register", body)
    assert [error["loc"] for error in problem["errors"]] == [["body", "email"]]
    for text in (problem["detail"], problem["errors"][0]["msg"]):
        assert not set("^$\\[]{}") & set(text), text


async def test_both_forms_of_unicode_are_one_name(device: DeviceClient) -> None:
    assert COMPOSED != DECOMPOSED
    await submit(device, at=1, **{COMPOSED: 20})
    await submit(device, at=2, **{DECOMPOSED: 21})
    path = f"/telemetry/{device.id}"
    assert (await device.get(f"{path}/latest"))["latest_data"].keys() == {COMPOSED}
    for name in (COMPOSED, DECOMPOSED):
        assert (await device.get(path, start_time=0, fields=name))["count"] == 2


async def test_a_password_may_be_typed_in_either_form_of_unicode(anonymous: ApiClient) -> None:
    body = {"username": "zoe", "email": "zoe@example.org", "password": f"{COMPOSED} 2026"}
    await anonymous.post("/auth/register", body)
    await login(anonymous.client, "zoe", f"{DECOMPOSED} 2026")


async def test_a_device_has_a_name_that_can_be_seen(ada: UserClient) -> None:
    for name in (" ", "\u200b", "a\nb"):
        body = {"name": name, "device_type": "sensor"}
        assert await ada.wrong_fields("POST", "/devices/register", body) == ["body.name"], name
    await new_device(ada, "Küche 🌡️")


async def test_a_repeat_after_a_lost_answer_is_answered_as_the_first(device: DeviceClient, clock: FakeClock) -> None:
    key = {"Idempotency-Key": "3f1c9a52-0001"}
    first = await device.post("/telemetry", {"data": {"t": 21.5}}, headers=key)
    clock.advance(60)
    assert await device.post("/telemetry", {"data": {"t": 21.5}}, headers=key) == first
    assert (await device.get(f"/telemetry/{device.id}"))["count"] == 1
    await device.refused(422, "POST", "/telemetry", {"data": {"t": 22}}, headers=key)
    other = {"Idempotency-Key": "3f1c9a52-0002"}
    assert await device.post("/telemetry", {"data": {"t": 21.5}}, headers=other) != first
