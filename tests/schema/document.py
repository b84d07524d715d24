"""The API's OpenAPI document, as all tests of it use it."""

import copy
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from iotflow.app import create_app
from iotflow.domain.telemetry import INTEGER_MAX, INTEGER_MIN, MAX_STRING_BYTES
from iotflow.domain.times import LATEST_MS
from iotflow.settings import load_settings

ROOT = Path(__file__).parents[2]
LARGEST_DOUBLE = 1.7976931348623157e308

DOCUMENT: dict[str, Any] = create_app(load_settings()).openapi()

MEASURED_VALUE = {
    "anyOf": [
        {"type": "boolean"},
        # A limit that a double can represent: Schemathesis parses limits as doubles.
        {"type": "integer", "minimum": INTEGER_MIN, "exclusiveMaximum": INTEGER_MAX + 1},
        {"type": "number", "minimum": -LARGEST_DOUBLE, "maximum": LARGEST_DOUBLE},
        {"type": "string", "maxLength": MAX_STRING_BYTES},
    ]
}
LOCATION_PART = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
EPOCH = {"type": "number", "minimum": 0, "maximum": (LATEST_MS + 1) * 1_000_000 - 1}


def _exact(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the unions that the service accepts and that no SDK generator carries."""
    exact = copy.deepcopy(document)
    schemas = exact["components"]["schemas"]
    schemas["MeasuredValue"] |= MEASURED_VALUE
    schemas["LocationPart"] |= LOCATION_PART
    for model in ("TelemetryRecordCreate", "BatchRecord"):
        data = schemas[model]["properties"]["data"]
        data["additionalProperties"] = {"anyOf": [data["additionalProperties"], {"type": "null"}]}
    times = (
        ("TelemetryRecordCreate", "timestamp"),
        ("BatchRecord", "timestamp"),
        ("PersonalTokenCreate", "expires_at"),
        ("TelemetryDelete", "start_time"),
        ("TelemetryDelete", "stop_time"),
        ("AlertRuleTest", "start_time"),
        ("AlertRuleTest", "end_time"),
    )
    for model, field in times:
        properties = schemas[model]["properties"]
        properties[field] = {"anyOf": [properties[field], EPOCH]}
    bodies = [operation.get("requestBody", {}) for path in exact["paths"].values() for operation in path.values()]
    for body in bodies:
        if not body.get("required"):
            for content in body.get("content", {}).values():
                content["schema"] = {"anyOf": [content["schema"], {"type": "null"}]}
    return exact


EXACT_DOCUMENT = _exact(DOCUMENT)
"""The document with every type that the service accepts: valid and invalid requests differ by it."""

SCHEMA = schemathesis.openapi.from_dict(EXACT_DOCUMENT, config=SchemathesisConfig.from_path(ROOT / "schemathesis.toml"))
"""The exact document, loaded by Schemathesis with the committed configuration."""
