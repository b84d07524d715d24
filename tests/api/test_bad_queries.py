"""Invalid queries and paths: a problem that names the parameter."""

import re
from uuid import uuid4

from tests.api.bad_input import DIGITS, LONG, Scenario, fields_of
from tests.api.clients import ApiClient, UserClient
from tests.api.service import Service

IDS = ("0", str(2**53), str(2**64), DIGITS)

# Caller, route, query, and the parameter that the answer must name.
QUERIES: list[tuple[str, str, str, str]] = [
    *(("ada", "GET /groups", query, query.partition("=")[0]) for query in ("limit=0", "limit=1001", "limit=-1")),
    *(
        ("ada", "GET /groups", f"limit={text}", "limit")
        for text in ("abc", "1.5", "", "0x10", "%00", str(2**64), DIGITS)
    ),
    *(("ada", "GET /groups", f"offset={text}", "offset") for text in ("-1", "x", str(2**53), str(2**64), DIGITS)),
    ("ada", "GET /groups", "include_devices=perhaps", "include_devices"),
    ("ada", "GET /groups", f"{LONG}=1", "*"),
    ("ada", "GET /groups", "Limit=1", "Limit"),
    ("ada", "POST /groups", "dry_run=1", "dry_run"),
    ("ada", "GET /devices/user/me", "status=asleep", "status"),
    ("ada", "GET /groups/{group}/devices", "device_type=%00", "device_type"),
    ("ada", "GET /groups/{group}/devices", f"device_type={LONG}", "device_type"),
    ("admin", "GET /admin/devices", "q=%00", "q"),
    ("admin", "GET /admin/devices", f"q={LONG}", "q"),
    ("admin", "GET /admin/devices", "user_id=ada", "user_id"),
    ("admin", "GET /admin/devices", "status=asleep", "status"),
    ("ada", "GET /events", "event_type=party", "event_type"),
    ("ada", "GET /events", "device_id=0", "device_id"),
    ("ada", "GET /events", f"device_id={2**64}", "device_id"),
    ("ada", "GET /events", f"device_id={DIGITS}", "device_id"),
    ("ada", "GET /events", "cursor=", "cursor"),
    ("ada", "GET /events", "cursor=%00", "cursor"),
    ("ada", "GET /events", f"cursor={LONG * 3}", "cursor"),
    ("ada", "GET /telemetry/{device}", "limit=10001", "limit"),
    ("ada", "GET /telemetry/{device}", "order=down", "order"),
    ("ada", "GET /telemetry/{device}", "fields=", "fields"),
    ("ada", "GET /telemetry/{device}", "fields=a,,b", "fields"),
    ("ada", "GET /telemetry/{device}", "fields=%00", "fields"),
    ("ada", "GET /telemetry/{device}", f"fields={LONG}", "fields"),
    ("ada", "GET /telemetry/{device}", "start_time=now&end_time=-1s", "end_time"),
    ("ada", "GET /telemetry/{device}", "end_time=-2h", "end_time"),
    ("ada", "GET /telemetry/user/me", "limit=1001", "limit"),
    ("ada", "GET /telemetry/user/me", "end_time=-25h", "end_time"),
    ("ada", "GET /events", "start_time=1000&end_time=999", "end_time"),
    ("ada", "GET /analytics/devices/{device}", "start_time=-401d", "start_time"),
    ("ada", "GET /analytics/devices/{device}", "end_time=-25h", "end_time"),
    ("ada", "GET /analytics/devices/{device}/forecast", "", "field"),
    ("ada", "GET /analytics/devices/{device}/forecast", "field=", "field"),
    *(
        ("ada", "GET /analytics/devices/{device}/forecast", f"field=t&hours={text}", "hours")
        for text in ("0", "73", "-1", "x", DIGITS)
    ),
    ("ada", "GET /analytics/devices/{device}/forecast", "field=t&start_time=-15d", "start_time"),
    ("ada", "GET /analytics/devices/{device}/forecast", "field=t&start_time=soon", "start_time"),
    ("ada", "GET /analytics/users/me", "start_time=-32d", "start_time"),
    ("ada", "DELETE /telemetry/{device}", "start_time=-1h", "stop_time"),
    ("ada", "DELETE /telemetry/{device}", "stop_time=-1h", "start_time"),
    ("ada", "DELETE /telemetry/{device}", "", "start_time"),
    ("ada", "DELETE /telemetry/{device}", "start_time=now&stop_time=-1h", "stop_time"),
    *(
        ("ada", "GET /telemetry/{device}", f"start_time={text}", "start_time")
        for text in (
            "2026-01-01T00:00:00",
            "2026-01-01",
            "1969-12-31T23:59:59Z",
            "-1",
            "-1y",
            "%2B1h",
            "2026-01-01T00:00:00+01:00",
            "253402300800000000000",
            "-1.5h",
            "-h",
            "yesterday",
            "NaN",
            "1e5",
            "",
            "%D9%A1%D9%A2",
            "%00",
            DIGITS,
            f"-{DIGITS}s",
        )
    ),
]
AGGREGATED = {"field": "a", "aggregation": "mean", "window": "1h"}
BAD_AGGREGATES: list[dict[str, str]] = [
    {"field": ""},
    {"field": LONG},
    {"field": "a\0"},
    {"aggregation": "median"},
    {"window": "9s"},
    {"window": "31d"},
    {"window": "2w"},
    {"window": "6mo"},
    {"window": "1.5h"},
    {"window": "h"},
    {"window": "1h\n"},
    {"window": "-1h"},
    {"window": f"{DIGITS}s"},
    {"timezone": ""},
    {"timezone": "Mars/Olympus"},
    {"timezone": "localtime"},
    {"timezone": "../../etc/passwd"},
    {"timezone": "Europe/Berlin\0"},
    {"timezone": LONG},
    {"end_time": "-2d"},
    {"window": "10s", "start_time": "-2d"},
]


async def test_queries(scenario: Scenario) -> None:
    wrong = []
    for caller, route, query, expected in QUERIES:
        method, path = scenario.path(route)
        body = {"json": {"name": "x"}} if method == "POST" else {}
        answer = await scenario.callers[caller].send(method, f"{path}?{query}", **body)
        if answer.status_code != 422 or fields_of(answer) != [f"query.{expected}"]:
            wrong.append(f"{route}?{query[:50]}: {answer.status_code} {answer.text[:300]}")
    assert wrong == []


async def test_queries_of_aggregates(scenario: Scenario) -> None:
    path, ada = f"/telemetry/{scenario.ids['device']}/aggregated", scenario.callers["ada"]
    for name in AGGREGATED:
        query = {key: value for key, value in AGGREGATED.items() if key != name}
        assert await ada.wrong_fields("GET", path, params=query) == [f"query.{name}"]
    for change in BAD_AGGREGATES:
        answer = await ada.send("GET", path, params=AGGREGATED | change)
        assert fields_of(answer) == [f"query.{next(iter(change))}"], change


async def test_an_unknown_parameter_is_answered_with_the_known_ones(ada: UserClient) -> None:
    problem = await ada.refused(422, "GET", "/users/me", params={"names": "all"})
    assert problem["detail"] == "query.names: unknown query parameter, expected none"
    problem = await ada.refused(422, "GET", "/devices/user/me", params={"state": "active"})
    assert problem["detail"] == "query.state: unknown query parameter, expected limit, offset, status"


async def test_a_parameter_given_twice_is_named(service: Service, scenario: Scenario) -> None:
    tried = 0
    async with service.client(root="") as whole:
        for template, operations in service.app.openapi()["paths"].items():
            ids = {"device_id": scenario.ids["device"], "group_id": scenario.ids["group"], "token_id": 1, "version": 1}
            path = template.format(
                user_id="me", rule_id=1, webhook_id=1, alert_id=uuid4(), delivery_id=uuid4(), report_id=uuid4(), **ids
            )
            for method, operation in operations.items():
                schemes = [scheme for requirement in operation["security"] for scheme in requirement]
                caller = scenario.callers["device" if schemes == ["DeviceKey"] else "admin"]
                client = ApiClient(whole, caller.headers)
                for parameter in operation.get("parameters", ()):
                    if (name := parameter["name"]) != "fields" and parameter["in"] == "query":
                        problem = await client.refused(422, method.upper(), path, params={name: ["1", "1"]})
                        assert {"loc": ["query", name], "msg": "given 2 times; give it once", "type": "repeated"} in (
                            problem["errors"]
                        ), f"{method} {path}"
                        tried += 1
    assert tried > 40


MESSAGES = {
    "start_time=2026-01-01T00:00:00+01:00": "query.start_time: a + in a query stands for a space; write the + of an "
    "offset as %2B",
    "start_time=253402300800000000000": "query.start_time: read as epoch nanoseconds: times after "
    "9999-12-31T23:59:59.999Z are not taken",
    "order=down": "query.order: expected 'asc' or 'desc'",
    "cursor=x": "query.cursor: not a cursor of this list: take it from next_cursor",
    "fields=a&fields=": "query.fields: a measurement's name has 1 to 128 characters, this one has 0",
}


async def test_messages_are_in_words(scenario: Scenario) -> None:
    ada, path = scenario.callers["ada"], f"/telemetry/{scenario.ids['device']}"
    for query, detail in MESSAGES.items():
        assert (await ada.refused(422, "GET", f"{path}?{query}"))["detail"] == detail


async def test_more_fields_than_a_device_may_have(scenario: Scenario) -> None:
    many = ",".join(f"n{number}" for number in range(1_001))
    answer = await scenario.callers["ada"].send("GET", f"/telemetry/{scenario.ids['device']}", params={"fields": many})
    assert fields_of(answer) == ["query.fields"]


async def test_ids_in_paths(service: Service, scenario: Scenario) -> None:
    async with service.client(root="") as whole:
        admin = ApiClient(whole, scenario.callers["admin"].headers)
        tried = 0
        for template, operations in service.app.openapi()["paths"].items():
            names = [name for name in re.findall(r"{(\w+)}", template) if name != "user_id"]
            for name in names:
                for bad in IDS:
                    path = re.sub(
                        r"{(group_id|device_id|rule_id|webhook_id|version)}", "1", template.replace(f"{{{name}}}", bad)
                    )
                    path = re.sub(r"{(alert_id|delivery_id|report_id)}", str(uuid4()), path)
                    for method in operations:
                        named = await admin.wrong_fields(method.upper(), path)
                        assert f"path.{name}" in named, f"{method} {path[:100]}"
                        tried += 1
    assert tried > 60
