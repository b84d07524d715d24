"""Routes about personal access tokens. No personal access token may call them."""

from iotflow.api.auth import SelfOrAdminContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.pagination import Limit, Offset
from iotflow.api.parameters import AccountId, TokenId
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.base import PageInfo
from iotflow.api.schemas.personal_tokens import (
    PersonalToken,
    PersonalTokenCreate,
    PersonalTokenList,
    PersonalTokenWithSecret,
)

router = api_router("Users")


@router.post(
    "/users/{user_id}/tokens",
    status_code=201,
    operation_id="create_personal_token",
    responses=problem_responses(404, 409),
)
async def create_personal_token(
    context: SelfOrAdminContext, user_id: AccountId, body: PersonalTokenCreate, services: ServicesDep
) -> PersonalTokenWithSecret:
    """Create a personal access token. The response contains its secret, which is not shown again."""
    return PersonalTokenWithSecret.of(await services.personal_tokens.create(context, user_id, body.new_token()))


@router.get("/users/{user_id}/tokens", operation_id="list_personal_tokens", responses=problem_responses(404))
async def list_personal_tokens(
    context: SelfOrAdminContext, user_id: AccountId, services: ServicesDep, limit: Limit = 100, offset: Offset = 0
) -> PersonalTokenList:
    """List an account's personal access tokens. Expired ones are listed until they are deleted."""
    tokens, total = await services.personal_tokens.page(context, user_id, limit, offset)
    views = [PersonalToken.model_validate(token) for token in tokens]
    return PersonalTokenList(tokens=views, meta=PageInfo(total=total, limit=limit, offset=offset))


@router.delete(
    "/users/{user_id}/tokens/{token_id:digits}",
    status_code=204,
    operation_id="revoke_personal_token",
    responses=problem_responses(404),
)
async def revoke_personal_token(
    context: SelfOrAdminContext, user_id: AccountId, token_id: TokenId, services: ServicesDep
) -> None:
    """Revoke a personal access token. It stops working immediately."""
    await services.personal_tokens.revoke(context, user_id, token_id)
