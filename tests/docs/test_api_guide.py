"""docs/api-guide.md documents exactly the existing routes, with caller and summary."""

import re
from pathlib import Path
from typing import get_args

from fastapi.routing import APIRoute, iter_route_contexts

from iotflow.api.auth import AdminContext
from iotflow.app import create_app
from iotflow.domain.events import EventType
from iotflow.settings import Settings
from tests.docs.documents import ROOT, code, table_rows

PAGE = ROOT / "docs" / "api-guide.md"
WHO = {
    (): "anyone",
    ("AccessToken",): "person",
    ("DeviceKey",): "device",
    ("AccessToken", "DeviceKey"): "person, device",
}


def test_every_route_is_documented(tmp_path: Path) -> None:
    paths = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    existing = {
        f"{method.upper()} {path}": (_who(operation), operation["summary"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }

    rows = [(code(row[0]), row[1], row[2]) for row in table_rows(PAGE, "Route")]

    documented = {route: ("person" if who == "admin" else who, what) for route, who, what in rows}
    assert len(rows) == len(documented), "a route is documented twice"
    assert documented == existing


def test_every_route_for_administrators_is_documented(tmp_path: Path) -> None:
    _, admin = get_args(AdminContext)
    only_admins = {
        f"{method} {context.path_format}"
        for context in iter_route_contexts(create_app(Settings(data_dir=tmp_path)).routes)
        for method in context.methods or ()
        if isinstance(context.route, APIRoute)
        and any(dependency.call is admin.dependency for dependency in context.route.dependant.dependencies)
    }

    assert {code(row[0]) for row in table_rows(PAGE, "Route") if row[1] == "admin"} == only_admins


def test_every_type_of_event_is_documented() -> None:
    listed = PAGE.read_text().partition("The types: ")[2].partition("\n\n")[0]

    assert re.findall(r"`([a-z_.]+)`", listed) == [event_type.value for event_type in EventType]


def _who(operation: dict[str, list[dict[str, list[str]]]]) -> str:
    choices = operation.get("security", [])
    schemes = [] if {} in choices else [scheme for choice in choices for scheme in choice]
    return WHO[tuple(scheme for scheme in schemes if scheme != "BearerToken")]
