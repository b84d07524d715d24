"""The examples of the document succeed unchanged after the first three steps of the tour in `/docs`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import ServiceProcess
from tests.schema.document import DOCUMENT

Operation = dict[str, Any]

FORM = "application/x-www-form-urlencoded"
TOUR = ("register_user", "login", "register_device")
"""The first three steps. Sent again at the end, the account is there already; the device was deleted before."""
ADMINS_ONLY = {"list_users", "delete_user", "activate_user", "deactivate_user"}
PATHS = {
    operation["operationId"]: (method, path)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
OPERATIONS: dict[str, Operation] = {
    operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()
}
METHODS = ["post", "get", "put", "patch", "delete"]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a service without data, whose first ids are those of the examples."""
    with (
        # The network of addresses in documentation, of which the example of a webhook has one.
        ServiceProcess(tmp_path / "data", {"IOTFLOW_WEBHOOK_ALLOWED_NETWORKS": "192.0.2.0/24"}) as service,
        httpx.Client(base_url=service.base_url, trust_env=False) as client,
    ):
        yield client


def test_examples_succeed_unchanged(client: httpx.Client) -> None:
    _send(client, "register_user", {})
    login = _send(client, "login", {})
    person = {"Authorization": f"Bearer {login.json()['access_token']}"}
    registration = _send(client, "register_device", person)
    device = {"X-API-Key": registration.json()["device"]["api_key"]}

    failures = []
    for name in _order():
        schemes = {scheme for requirement in OPERATIONS[name]["security"] for scheme in requirement}
        answer = _send(client, name, person if "AccessToken" in schemes else device if schemes else {})
        if answer.status_code not in _expected(name):
            failures.append(f"{name}: {answer.status_code} {answer.text}")
    assert failures == []


def _order() -> list[str]:
    """Return the operations: those that create first, those that delete last, inner resources before outer ones."""
    # A stream does not end.
    names = [name for name in OPERATIONS if name not in ("logout", "stream_events", *TOUR)]
    others = [name for name in names if PATHS[name][0] != "delete"]
    deletions = [name for name in names if PATHS[name][0] == "delete"]
    others.sort(key=lambda name: (METHODS.index(PATHS[name][0]), PATHS[name][1]))
    # The device is deleted last: its rules go with it.
    deletions.sort(key=lambda name: (name != "delete_device", PATHS[name][1]), reverse=True)
    return [*others, *deletions, *TOUR, "logout"]


def _expected(name: str) -> set[int]:
    if name == "register_user":
        return {409}
    if name in ADMINS_ONLY or OPERATIONS[name]["tags"] == ["Administration"]:
        return {403}
    if any(name_of in PATHS[name][1] for name_of in ("{alert_id}", "{delivery_id}", "{report_id}")):
        return {404}  # these ids are random
    if name == "get_device_forecast":
        return {422}  # one record is no history
    return {200, 201, 202, 204}


def _send(client: httpx.Client, name: str, headers: dict[str, str]) -> httpx.Response:
    """Send what Swagger UI fills in: the examples of parameters, defaults, and the example of the body."""
    operation = OPERATIONS[name]
    method, path = PATHS[name]
    query: dict[str, Any] = {}
    for parameter in operation.get("parameters", ()):
        value = parameter.get("example", parameter["schema"].get("default"))
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(value))
        elif value is not None:
            query[parameter["name"]] = value
    for media_type, content in operation.get("requestBody", {"content": {}})["content"].items():
        body = _example(content["schema"])
        given: dict[str, Any] = {"data": body} if media_type == FORM else {"json": body}
        return client.request(method, path, params=query, headers=headers, **given)
    return client.request(method, path, params=query, headers=headers)


def _example(schema: dict[str, Any]) -> Any:
    """Return the example of a body: its own, or one of its fields' examples."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "examples" in schema:
        return schema["examples"][0]
    return {name: schema["properties"][name]["examples"][0] for name in schema["required"]}
