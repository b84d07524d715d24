"""Routes about a user's preferences, for the user alone."""

from typing import Annotated

from fastapi import Body, Response

from iotflow.api.auth import SelfContext, SelfReadContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.parameters import AccountId
from iotflow.api.responses import json_response
from iotflow.api.routing import FreeObjectRoute, api_router, problem_responses
from iotflow.api.schemas.accounts import UserPreferences

router = api_router("Users", FreeObjectRoute)


@router.get(
    "/users/{user_id}/preferences",
    operation_id="get_preferences",
    response_model=UserPreferences,
    responses=problem_responses(404),
)
async def get_preferences(context: SelfReadContext, user_id: AccountId, services: ServicesDep) -> Response:
    """Get your preferences. An empty object before they are set."""
    return json_response(await services.preferences.get(context, user_id))


@router.put(
    "/users/{user_id}/preferences",
    operation_id="set_preferences",
    response_model=UserPreferences,
    responses=problem_responses(404),
)
async def set_preferences(
    context: SelfContext, user_id: AccountId, body: Annotated[UserPreferences, Body()], services: ServicesDep
) -> Response:
    """Set your preferences. The body, any JSON object of at most 64 KiB, replaces them as a whole."""
    return json_response(await services.preferences.replace(context, user_id, body))
