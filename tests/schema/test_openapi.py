"""The OpenAPI document for people and for client generators."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.schema.document import DOCUMENT

SECTIONS = [
    "Authentication",
    "Devices",
    "Own device",
    "Telemetry",
    "Groups",
    "Users",
    "Alerts",
    "Live stream",
    "Analytics",
    "Events",
    "Administration",
    "Health",
]
VERBS = re.compile(
    "acknowledge|activate|add|aggregate|create|deactivate|delete|get|import|list|login|logout|register|remove|replay|resolve"
    "|restore|revoke|rotate|search|send|set|stream|submit|update"
)
OPEN_TO_ALL = {
    "login",
    "login_with_form",
    "get_telemetry_status",
    "get_health",
    "get_liveness",
    "get_readiness",
    "get_status",
    "get_index",
}
OPERATIONS = {operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()}
SCHEMAS = DOCUMENT["components"]["schemas"]

each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def test_operation_ids_are_unique() -> None:
    ids = Counter(operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values())
    assert [name for name, times in ids.items() if times > 1] == []


@each_operation
def test_an_operation_id_reads_as_a_method(operation: dict[str, Any]) -> None:
    words = operation["operationId"].split("_")
    assert VERBS.fullmatch(words[0])
    assert all(re.fullmatch("[a-z]+", word) for word in words)


@each_operation
def test_an_operation_has_a_section_and_a_summary(operation: dict[str, Any]) -> None:
    assert len(operation["tags"]) == 1
    assert operation["tags"][0] in SECTIONS
    summary = operation["summary"]
    assert 5 < len(summary) <= 60
    assert summary[0].isupper()
    assert not summary.endswith(".")
    assert operation.get("description") != f"{summary}."


def test_sections_are_ordered_and_described() -> None:
    assert [tag["name"] for tag in DOCUMENT["tags"]] == SECTIONS
    assert all(tag["description"] for tag in DOCUMENT["tags"])
    assert {operation["tags"][0] for operation in OPERATIONS.values()} == set(SECTIONS)


@each_operation
def test_a_parameter_has_a_description(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        assert parameter.get("description") or "enum" in schema or "$ref" in schema, parameter["name"]
        assert {"type": "null"} not in schema.get("anyOf", ()), "a query holds no null"


@each_operation
def test_a_body_has_a_valid_example(operation: dict[str, Any]) -> None:
    for media_type, content in operation.get("requestBody", {"content": {}})["content"].items():
        assert media_type == (
            "application/x-www-form-urlencoded" if operation["operationId"] == "login_with_form" else "application/json"
        )
        body = _resolved(content["schema"])
        examples = body.get("examples") or [
            {name: body["properties"][name]["examples"][0] for name in body["required"]}
        ]
        for example in examples:
            _validator(content["schema"]).validate(example)


@each_operation
def test_errors_are_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    expected = {"422", "503"}
    if operation.get("security"):
        expected |= {"401"}
    if "requestBody" in operation:
        expected |= {"408", "413", "415"}
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        expected |= {"404"}
    assert expected <= responses.keys()
    for status, response in responses.items():
        content = _resolved(response).get("content", {})
        if operation["operationId"] in ("get_health", "get_readiness") and status == "503":
            assert list(content) == ["application/json"]
        elif status >= "400":
            assert list(content) == ["application/problem+json"]
            assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
            example = content["application/problem+json"]["example"]
            assert example["status"] == int(status)
            _validator({"$ref": "#/components/schemas/Problem"}).validate(example)


@each_operation
def test_credentials_are_documented(operation: dict[str, Any]) -> None:
    schemes = {scheme for requirement in operation.get("security", ()) for scheme in requirement}
    if operation["operationId"] in OPEN_TO_ALL:
        assert schemes == set()
    elif operation["tags"] == ["Own device"]:
        assert schemes == {"DeviceKey"}
    elif operation["tags"] == ["Telemetry"]:
        assert schemes
    else:
        assert schemes == {"AccessToken", "BearerToken"}
        assert ({} in operation["security"]) == (operation["operationId"] == "register_user")


def test_authorize_logs_in_by_the_token_route() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert list(schemes) == ["DeviceKey", "BearerToken", "AccessToken"]
    assert schemes["BearerToken"].items() >= {"type": "http", "scheme": "bearer"}.items()
    token_url = schemes["AccessToken"]["flows"]["password"]["tokenUrl"]
    assert DOCUMENT["paths"][token_url]["post"]["operationId"] == "login_with_form"
    assert (schemes["DeviceKey"]["in"], schemes["DeviceKey"]["name"]) == ("header", "X-API-Key")


def test_schemas_have_readable_names_and_are_used() -> None:
    assert [name for name in SCHEMAS if not re.fullmatch("([A-Z][a-z]+)+", name) or name.startswith("Body")] == []
    used = set(re.findall(r'"#/components/(?:schemas|responses)/(\w+)"', json.dumps(DOCUMENT)))
    assert used == SCHEMAS.keys() | DOCUMENT["components"]["responses"].keys()


@pytest.mark.parametrize("name", ["submit_telemetry_batch", "import_telemetry_batch"])
def test_a_batch_is_an_array_of_named_records(name: str) -> None:
    content = OPERATIONS[name]["requestBody"]["content"]
    assert list(content) == ["application/json"]
    assert content["application/json"]["schema"]["items"] == {"$ref": "#/components/schemas/BatchRecord"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_its_examples_match_it(name: str) -> None:
    jsonschema_rs.meta.validate(SCHEMAS[name])
    for schema in _with_examples(SCHEMAS[name]):
        for example in schema["examples"]:
            _validator({key: value for key, value in schema.items() if key != "examples"}).validate(example)


@each_operation
def test_a_parameters_examples_match_its_schema(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        for example in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]:
            _validator(schema).validate(example)


def test_the_command_prints_the_same_document_each_time(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOTFLOW_")}
    printed = subprocess.run(
        [sys.executable, "-m", "iotflow", "openapi"],
        env=environment | {"PYTHONHASHSEED": "1"},
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert printed.stdout.decode() == json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n"
    assert list(tmp_path.iterdir()) == []


def _validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {"$ref": "#/$defs/it", "$defs": {"it": schema}, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _resolved(value: dict[str, Any]) -> dict[str, Any]:
    for option in value.get("anyOf", ()):
        if "$ref" in option:
            value = option
    while "$ref" in value:
        reference: str = value["$ref"]
        value = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            value = value[part]
    return value


def _with_examples(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("examples"), list):
            yield value
        for name, item in value.items():
            if name != "examples":
                yield from _with_examples(item)
    elif isinstance(value, list):
        for item in value:
            yield from _with_examples(item)
