"""The OpenAPI document: what FastAPI makes of the routes, with what it cannot know of them."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from iotflow.api.access import API_KEY, BEARER
from iotflow.api.problems import MEDIA_TYPE, title, type_uri
from iotflow.api.schemas.common import SCHEMA_REFERENCE, Problem
from iotflow.api.schemas.telemetry import BatchRecord

TOKEN_URL = "/api/v1/auth/token"  # noqa: S105  # an address, no secret

DESCRIPTION = """
Devices submit measurements; people own devices, group them, and read latest values, history and aggregates.

The first steps, on this page:

1. `POST /api/v1/auth/register` makes your account.
2. **Authorize**, under `AccessToken`, signs you in with its username and password.
3. `POST /api/v1/devices/register` makes a device. The answer holds its key, the only time that it is shown.
4. **Authorize**, under `DeviceKey`, takes that key: now this page may speak for the device.
5. `POST /api/v1/telemetry` submits what it measured; `GET /api/v1/telemetry/{device_id}/latest` reads it back.

Every error is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) that says what was wrong, where,
and what would be right.
"""

TAGS = [
    {"name": "Authentication", "description": "Make an account, log in, log out."},
    {"name": "Devices", "description": "Register, change and configure your devices."},
    {"name": "Own device", "description": "What a device asks and says of itself, with its key."},
    {
        "name": "Telemetry",
        "description": "Submit measurements with a device's key; read them back with it or as its owner.",
    },
    {"name": "Groups", "description": "Put devices of one owner together."},
    {"name": "Users", "description": "Accounts. `me` stands for your own id."},
    {"name": "Events", "description": "The audit trail: what was done, by whom, to what."},
    {"name": "Administration", "description": "All devices of all users, and totals. For administrators."},
    {"name": "Health", "description": "For orchestrators and the curious; without credentials."},
]
"""The sections of the document, in the order in which a newcomer needs them."""

_SECURITY_SCHEMES = {
    BEARER: {
        "type": "oauth2",
        "description": "A person's access token. Sign in with username and password; leave the client's fields empty.",
        "flows": {"password": {"tokenUrl": TOKEN_URL, "scopes": {}}},
    },
    API_KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A device's key."},
}

_MEANINGS = {
    401: "No valid credentials of a kind that the route takes.",
    403: "Good credentials without the right to do this.",
    404: "There is no such thing among those that the caller may see.",
    408: "The body did not arrive in time.",
    409: "The change contradicts what is stored.",
    413: "The body is too large.",
    415: "The content type or encoding is not one that the route takes.",
    422: "The input breaks a rule; `errors` names each field.",
    429: "Too many attempts; `Retry-After` tells when to try again.",
    503: "A store that must hold the answer is down; `Retry-After` tells when to try again.",
}

_MISSING_NAME = {"loc": ["body", "name"], "msg": "Field required", "type": "missing"}


def install(app: FastAPI) -> None:
    """Have the app describe itself with security schemes, problems and sections."""

    def document() -> dict[str, Any]:  # Any: the document is JSON
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend its document


def response_reference(status: int) -> str:
    """Where the document describes the problem of a status."""
    return f"#/components/responses/{_response_name(status)}"


def _document(app: FastAPI) -> dict[str, Any]:  # Any: the document is JSON
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=TAGS
    )
    for operation in _operations(document):
        _mend(operation)
    components = document["components"]
    components["securitySchemes"] = _SECURITY_SCHEMES
    components["responses"] = {_response_name(status): _problem_response(status) for status in _MEANINGS}
    for model in (Problem, BatchRecord):
        schema = model.model_json_schema(ref_template=SCHEMA_REFERENCE)
        components["schemas"] |= {**schema.pop("$defs", {}), model.__name__: schema}
    components["schemas"] = dict(sorted(components["schemas"].items()))
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _mend(operation: dict[str, Any]) -> None:
    """Put texts where readers look, and leave out what says nothing: a text beside a reference, a query's null."""
    if operation.get("description") == f"{operation['summary']}.":
        del operation["description"]
    for response in operation["responses"].values():
        if "$ref" in response:
            del response["description"]
    parameters = operation.get("parameters", ())
    pages_by_cursor = any(parameter["name"] == "cursor" for parameter in parameters)
    for parameter in parameters:
        schema = parameter["schema"]
        types = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
        if len(types) == 1:
            del schema["anyOf"]
            schema |= types[0]
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        if pages_by_cursor and "default" in schema and parameter["name"] != "limit":
            # A generated client sends what is documented as a default, and beside a cursor that may contradict it.
            parameter["description"] = f"{parameter['description']} Default: `{schema.pop('default')}`."


def _response_name(status: int) -> str:
    return title(status).replace(" ", "")


def _problem_response(status: int) -> dict[str, Any]:
    example = {
        "type": type_uri(status),
        "title": title(status),
        "status": status,
        "detail": _MEANINGS[status].partition(";")[0],
        "instance": "/api/v1/devices/7",
        "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30",
    }
    if status == 422:
        example |= {"detail": "body.name: Field required", "errors": [_MISSING_NAME]}
    schema = {"$ref": SCHEMA_REFERENCE.format(model=Problem.__name__)}
    return {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}
