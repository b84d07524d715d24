"""Routes about accounts, for their owners and administrators."""

from iotflow.api.auth import AdminContext, SelfOrAdminContext, SelfOrAdminReadContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.pagination import Limit, Offset
from iotflow.api.parameters import AccountId
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.accounts import User, UserList, UserResponse, UserUpdate
from iotflow.api.schemas.base import PageInfo

router = api_router("Users")


@router.get("/users", operation_id="list_users")
async def list_users(context: AdminContext, services: ServicesDep, limit: Limit = 100, offset: Offset = 0) -> UserList:
    """List all accounts. Ordered by time of registration."""
    users, total = await services.accounts.page(context, limit, offset)
    views = [User.model_validate(user) for user in users]
    return UserList(users=views, meta=PageInfo(total=total, limit=limit, offset=offset))


@router.get("/users/{user_id}", operation_id="get_user", responses=problem_responses(404))
async def get_user(context: SelfOrAdminReadContext, user_id: AccountId, services: ServicesDep) -> UserResponse:
    """Get an account."""
    return UserResponse.of(await services.accounts.get(context, user_id))


@router.put("/users/{user_id}", operation_id="update_user", responses=problem_responses(404, 409, 429))
async def update_user(
    context: SelfOrAdminContext,
    user_id: AccountId,
    body: UserUpdate,
    services: ServicesDep,
) -> UserResponse:
    """Update an account. A new password revokes all of its access tokens from logins.

    Its personal access tokens stay valid unless `revoke_tokens` is true.
    """
    return UserResponse.of(await services.accounts.update(context, user_id, body.change()))


@router.patch("/users/{user_id}/deactivate", operation_id="deactivate_user", responses=problem_responses(404, 409))
async def deactivate_user(context: AdminContext, user_id: AccountId, services: ServicesDep) -> UserResponse:
    """Suspend an account. Its tokens and its devices' keys stop working immediately."""
    return UserResponse.of(await services.accounts.set_active(context, user_id, active=False))


@router.patch("/users/{user_id}/activate", operation_id="activate_user", responses=problem_responses(404))
async def activate_user(context: AdminContext, user_id: AccountId, services: ServicesDep) -> UserResponse:
    """Reactivate a suspended account. Its tokens and its devices' keys work again."""
    return UserResponse.of(await services.accounts.set_active(context, user_id, active=True))


@router.delete("/users/{user_id}", status_code=204, operation_id="delete_user", responses=problem_responses(404, 409))
async def delete_user(context: AdminContext, user_id: AccountId, services: ServicesDep) -> None:
    """Delete an account, its devices, groups and telemetry. Its events are kept, without names and addresses."""
    await services.accounts.delete(context, user_id)
