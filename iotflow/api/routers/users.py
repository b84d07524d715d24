"""Accounts, as their owners and admins see them."""

from iotflow.api.access import AccountOrAdmin, Admin, Client
from iotflow.api.deps import AccountId, AccountsDep, RequestId
from iotflow.api.routes import problems, router
from iotflow.api.schemas.accounts import ProfileChangeBody, UserAnswer, UserList, UserView
from iotflow.api.schemas.common import Meta
from iotflow.api.schemas.lists import Limit, Offset
from iotflow.domain.accounts import User
from iotflow.services.accounts import ProfileChange

routes = router("Users")


@routes.get("/users", operation_id="list_users")
async def list_users(_: Admin, accounts: AccountsDep, limit: Limit = 100, offset: Offset = 0) -> UserList:
    """List all accounts. In the order of registration."""
    users, total = await accounts.page(limit, offset)
    views = [UserView.model_validate(user) for user in users]
    return UserList(users=views, meta=Meta(total=total, limit=limit, offset=offset))


@routes.get("/users/{user_id}", operation_id="get_user", responses=problems(404))
async def get_user(_: AccountOrAdmin, user_id: AccountId, accounts: AccountsDep) -> UserAnswer:
    """Get an account."""
    return _answer(await accounts.get(user_id))


@routes.put("/users/{user_id}", operation_id="update_user", responses=problems(404, 409, 429))
async def update_user(
    caller: AccountOrAdmin,
    user_id: AccountId,
    body: ProfileChangeBody,
    accounts: AccountsDep,
    request_id: RequestId,
    client: Client,
) -> UserAnswer:
    """Change an account. A new password ends all of its logins."""
    return _answer(await accounts.update(caller, user_id, ProfileChange(**body.given()), request_id, client))


@routes.patch("/users/{user_id}/deactivate", operation_id="deactivate_user", responses=problems(404, 409))
async def deactivate_user(
    caller: Admin, user_id: AccountId, accounts: AccountsDep, request_id: RequestId
) -> UserAnswer:
    """Suspend an account. Its tokens and its devices' keys stop working at once."""
    return _answer(await accounts.set_active(caller, user_id, request_id, active=False))


@routes.patch("/users/{user_id}/activate", operation_id="activate_user", responses=problems(404))
async def activate_user(caller: Admin, user_id: AccountId, accounts: AccountsDep, request_id: RequestId) -> UserAnswer:
    """End an account's suspension. Its tokens and its devices' keys work again."""
    return _answer(await accounts.set_active(caller, user_id, request_id, active=True))


@routes.delete("/users/{user_id}", status_code=204, operation_id="delete_user", responses=problems(404, 409))
async def delete_user(caller: Admin, user_id: AccountId, accounts: AccountsDep, request_id: RequestId) -> None:
    """Delete an account with its devices, groups and telemetry. Its events stay, without names and addresses."""
    await accounts.delete(caller, user_id, request_id)


def _answer(user: User) -> UserAnswer:
    return UserAnswer(user=UserView.model_validate(user))
