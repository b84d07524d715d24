"""The OpenAPI document: FastAPI's document, with security schemes, problem responses and tags."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from iotflow.api.auth import API_KEY, BEARER
from iotflow.api.portable_schemas import make_portable, move_default_to_description
from iotflow.api.problems import MEDIA_TYPE, title, type_uri
from iotflow.api.schemas.base import SCHEMA_REFERENCE
from iotflow.api.schemas.problems import Problem
from iotflow.api.schemas.telemetry import BatchRecord

TOKEN_URL = "/api/v1/auth/token"  # noqa: S105  # an address, no secret
LICENSE = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
SERVERS: list[dict[str, str | Any]] = [{"url": "/", "description": "The service that serves this document."}]
BEARER_TOKEN = "BearerToken"  # noqa: S105  # the name of a scheme, no secret

DESCRIPTION = """
Devices submit measurements. Users own devices, group them, and read latest values, history and aggregates.

First steps on this page:

1. Create an account: `POST /api/v1/auth/register`.
2. Log in: **Authorize**, `AccessToken`, with its username and password.
3. Register a device: `POST /api/v1/devices/register`. The response contains the device's API key, which is not shown
   again.
4. Authenticate as the device: **Authorize**, `DeviceKey`, with that key.
5. Submit a record: `POST /api/v1/telemetry`. Read it back: `GET /api/v1/telemetry/{device_id}/latest`.

Every error is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): what is wrong, in which field,
and what is expected.
"""

TAGS = [
    {"name": "Authentication", "description": "Create an account, log in, log out."},
    {"name": "Devices", "description": "Register, update and configure your devices."},
    {"name": "Own device", "description": "Routes for the calling device, authenticated by its API key."},
    {
        "name": "Telemetry",
        "description": "Submit measurements as a device; read them as the device or its owner.",
    },
    {"name": "Groups", "description": "Organize the devices of one owner in groups."},
    {
        "name": "Users",
        "description": "Read and update accounts; create tokens for programs. `me` stands for your user id.",
    },
    {
        "name": "Alerts",
        "description": "Rules on readings, evaluated as they arrive, and the alerts that rules or people raise.",
    },
    {"name": "Live stream", "description": "What happens to your devices, as it happens."},
    {"name": "Analytics", "description": "Summaries of devices and accounts, and reports that keep them."},
    {"name": "Events", "description": "The audit trail: changes, their authors and their subjects."},
    {"name": "Administration", "description": "All users' devices, and totals of the service. For administrators."},
    {"name": "Health", "description": "Health checks for orchestrators, without credentials."},
]
"""The sections of the document, in the order in which a new user needs them."""

# The order in `/docs`: Swagger UI focuses the last scheme's first field, which is the username.
_SECURITY_SCHEMES = {
    API_KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "API key of a device."},
    BEARER_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "For generated clients: the access token of a user, from `POST /api/v1/auth/login`, or a "
        "personal access token (`iotp_…`), from `POST /api/v1/users/{user_id}/tokens`. It acts for its user "
        "in operations whose description names one of its scopes: `read`, `write` or `telemetry`.",
    },
    BEARER: {
        "type": "oauth2",
        "description": "Access token of a user. Log in with username and password; leave the client fields empty.",
        "flows": {"password": {"tokenUrl": TOKEN_URL, "scopes": {}}},
    },
}

_PROBLEM_DESCRIPTIONS = {
    401: "No valid credentials of a kind that the route accepts.",
    403: "The credentials are valid but lack the permission.",
    404: "The resource does not exist or is not visible to the caller.",
    408: "The body did not arrive in time.",
    409: "The change conflicts with the stored state.",
    413: "The body is too large.",
    415: "The route does not accept the content type or encoding.",
    422: "The input is invalid; `errors` lists each invalid field.",
    429: "Too many requests; retry after `Retry-After` seconds.",
    501: "The operation needs packages that the operator has not installed; the detail names them.",
    503: "A required store is unavailable; retry after `Retry-After` seconds.",
}

_MISSING_NAME = {"loc": ["body", "name"], "msg": "Field required", "type": "missing"}


def install(app: FastAPI) -> None:
    """Replace the app's OpenAPI document by one with security schemes, problem responses and tags."""

    def document() -> dict[str, Any]:  # Any: the document is JSON
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend its document


def response_reference(status: int) -> str:
    """Return the reference of the response component that documents a status."""
    return f"#/components/responses/{_response_name(status)}"


def _document(app: FastAPI) -> dict[str, Any]:  # Any: the document is JSON
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=SERVERS,
        license_info=LICENSE,
    )
    components = document["components"]
    components["securitySchemes"] = _SECURITY_SCHEMES
    components["responses"] = {_response_name(status): _problem_response(status) for status in _PROBLEM_DESCRIPTIONS}
    for model in (Problem, BatchRecord):
        schema = model.model_json_schema(ref_template=SCHEMA_REFERENCE)
        components["schemas"] |= {**schema.pop("$defs", {}), model.__name__: schema}
    components["schemas"] = dict(sorted(components["schemas"].items()))
    for operation in _operations(document):
        _clean_operation(operation, components["schemas"])
    make_portable(document)
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _clean_operation(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Move texts where tools show them; remove texts beside references; document credentials and examples."""
    if operation.get("description") == f"{operation['summary']}.":
        del operation["description"]
    for response in operation["responses"].values():
        if "$ref" in response:
            del response["description"]
    # An operation without `security` is undefined for linters; generators prefer the plain form of a bearer token.
    security = operation.setdefault("security", [])
    if {BEARER: []} in security:
        security.insert(security.index({BEARER: []}) + 1, {BEARER_TOKEN: []})
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        _remove_null(content["schema"])
    parameters = operation.get("parameters", ())
    pages_by_cursor = any(parameter["name"] == "cursor" for parameter in parameters)
    for parameter in parameters:
        _clean_parameter(parameter, schemas, keeps_default=not pages_by_cursor or parameter["name"] == "limit")


def _clean_parameter(parameter: dict[str, Any], schemas: dict[str, Any], *, keeps_default: bool) -> None:
    """Remove null, which no query holds, and move texts where tools show them.

    A generated client sends documented defaults, which could contradict a cursor: `keeps_default` False moves the
    default to the description. Swagger UI fills in the `example` of a parameter, never the examples of its schema.
    """
    schema = parameter["schema"]
    _remove_null(schema)
    if "description" in schema:
        parameter["description"] = schema.pop("description")
    if not keeps_default and "default" in schema:
        schema["description"] = parameter["description"]
        move_default_to_description(schema)
        parameter["description"] = schema.pop("description")
    if parameter["required"]:
        parameter["example"] = _example_of(schema, schemas)


def _remove_null(schema: dict[str, Any]) -> None:
    """Document an optional value without null."""
    types = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(types) == 1:
        del schema["anyOf"]
        schema |= types[0]


def _example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:  # Any: a JSON value
    named = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return (named.get("examples") or named["enum"])[0]


def _response_name(status: int) -> str:
    return title(status).replace(" ", "")


def _problem_response(status: int) -> dict[str, Any]:
    example = {
        "type": type_uri(status),
        "title": title(status),
        "status": status,
        "detail": _PROBLEM_DESCRIPTIONS[status].partition(";")[0],
        "instance": "/api/v1/devices/7",
        "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30",
    }
    if status == 422:
        example |= {"detail": "body.name: Field required", "errors": [_MISSING_NAME]}
    schema = {"$ref": SCHEMA_REFERENCE.format(model=Problem.__name__)}
    return {
        "description": _PROBLEM_DESCRIPTIONS[status],
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }
