"""Every operation conforms to the document: Schemathesis with all its default checks."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from schemathesis import Case
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response

from tests.schema.document import EXACT_DOCUMENT, SCHEMA
from tests.schema.resources import ResourceFactory

BATCH_OPERATIONS = {"submit_telemetry_batch", "import_telemetry_batch"}
GOOD_RECORD = jsonschema_rs.Draft202012Validator(
    {"$ref": "#/components/schemas/BatchRecord", "components": EXACT_DOCUMENT["components"]}
)


# Without the package it is answered with 501.
NEEDS_EXTRA = "get_device_forecast"

# Valid requests that an operation may refuse; schemathesis.toml names the rules.
BEYOND_JSON_SCHEMA = {
    "create_personal_token": {"name", "scopes", "expires_at"},
    "register_device": {"name"},
    "update_device": {"name"},
    "update_any_device": {"name"},
    "create_group": {"name"},
    "update_group": {"name"},
    "create_alert_rule": {"name", "condition", "device_id"},
    "update_alert_rule": {"name", "condition"},
    "replay_alert_rule": {"condition", "start_time", "end_time"},
    "create_alert": {"details"},
    "list_alerts": {"cursor"},
    "create_report": {"device_id", "group_id", "period"},
    "list_reports": {"cursor"},
    "get_device_analytics": {"start_time", "end_time"},
    "get_user_analytics": {"start_time", "end_time"},
    "submit_telemetry": {"timestamp", "data", "metadata"},
    "get_telemetry": {"cursor", "start_time", "end_time"},
    "list_telemetry_of_user": {"cursor", "start_time", "end_time"},
    "list_events": {"cursor", "start_time", "end_time"},
    "create_webhook": {"url"},
    "update_webhook": {"url"},
    "set_device_metadata": {"tags", "attributes"},
    "update_device_metadata": {"tags", "attributes"},
    "search_devices": {"near", "radius_m", "bbox", "cursor"},
    "aggregate_telemetry": {"window", "timezone", "start_time", "end_time"},
    "delete_telemetry": {"start_time", "stop_time"},
}


@schemathesis.check
def only_rules_beyond_the_schema_refuse_valid_requests(
    _context: CheckContext, response: Response, case: Case[Any]
) -> bool | None:
    """A valid request is refused with 422 only for fields with rules that the schema cannot express."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return None
    fields = {error["loc"][1] for error in response.json()["errors"] if len(error["loc"]) > 1}
    assert fields <= BEYOND_JSON_SCHEMA[case.operation.definition.raw["operationId"]], response.text
    return None


@schemathesis.check
def every_bad_record_is_told_of(_context: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """A batch with records that violate the schema is answered with 200, and each of them is in `errors`."""
    if case.operation.definition.raw["operationId"] not in BATCH_OPERATIONS or response.status_code != 200:
        return None
    records = json.loads(response.request.body or "")
    answer = response.json()
    reported = [error["index"] for error in answer["errors"]]
    bad = {index for index, record in enumerate(records) if not GOOD_RECORD.is_valid(record)}
    assert reported == sorted(set(reported)), "each record is reported once, in order"
    assert bad <= set(reported), (
        f"records {sorted(bad - set(reported))} violate the schema and are not among the errors"
    )
    assert set(reported) <= set(range(len(records)))
    assert (answer["accepted"], answer["rejected"]) == (len(records) - len(reported), len(reported))
    return None


@pytest.fixture
def statuses(request: pytest.FixtureRequest) -> Iterator[set[int]]:
    """The statuses of an operation's answers; an operation that never succeeded was not tested."""
    seen: set[int] = set()
    yield seen
    assert any(200 <= status < 300 for status in seen), f"{request.node.name} never answered 2xx, only {sorted(seen)}"


@SCHEMA.exclude(operation_id=NEEDS_EXTRA).parametrize()
def test_an_operation_conforms_to_its_schema(case: Case[Any], resources: ResourceFactory, statuses: set[int]) -> None:
    headers = resources.prepare(case)
    sent: dict[str, Any] = {"base_url": resources.base_url, "session": resources.session, "headers": headers}
    response = case.call(**sent)
    if case.method == case.operation.method.upper():
        statuses.add(response.status_code)
    case.validate_response(response, headers=headers, transport_kwargs=sent)
