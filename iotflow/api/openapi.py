"""The OpenAPI schema: what FastAPI makes of the routes, with what their class knows and FastAPI does not."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from iotflow.api.access import API_KEY, BEARER
from iotflow.api.schemas.common import Problem

TOKEN_URL = "/api/v1/auth/token"  # noqa: S105  # an address, no secret

DESCRIPTION = """
Devices submit measurements; people own devices, group them, read latest values, history and aggregates.

Register, then use **Authorize** with your username and password to call the routes of people. A device's key, shown
when the device is registered, goes into the same dialog for the routes of devices.

Every error is a problem document (RFC 9457) that says what was wrong, where, and what would be right.
"""

_SECURITY_SCHEMES = {
    BEARER: {
        "type": "oauth2",
        "description": "A person's access token.",
        "flows": {"password": {"tokenUrl": TOKEN_URL, "scopes": {}}},
    },
    API_KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A device's key."},
}


def install(app: FastAPI) -> None:
    """Have the app describe itself with security schemes and problems."""

    def schema() -> dict[str, Any]:  # Any: the schema is JSON
        if app.openapi_schema is None:
            described = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            components = described.setdefault("components", {})
            components["securitySchemes"] = _SECURITY_SCHEMES
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            components["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = schema  # type: ignore[method-assign]  # FastAPI's documented way to extend its schema
