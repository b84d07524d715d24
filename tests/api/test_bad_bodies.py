"""Invalid bodies: a problem that names the field, nothing stored, nothing logged as an error."""

import json
from typing import Any

from tests.api.bad_input import DIGITS, JSON, LONG, NULL, SECRET, Scenario, fields_of
from tests.api.clients import PASSWORD

ACCOUNT = {"username": "carol", "email": "carol@example.org", "password": PASSWORD}
DEVICE = {"name": "lamp", "device_type": "light"}
BAD_TIMES = [
    "1700000000",
    "2026-01-01T00:00:00",
    "2026-01-01",
    "2026-01-01T00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T23:59:60Z",
    "2026-01-01T00:00:00+99:99",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00+00:01",
    "\uff12026-01-01T00:00:00Z",
    "",
    SECRET,
    -1,
    -0.001,
    253_402_300_800_000_000_000,
    1e300,
    2**68,
    True,
    [],
    {},
]

# Caller, route, body, and the fields that the answer must name.
BODIES: list[tuple[str, str, Any, list[str]]] = [
    ("anonymous", "POST /auth/register", {}, ["body.username", "body.email", "body.password"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"is_admin": True}, ["body.is_admin"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"username": 7}, ["body.username"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"username": "ab"}, ["body.username"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"username": LONG}, ["body.username"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"username": "carol ann"}, ["body.username"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"username": "carol\n"}, ["body.username"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"username": "cärol"}, ["body.username"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"username": NULL}, ["body.username"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"email": "carol"}, ["body.email"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"email": f"{LONG}@example.org"}, ["body.email"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"email": None}, ["body.email"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"password": "hunter2"}, ["body.password"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"password": SECRET + "x" * 1_000}, ["body.password"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"password": NULL}, ["body.password"]),
    ("anonymous", "POST /auth/register", ACCOUNT | {"password": [SECRET]}, ["body.password"]),
    ("anonymous", "POST /auth/register", [ACCOUNT], ["body"]),
    ("anonymous", "POST /auth/register", SECRET, ["body"]),
    ("anonymous", "POST /auth/login", {"username": "ada"}, ["body.password"]),
    ("anonymous", "POST /auth/login", {"username": "ada", "password": LONG}, ["body.password"]),
    ("anonymous", "POST /auth/login", {"username": "ada", "password": 5, "otp": SECRET}, ["body.password", "body.otp"]),
    ("ada", "PUT /users/me", {"password": "hunter2"}, ["body.password"]),
    ("ada", "PUT /users/me", {"username": None}, ["body.username"]),
    ("ada", "PUT /users/me", {"email": None}, ["body.email"]),
    ("ada", "PUT /users/me", {"is_admin": None}, ["body.is_admin"]),
    ("ada", "PUT /users/me", {"is_active": False}, ["body.is_active"]),
    ("ada", "PUT /users/me", {"password": PASSWORD}, ["body.current_password"]),
    ("admin", "PUT /users/me", {"is_admin": "no"}, ["body.is_admin"]),
    ("ada", "POST /devices/register", {}, ["body.name", "body.device_type"]),
    ("ada", "POST /devices/register", DEVICE | {"name": LONG}, ["body.name"]),
    ("ada", "POST /devices/register", DEVICE | {"name": ""}, ["body.name"]),
    ("ada", "POST /devices/register", DEVICE | {"name": NULL}, ["body.name"]),
    ("ada", "POST /devices/register", DEVICE | {"name": 7}, ["body.name"]),
    ("ada", "POST /devices/register", DEVICE | {"device_type": LONG}, ["body.device_type"]),
    ("ada", "POST /devices/register", DEVICE | {"description": LONG}, ["body.description"]),
    ("ada", "POST /devices/register", DEVICE | {"location": LONG}, ["body.location"]),
    ("ada", "POST /devices/register", DEVICE | {"firmware_version": LONG}, ["body.firmware_version"]),
    ("ada", "POST /devices/register", DEVICE | {"hardware_version": 1.5}, ["body.hardware_version"]),
    ("ada", "POST /devices/register", DEVICE | {"user_id": "me"}, ["body.user_id"]),
    ("ada", "PATCH /devices/{device}", {"name": None}, ["body.name"]),
    ("ada", "PATCH /devices/{device}", {"status": None}, ["body.status"]),
    ("ada", "PATCH /devices/{device}", {"status": SECRET}, ["body.status"]),
    ("ada", "PATCH /devices/{device}", {"id": 5}, ["body.id"]),
    ("ada", "PATCH /devices/{device}", {"api_key": SECRET}, ["body.api_key"]),
    ("ada", "POST /devices/{device}/credentials/rotate", {"grace_seconds": -1}, ["body.grace_seconds"]),
    ("ada", "POST /devices/{device}/credentials/rotate", {"grace_seconds": 2_592_001}, ["body.grace_seconds"]),
    ("ada", "POST /devices/{device}/credentials/rotate", {"grace_seconds": "60"}, ["body.grace_seconds"]),
    ("ada", "POST /devices/{device}/credentials/rotate", {"grace_seconds": True}, ["body.grace_seconds"]),
    ("ada", "POST /devices/{device}/credentials/rotate", {"grace": 60}, ["body.grace"]),
    ("ada", "PUT /devices/{device}/config", {}, ["body.settings"]),
    ("ada", "PUT /devices/{device}/config", {"settings": None}, ["body.settings"]),
    ("ada", "PUT /devices/{device}/config", {"settings": [SECRET]}, ["body.settings"]),
    ("ada", "PUT /devices/{device}/config", {"settings": {"a": {NULL: 1}}}, [f"body.settings.a.{NULL}"]),
    ("ada", "PUT /devices/{device}/config", {"settings": {}, "config_version": 0}, ["body.config_version"]),
    ("ada", "PUT /devices/{device}/config", {"settings": {}, "config_version": 2**64}, ["body.config_version"]),
    ("ada", "PUT /devices/{device}/config", {"settings": {}, "config_version": "1"}, ["body.config_version"]),
    ("admin", "PUT /admin/devices/{device}/status", {}, ["body.status"]),
    ("admin", "PUT /admin/devices/{device}/status", {"status": "Active"}, ["body.status"]),
    ("admin", "PUT /admin/devices/{device}", {"device_type": ""}, ["body.device_type"]),
    ("device", "PUT /devices/config", {"name": "mine"}, ["body.name"]),
    ("device", "PUT /devices/config", {"settings": None}, ["body.settings"]),
    ("device", "PUT /devices/config", {"status": "broken"}, ["body.status"]),
    ("ada", "POST /groups", {}, ["body.name"]),
    ("ada", "POST /groups", {"name": LONG}, ["body.name"]),
    ("ada", "POST /groups", {"name": "x", "color": "red"}, ["body.color"]),
    ("ada", "POST /groups", {"name": "x", "color": "#12345G"}, ["body.color"]),
    ("ada", "POST /groups", {"name": "x", "colour": "#123456"}, ["body.colour"]),
    ("ada", "PUT /groups/{group}", {"name": None}, ["body.name"]),
    ("ada", "PUT /groups/{group}", {"description": LONG}, ["body.description"]),
    ("ada", "POST /groups/{group}/devices", {"device_id": 0}, ["body.device_id"]),
    ("ada", "POST /groups/{group}/devices", {"device_id": 2**64}, ["body.device_id"]),
    ("ada", "POST /groups/{group}/devices", {"device_id": "1"}, ["body.device_id"]),
    ("ada", "POST /groups/{group}/devices", {"device_id": True}, ["body.device_id"]),
    ("ada", "POST /groups/{group}/devices/bulk", {"device_ids": []}, ["body.device_ids"]),
    ("ada", "POST /groups/{group}/devices/bulk", {"device_ids": list(range(1, 1_002))}, ["body.device_ids"]),
    ("ada", "POST /groups/{group}/devices/bulk", {"device_ids": [1, 1.5]}, ["body.device_ids.1"]),
    ("device", "POST /telemetry", {}, ["body.data"]),
    ("device", "POST /telemetry", {"data": {}}, ["body.data"]),
    ("device", "POST /telemetry", {"data": None}, ["body.data"]),
    ("device", "POST /telemetry", {"data": SECRET}, ["body.data"]),
    ("device", "POST /telemetry", {"data": {"a": None, "b": 1, "c": [SECRET]}}, ["body.data.c"]),
    ("device", "POST /telemetry", {"data": {"a": None, "b": None}}, ["body.data"]),
    ("device", "POST /telemetry", {"data": {"a": {"b": 1}}}, ["body.data.a"]),
    ("device", "POST /telemetry", {"data": {"a": 2**63}}, ["body.data.a"]),
    ("device", "POST /telemetry", {"data": {"a": -(2**63) - 1}}, ["body.data.a"]),
    ("device", "POST /telemetry", {"data": {"a": 10**400}}, ["body.data.a"]),
    ("device", "POST /telemetry", {"data": {"a": "é" * 2_049}}, ["body.data.a"]),
    ("device", "POST /telemetry", {"data": {"a": NULL}}, ["body.data.a"]),
    ("device", "POST /telemetry", {"data": {"a": 1}, "device_id": 1}, ["body.device_id"]),
    ("device", "POST /telemetry", {"data": {"a": 1}, "metadata": SECRET}, ["body.metadata"]),
    ("device", "POST /telemetry", {"data": {"a": 1}, "metadata": {"m": "x" * 16_384}}, ["body.metadata"]),
    ("device", "POST /telemetry", [{"data": {"a": 1}}], ["body"]),
    ("device", "POST /telemetry/batch", {"data": {"a": 1}, "timestamp": 1}, ["body"]),
    ("device", "POST /telemetry/batch", [], ["body"]),
    ("ada", "POST /telemetry/{device}/batch", [], ["body"]),
    ("ada", "DELETE /telemetry/{device}", {"start_time": "-1h"}, ["body.stop_time"]),
    ("ada", "DELETE /telemetry/{device}", {"start_time": "now", "stop_time": "-1h"}, ["body.stop_time"]),
    ("ada", "DELETE /telemetry/{device}", {"start_time": 0, "stop_time": 1, "fields": "a"}, ["body.fields"]),
]

RAW_BODIES: list[tuple[str, bytes, list[str]]] = [
    ("NaN", b'{"data": {"a": NaN}}', ["body.data.a"]),
    ("infinities", b'{"data": {"a": Infinity, "b": -Infinity, "c": 1}}', ["body.data.a", "body.data.b"]),
    ("NaN in metadata", b'{"data": {"a": 1}, "metadata": {"b": [0, NaN]}}', ["body.metadata.b.1"]),
    ("a decimal too large", b'{"data": {"a": 1e400}}', ["body.data.a"]),
    ("an integer of 5,000 digits", b'{"data": {"a": -%s}}' % DIGITS.encode(), ["body.data.a"]),
    ("a decimal of 5,000 digits", b'{"data": {"a": %s.5}}' % DIGITS.encode(), ["body.data.a"]),
    ("a time of 5,000 digits", b'{"data": {"a": 1}, "timestamp": %s}' % DIGITS.encode(), ["body.timestamp"]),
    ("invalid UTF-8", b'{"data": {"a": "\xff\xfe"}}', ["body"]),
    ("an unpaired surrogate", b'{"data": {"a": "\\ud800"}}', ["body"]),
    ("a bare null byte", b'{"data": {"a": "\x00"}}', ["body"]),
    ("100,000 brackets", b"[" * 100_000 + b"]" * 100_000, ["body"]),
    ("100,000 braces", b'{"data":' * 100_000 + b"}" * 100_000, ["body"]),
    ("100 levels of metadata", b'{"data":{"a":1},"metadata":%s1%s}' % (b'{"a":' * 100, b"}" * 100), ["body.metadata"]),
    ("cut short", b'{"data": {"a": 1}', ["body"]),
    ("a second byte order mark", b'\xef\xbb\xbf\xef\xbb\xbf{"data": {"a": 1}}', ["body"]),
    ("a byte order mark only", b"\xef\xbb\xbf", ["body"]),
    ("something after it", b'{"data": {"a": 1}} x', ["body"]),
    ("single quotes", b"{'data': {'a': 1}}", ["body"]),
    ("nothing", b"", ["body"]),
    ("null", b"null", ["body"]),
    ("a name of 10,000 characters", json.dumps({"data": {LONG: 1}}).encode(), ["body.data.*.[key]"]),
    ("an empty name", b'{"data": {"": 1}}', ["body.data..[key]"]),
    ("a comma in a name", b'{"data": {"a,b": 1}}', ["body.data.a,b.[key]"]),
    ("a comma in the name of a null", b'{"data": {"a": 1, "a,b": null}}', ["body.data.a,b.[key]"]),
    ("a control character in a name", b'{"data": {"a\\u0007": 1}}', ["body.data.a\x07.[key]"]),
    ("a null byte in a name", b'{"data": {"a\\u0000": 1}}', ["body.data.a\x00"]),
    ("a space before a name", b'{"data": {" a": 1}}', ["body.data. a.[key]"]),
    ("257 names", json.dumps({"data": {f"n{i}": i for i in range(257)}}).encode(), ["body.data"]),
]

FORMS: list[tuple[str, list[str]]] = [
    ("username=ada", ["body.password"]),
    ("username=ada&password=hunter2-correct-horse&grant_type=client_credentials", ["body.grant_type"]),
    ("username=ada&password=hunter2-correct-horse&otp=1", ["body.otp"]),
    ("username=ada&password=hunter2-correct-horse%00", ["body.password"]),
    ("username=ada%00&password=hunter2-correct-horse", ["body.username"]),
    (f"username=ada&password={LONG}", ["body.password"]),
    ("", ["body.username", "body.password"]),
]


async def test_bodies(scenario: Scenario) -> None:
    wrong = []
    for caller, route, body, expected in BODIES:
        answer = await scenario.callers[caller].send(*scenario.path(route), json=body)
        if answer.status_code != 422 or fields_of(answer) != expected:
            wrong.append(f"{route} {str(body)[:100]}: {answer.status_code} {answer.text[:500]}")
        for error in answer.json().get("errors", []):
            assert SECRET not in error["msg"]
    assert wrong == []


async def test_raw_bodies(scenario: Scenario) -> None:
    for what, content, expected in RAW_BODIES:
        answer = await scenario.callers["device"].send("POST", "/telemetry", content=content, headers=JSON)
        assert fields_of(answer) == expected, what


async def test_times_in_bodies(scenario: Scenario) -> None:
    device, ada = scenario.callers["device"], scenario.callers["ada"]
    deletion = f"/telemetry/{scenario.ids['device']}"
    for time in [*BAD_TIMES, "now", "-1h", "2026-03-01T12:05:00.001Z"]:
        assert await device.wrong_fields("POST", "/telemetry", {"data": {"a": 1}, "timestamp": time}) == [
            "body.timestamp"
        ]
        answer = await device.post("/telemetry/batch", [{"data": {"a": 1}, "timestamp": time}])
        assert (answer["accepted"], answer["rejected"]) == (0, 1)
        assert answer["errors"][0]["index"] == 0
        assert "timestamp" in answer["errors"][0]["detail"]
        assert SECRET not in answer["errors"][0]["detail"]
    for time in BAD_TIMES:
        body = {"start_time": time, "stop_time": "now"}
        assert await ada.wrong_fields("DELETE", deletion, body) == ["body.start_time"], time


async def test_a_range_in_the_body_and_in_the_query(scenario: Scenario) -> None:
    path, ada = f"/telemetry/{scenario.ids['device']}", scenario.callers["ada"]
    both = {"start_time": "-1d", "stop_time": "now"}
    for query in (both, {"start_time": "-1d"}, {"stop_time": "now"}):
        await ada.refused(422, "DELETE", path, both, params=query)
    await ada.refused(422, "DELETE", path, {"start_time": "-1d"}, params={"stop_time": "now"})


async def test_forms(scenario: Scenario) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for form, expected in FORMS:
        answer = await scenario.callers["anonymous"].send("POST", "/auth/token", content=form, headers=headers)
        assert fields_of(answer) == expected, form[:100]
