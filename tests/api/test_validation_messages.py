"""The messages of 422 for every parameter and every field of the document: words, and nothing of the implementation."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from iotflow.api.problems import field_error
from iotflow.settings import Settings
from tests.api.clients import ADMIN, ApiClient, login, new_device, new_group, new_token
from tests.api.service import run_service, with_changes
from tests.clock import FakeClock

Operation = dict[str, Any]
Request = dict[str, Any]

TEXTS = ["", "?", "-1", "1.5", "99999999999999999999", "x" * 2_000, "a\u0007\u0301", "null"]
VALUES: list[Any] = [None, True, -1, 1.5, 10**30, "", "?", " ", "x" * 2_000, [], [None], ["?"] * 4, {}, {"?": [1]}]
GENEROUS = {"login_attempts_per_address": 100_000, "registrations_per_address": 100_000}

LEAKS = re.compile(
    r"""
    \^ | \$$ | \[[a-z0-9_]-[a-z0-9] | \\[a-z] | \(\?        # parts of regular expressions
    | pattern | regular\ expression | regex
    | Input\ should | Value\ error | Assertion | Extra\ inputs | unable\ to\ parse
    | dictionary | \binstance\b | \bsentinel\b | (?-i:\bMISSING\b|\bNone\b) | \bclass\b | \bmodel\b
    | \b(?:str|int|float|bool|dict|tuple|object\ to\ extract)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def leaks(message: str, class_names: set[str]) -> bool:
    """Return whether a message holds a regular expression, a term of the implementation, or the name of a class."""
    return bool(LEAKS.search(message)) or not class_names.isdisjoint(re.findall(r"\w+", message))


def test_a_leak_is_found() -> None:
    assert leaks("String should match pattern '^a$'", set())
    assert leaks("expected [a-z0-9]", set())
    assert leaks("Input should be a valid dictionary", set())
    assert leaks("expected a DeviceCreate", {"DeviceCreate"})
    assert not leaks("expected an email address, such as ada@example.org", {"DeviceCreate"})


@pytest.mark.parametrize("kind", ["string_pattern_mismatch", "is_instance_of", "union_tag_invalid", "uuid_parsing"])
def test_a_kind_of_error_that_no_route_has_yet_is_in_words_too(kind: str) -> None:
    found = {"type": kind, "loc": ("a",), "msg": "String should match pattern '^a$'", "ctx": {"pattern": "^a$"}}
    assert not leaks(field_error(found, "body").message, set())


def _resolve(schema: Any, document: Any) -> Any:
    while "$ref" in schema or "anyOf" in schema:
        schema = schema["anyOf"][0] if "anyOf" in schema else document["components"]["schemas"][schema["$ref"][21:]]
    return schema


def _example(schema: Any) -> Any:
    """Return the example of a body: its own, or one of its required fields' examples."""
    if "examples" in schema:
        return schema["examples"][0]
    return {name: schema["properties"][name]["examples"][0] for name in schema.get("required", ())}


def _wrong_bodies(schema: Any, document: Any) -> Iterator[Any]:
    """Yield bodies with one wrong field each, without one, with an unknown one, and of other types."""
    yield from ([], "?", 7, True)
    if schema.get("type") == "array":
        yield from ([item] for item in VALUES)
        yield from ([body] for body in _wrong_bodies(_resolve(schema["items"], document), document))
        return
    example = _example(schema)
    yield {**example, "typo": 1}
    for name, field in schema.get("properties", {}).items():
        yield {other: value for other, value in example.items() if other != name}
        yield from ({**example, name: value} for value in VALUES)
        inner = _resolve(field, document)
        if inner.get("properties"):
            yield from ({**example, name: body} for body in _wrong_bodies(inner, document))


def _wrong_requests(operation: Operation, document: Any, ids: dict[str, Any]) -> Iterator[Request]:
    """Yield requests with one wrong part each."""
    parameters = operation.get("parameters", ())
    path = {one["name"]: ids[one["name"]] for one in parameters if one["in"] == "path"}
    query = {one["name"]: one["example"] for one in parameters if one["in"] == "query" and one["required"]}
    bodies = operation.get("requestBody", {"content": {}})["content"]
    for media_type, content in bodies.items():
        schema = _resolve(content["schema"], document)
        sent_as = "json" if media_type == "application/json" else "data"
        for body in _wrong_bodies(schema, document):
            if sent_as == "json" or (isinstance(body, dict) and not any(isinstance(v, dict) for v in body.values())):
                yield {"ids": path, "params": query, sent_as: body}
    yield {"ids": path, "params": {**query, "typo": "1"}}
    for parameter in parameters:
        name = parameter["name"]
        if parameter["in"] == "query":
            yield {"ids": path, "params": {other: text for other, text in query.items() if other != name}}
        for text in TEXTS:
            if parameter["in"] == "path":
                yield {"ids": {**path, name: text}, "params": query}
            else:
                yield {"ids": path, "params": {**query, name: text}}


async def test_no_message_holds_anything_of_the_implementation(embedded_settings: Settings, clock: FakeClock) -> None:
    settings = with_changes(embedded_settings, **GENEROUS)
    messages: dict[str, str] = {}
    async with run_service(settings, clock) as service, service.client() as client:
        document = service.app.openapi()
        admin = await login(client, ADMIN)
        device = await new_device(admin)
        token, _ = await new_token(admin, "export", "read")
        ids = {"user_id": "me", "device_id": device.id, "group_id": await new_group(admin), "token_id": token["id"]}
        ids |= {
            "rule_id": 1,
            "alert_id": uuid4(),
            "version": 1,
            "webhook_id": 1,
            "delivery_id": uuid4(),
            "report_id": uuid4(),
        }
        for path, of_path in document["paths"].items():
            for method, operation in of_path.items():
                schemes = [scheme for choice in operation["security"] for scheme in choice]
                caller = device if schemes == ["DeviceKey"] else admin if schemes else ApiClient(client)
                found = await _messages(caller, f"{method} {path}", _wrong_requests(operation, document, ids))
                assert found, f"{method} {path}: nothing was refused"
                messages |= found
    class_names = {name for name in document["components"]["schemas"] if re.fullmatch("([A-Z][a-z]+){2,}", name)}
    assert len(messages) > 40
    assert {text: place for text, place in messages.items() if leaks(text, class_names)} == {}


async def _messages(caller: ApiClient, route: str, requests: Iterator[Request]) -> dict[str, str]:
    """Send requests of a route, and return each message of a 422 with the field that it is about."""
    method, _, path = route.partition(" ")
    found: dict[str, str] = {}
    for request in requests:
        url = path.format(**{name: quote(str(value), safe="") for name, value in request.pop("ids").items()})
        answer = await caller.send(method, f"http://iotflow.test{url}", **request)
        assert answer.status_code < 500, f"{method} {url}: {answer.text}"
        if answer.status_code == 422:
            found |= {error["msg"]: f"{route} {error['loc']}" for error in answer.json()["errors"]}
    return found
