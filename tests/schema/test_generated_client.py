"""A Python client generated from the document works against the running service."""

import importlib
import json
import pkgutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ServiceProcess
from tests.schema.document import DOCUMENT

CONFIG = Path(__file__).with_name("openapi-python-client.yaml")
PASSWORD = "a password of the client"
BEYOND_DOUBLE = 2**53 + 1
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class GeneratedClient:
    """The package, with all modules imported."""

    def __init__(self, name: str) -> None:
        package = importlib.import_module(name)
        self.unauthenticated = package.Client
        self.authenticated = package.AuthenticatedClient
        modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(package.__path__, f"{name}.")]
        self.models = next(module for module in modules if module.__name__ == f"{name}.models")
        self.operations = {
            module.__name__.rpartition(".")[2]: module for module in modules if hasattr(module, "sync_detailed")
        }

    def call(self, operation_id: str, *arguments: object, **named: object) -> Any:
        return self.operations[operation_id].sync(*arguments, **named)


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GeneratedClient:
    """The client, generated without warnings."""
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(DOCUMENT))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]
    options = ["--path", str(document), "--config", str(CONFIG), "--output-path", str(tmp_path / "iotflow_client")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    monkeypatch.syspath_prepend(str(tmp_path))
    return GeneratedClient("iotflow_client")


def test_the_generated_client_submits_and_reads_back(generated: GeneratedClient, service: ServiceProcess) -> None:
    assert generated.operations.keys() == {
        operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()
    }
    with _logged_in(generated, service.base_url) as person:
        new_device = generated.models.DeviceCreate(name="greenhouse-1", device_type="weather_station")
        device = generated.call("register_device", client=person, body=new_device).device
        with generated.authenticated(
            base_url=service.base_url, token=device.api_key, prefix="", auth_header_name="X-API-Key"
        ) as submitter:
            _submit(generated, submitter)
            _read_back(generated, submitter, device.id)
        _read_back(generated, person, device.id)
        missing = generated.call("get_device", device.id + 1, client=person)
        assert (type(missing), missing.status) == (generated.models.Problem, 404)


def _logged_in(generated: GeneratedClient, base_url: str) -> Any:
    models = generated.models
    with generated.unauthenticated(base_url=base_url) as anyone:
        account = models.UserCreate(username="client", email="client@example.org", password=PASSWORD)
        assert generated.call("register_user", client=anyone, body=account).user.username == "client"
        login = generated.call("login", client=anyone, body=models.Credentials(username="client", password=PASSWORD))
    return generated.authenticated(base_url=base_url, token=login.access_token)


def _submit(generated: GeneratedClient, submitter: object) -> None:
    models = generated.models
    record = models.TelemetryRecordCreate(
        models.TelemetryRecordCreateData.from_dict({"temperature": 21.5, "door_open": False, "counter": BEYOND_DOUBLE}),
        NOON,
    )
    accepted = generated.call("submit_telemetry", client=submitter, body=record)
    assert (accepted.accepted, accepted.timestamp) == (3, NOON)
    batch = [
        models.BatchRecord.from_dict({"timestamp": "2026-01-31T10:00:00Z", "data": {"temperature": 19, "mode": "eco"}}),
        models.BatchRecord.from_dict({"timestamp": "2026-01-31T11:00:00Z", "data": {"temperature": 20.25}}),
        models.BatchRecord.from_dict({"timestamp": "2026-01-31T11:30:00Z", "data": {}}),
    ]
    outcome = generated.call("submit_telemetry_batch", client=submitter, body=batch)
    assert (outcome.accepted, outcome.rejected, [error.index for error in outcome.errors]) == (2, 1, [2])


def _read_back(generated: GeneratedClient, reader: object, device_id: int) -> None:
    latest = generated.call("get_latest_telemetry", device_id, client=reader)
    values = {name: found.value for name, found in latest.latest_data.additional_properties.items()}
    assert (values, latest.timestamp) == (
        {"temperature": 21.5, "door_open": False, "mode": "eco", "counter": BEYOND_DOUBLE},
        NOON,
    )

    order = generated.models.GetTelemetryOrder.ASC
    start = "2026-01-31T00:00:00Z"
    page = generated.call("get_telemetry", device_id, client=reader, start_time=start, order=order, limit=2)
    last = generated.call("get_telemetry", device_id, client=reader, cursor=page.next_cursor)
    assert [(record.timestamp.hour, record.measurements.to_dict()) for record in [*page.data, *last.data]] == [
        (10, {"temperature": 19, "mode": "eco"}),
        (11, {"temperature": 20.25}),
        (12, {"temperature": 21.5, "door_open": False, "counter": BEYOND_DOUBLE}),
    ]
    assert last.next_cursor is None
