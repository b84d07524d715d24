"""Routes about alert rules."""

from typing import Annotated

from fastapi import Query, Response

from iotflow.api.auth import UserReadContext, UserWriteContext
from iotflow.api.dependencies import ClockDep, ServicesDep
from iotflow.api.pagination import Limit, Offset, resolve_range
from iotflow.api.parameters import RuleId
from iotflow.api.responses import json_response, list_response
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.alert_rules import (
    AlertRuleCreate,
    AlertRuleList,
    AlertRuleResponse,
    AlertRuleTest,
    AlertRuleTestResult,
    AlertRuleUpdate,
    dump_replay,
    dump_rule,
)
from iotflow.domain.devices import MAX_ID
from iotflow.domain.times import format_rfc3339

router = api_router("Alerts")


@router.post(
    "/alert-rules",
    status_code=201,
    operation_id="create_alert_rule",
    response_model=AlertRuleResponse,
    responses=problem_responses(404, 409),
)
async def create_alert_rule(context: UserWriteContext, body: AlertRuleCreate, services: ServicesDep) -> Response:
    """Create an alert rule. It is evaluated as readings arrive, by their event time.

    Late readings are ignored: nothing is raised for the past. A rule of a group also covers devices that join later.
    """
    rule = await services.alert_rules.create(context, body.new_rule())
    return json_response({"alert_rule": dump_rule(rule)}, 201)


@router.get("/alert-rules", operation_id="list_alert_rules", response_model=AlertRuleList)
async def list_alert_rules(
    context: UserReadContext,
    services: ServicesDep,
    device_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only rules of this device.")] = None,
    group_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only rules of this group.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """List the caller's alert rules. Administrators see all."""
    rules, total = await services.alert_rules.page(context, device_id, group_id, limit, offset)
    return await list_response(
        {}, "alert_rules", rules, dump_rule, {"meta": {"total": total, "limit": limit, "offset": offset}}
    )


@router.post(
    "/alert-rules/test",
    operation_id="replay_alert_rule",
    response_model=AlertRuleTestResult,
    responses=problem_responses(404),
)
async def replay_alert_rule(
    context: UserReadContext, body: AlertRuleTest, services: ServicesDep, clock: ClockDep
) -> Response:
    """Replay a rule over stored records. The response lists when it would have fired; no alert is raised.

    Conditions that readings alone never fulfil, `offline` and `no_data`, cannot be replayed.
    """
    time_range = resolve_range(body.start_time, body.end_time, clock.now(), ("body", "end_time"))
    assert time_range.end is not None
    replay = await services.rule_replay.run(context, body.rule(), body.device_id, time_range)
    times = {"start_time": format_rfc3339(time_range.start), "end_time": format_rfc3339(time_range.end)}
    return json_response({"device_id": body.device_id, **times, **dump_replay(replay)})


@router.get(
    "/alert-rules/{rule_id:digits}",
    operation_id="get_alert_rule",
    response_model=AlertRuleResponse,
    responses=problem_responses(404),
)
async def get_alert_rule(context: UserReadContext, rule_id: RuleId, services: ServicesDep) -> Response:
    """Get an alert rule."""
    return json_response({"alert_rule": dump_rule(await services.alert_rules.get(context, rule_id))})


@router.put(
    "/alert-rules/{rule_id:digits}",
    operation_id="update_alert_rule",
    response_model=AlertRuleResponse,
    responses=problem_responses(404),
)
async def update_alert_rule(
    context: UserWriteContext, rule_id: RuleId, body: AlertRuleUpdate, services: ServicesDep
) -> Response:
    """Update an alert rule. Its evaluation begins anew; open alerts of a rule that is disabled are resolved."""
    rule = await services.alert_rules.update(context, rule_id, body.change())
    return json_response({"alert_rule": dump_rule(rule)})


@router.delete(
    "/alert-rules/{rule_id:digits}",
    status_code=204,
    operation_id="delete_alert_rule",
    responses=problem_responses(404),
)
async def delete_alert_rule(context: UserWriteContext, rule_id: RuleId, services: ServicesDep) -> None:
    """Delete an alert rule. Its open alerts are resolved within seconds."""
    await services.alert_rules.delete(context, rule_id)
