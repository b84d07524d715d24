"""Changes to FastAPI's schemas without which SDK generators write code that fails to compile or loses digits.

Each function names the generators that need it. `docs/sdks.md` lists the generators that were tried.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]  # Any: a schema is JSON

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

_BOUNDS = ("minimum", "maximum")
_SUBSCHEMA = ("items", "additionalProperties", "propertyNames")
_SUBSCHEMAS = ("anyOf", "oneOf", "allOf", "prefixItems")


def make_portable(document: dict[str, Any]) -> None:  # Any: the document is JSON
    """Change all schemas of an OpenAPI document in place."""
    for schema in iterate_schemas(document):
        # openapi-generator names inline types by their title: `Timestamp` collides with java.sql.Timestamp.
        schema.pop("title", None)
        _set_format(schema)
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            move_default_to_description(field)


def iterate_schemas(document: dict[str, Any]) -> Iterator[Schema]:  # Any: the document is JSON
    """Yield each schema of an OpenAPI document, nested schemas included."""
    roots: list[Schema] = list(document["components"]["schemas"].values())
    for path in document["paths"].values():
        for operation in path.values():
            roots += [parameter["schema"] for parameter in operation.get("parameters", ())]
            for message in (operation.get("requestBody", {}), *operation["responses"].values()):
                roots += [media["schema"] for media in message.get("content", {}).values()]
    for root in roots:
        yield from _with_subschemas(root)


def move_default_to_description(field: Schema) -> None:
    """Document a default as text.

    openapi-typescript requires each field with a default, and openapi-generator sends each default.
    """
    if "default" not in field:
        return
    default = field.pop("default")
    if default is not None:
        text = f"Default: `{str(default).lower() if isinstance(default, bool) else default}`." if default != "" else ""
        field["description"] = f"{field.get('description', '')} {text}".strip()


def _set_format(schema: Schema) -> None:
    """Set the size of a number: without it, Go and Java take integers as int32, and Go takes decimals as float32.

    FastAPI writes bounds as decimals, which ogen and oapi-codegen refuse beside an integer.
    """
    match schema.get("type"):
        case "integer":
            for bound in _BOUNDS:
                if bound in schema:
                    schema[bound] = int(schema[bound])
            small = schema.get("minimum", -(2**63)) >= INT32_MIN and schema.get("maximum", 2**63) <= INT32_MAX
            schema["format"] = "int32" if small else "int64"
        case "number":
            schema["format"] = "double"


def _with_subschemas(schema: Schema) -> Iterator[Schema]:
    yield schema
    inner = [schema[keyword] for keyword in _SUBSCHEMA if isinstance(schema.get(keyword), dict)]
    inner += [option for keyword in _SUBSCHEMAS for option in schema.get(keyword, ())]
    for subschema in (*inner, *schema.get("properties", {}).values()):
        yield from _with_subschemas(subschema)
