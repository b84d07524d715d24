"""The rules by which SDK generators make code from the document that compiles and loses nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.schema.document import DOCUMENT

Schema = dict[str, Any]

OPERATIONS = {operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()}
SCHEMAS = DOCUMENT["components"]["schemas"]
NULL = {"type": "null"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
KEYWORDS_OF_INTEGERS = ("minimum", "maximum", "default", "multipleOf")
GENERATED_SUFFIXES = ("", "Request", "Response", "Params", "Body", "JSONRequestBody")
"""Generators name types after an operation with these suffixes."""

# Types of a language's own library that generated code imports beside its models.
RESERVED_NAMES = {"Any", "Class", "Date", "Error", "List", "Map", "Object", "Optional", "Result", "String", "Timestamp"}


def _walk(value: object, place: str = "#") -> Iterator[tuple[str, Schema]]:
    """Yield each object of the document with its place, examples excluded."""
    if isinstance(value, dict):
        yield place, value
        for name, item in value.items():
            if name not in ("example", "examples"):
                yield from _walk(item, f"{place}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{place}/{index}")


def _keywords() -> Iterator[tuple[str, Schema]]:
    """Yield each schema: an object that is no map of properties, schemas or responses."""
    for place, value in _walk(DOCUMENT):
        if not place.endswith(("/properties", "/schemas", "/responses")):
            yield place, value


def _options(schema: Schema) -> list[Schema]:
    return [option for keyword in ("anyOf", "oneOf") for option in schema.get(keyword, ()) if option != NULL]


def test_the_document_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_number_has_a_format() -> None:
    """Without a format, Go and Java read integers as int32, and Go reads decimals as float32."""
    numbers = {place: value for place, value in _keywords() if value.get("type") in ("integer", "number")}
    assert len(numbers) > 80
    for place, value in numbers.items():
        allowed = ("int32", "int64") if value["type"] == "integer" else ("double",)
        assert value.get("format") in allowed, place


def test_an_int32_is_bounded_by_its_range() -> None:
    for place, value in _keywords():
        if value.get("format") == "int32":
            assert value["minimum"] >= -(2**31), place
            assert value["maximum"] < 2**31, place


def test_limits_of_integers_are_integers() -> None:
    """Generators in Go refuse `9007199254740991.0` beside an integer."""
    for place, value in _keywords():
        if value.get("type") == "integer":
            for keyword in KEYWORDS_OF_INTEGERS:
                assert isinstance(value.get(keyword, 0), int), f"{place}/{keyword}"


def test_no_limit_is_exclusive() -> None:
    """ogen expects a boolean, as in OpenAPI 3.0."""
    for place, value in _keywords():
        assert not {"exclusiveMinimum", "exclusiveMaximum"} & value.keys(), place


def test_no_union_but_with_null_is_inline() -> None:
    """An inline union gets a name that collides, or no name; a union within a union cannot be set."""
    for place, value in _keywords():
        if len(_options(value)) > 1:
            assert re.fullmatch(r"#/components/schemas/\w+", place), place
        for option in _options(value):
            named = SCHEMAS[option["$ref"].rpartition("/")[2]] if "$ref" in option else option
            assert _options(named) == [], f"{place}: a union within a union"


def test_a_type_is_one_name() -> None:
    for place, value in _keywords():
        assert isinstance(value.get("type", ""), str), place


def test_no_field_has_a_default() -> None:
    """openapi-typescript requires each field with a default, and a null default has another type than its field."""
    for name, schema in SCHEMAS.items():
        for field, value in schema.get("properties", {}).items():
            assert "default" not in value, f"{name}.{field}"
    assert [place for place, value in _keywords() if value.get("default", 0) is None] == []


def test_times_are_text() -> None:
    times = {
        f"{name}.{field}": value
        for name, schema in SCHEMAS.items()
        for field, value in schema.get("properties", {}).items()
        if field == "timestamp" or field.endswith(("_at", "_seen", "_login"))
    }
    assert len(times) > 20
    for place, value in times.items():
        plain = next(iter(_options(value)), value)
        assert (plain.get("type"), plain.get("format")) == ("string", "date-time"), place


@pytest.mark.parametrize("name", ["MeasuredValue", "LocationPart"])
def test_a_value_of_several_types_is_named_and_has_no_type(name: str) -> None:
    """A schema without a type is the only form of a union that all generators carry."""
    assert SCHEMAS[name].keys() == {"description", "examples"}


def test_measured_values_have_one_schema() -> None:
    value = {"$ref": "#/components/schemas/MeasuredValue"}
    for name in ("TelemetryRecordCreate", "BatchRecord"):
        assert SCHEMAS[name]["properties"]["data"]["additionalProperties"] == value
    for name in ("TelemetryRecord", "UserRecord"):
        assert SCHEMAS[name]["properties"]["measurements"]["additionalProperties"] == value
    for name in ("LatestValue", "WindowValue"):
        assert SCHEMAS[name]["properties"]["value"]["$ref"] == value["$ref"]


def test_no_schema_has_a_title() -> None:
    """openapi-generator names inline types by their title: `Timestamp` collides with java.sql.Timestamp."""
    assert [place for place, value in _keywords() if isinstance(value.get("title"), str) and place != "#/info"] == []


def test_no_schema_name_collides() -> None:
    generated = {
        operation.title().replace("_", "") + suffix for operation in OPERATIONS for suffix in GENERATED_SUFFIXES
    }
    assert SCHEMAS.keys() & (generated | RESERVED_NAMES) == set()
    assert len({name.lower() for name in SCHEMAS}) == len(SCHEMAS)


def test_the_document_names_its_server_and_license() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]
    assert DOCUMENT["info"]["license"].keys() == {"name", "url"}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_documents_its_credentials(operation: dict[str, Any]) -> None:
    """Public operations have an empty list: without one, generators take the operation for undocumented."""
    schemes = [scheme for requirement in operation["security"] for scheme in requirement]
    assert ("AccessToken" in schemes) == ("BearerToken" in schemes)
    assert all(scheme in DOCUMENT["components"]["securitySchemes"] for scheme in schemes)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_required_parameters_have_an_example(operation: dict[str, Any]) -> None:
    """Swagger UI fills in a parameter's own example, never those of its schema."""
    for parameter in operation.get("parameters", ()):
        assert ("example" in parameter) == parameter["required"], parameter["name"]


def test_problems_are_typed() -> None:
    for name, response in DOCUMENT["components"]["responses"].items():
        assert list(response["content"]) == ["application/problem+json"], name
        assert response["content"]["application/problem+json"]["schema"] == PROBLEM, name
