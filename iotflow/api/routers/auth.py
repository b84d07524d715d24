"""Authentication: accounts are made, tokens given and ended."""

from typing import Annotated, Literal

from fastapi import Form
from pydantic import BaseModel, ConfigDict, Field, field_validator

from iotflow.api.access import Client, Registrar, User, Visitor
from iotflow.api.deps import AccountsDep, AuthenticationDep, RequestId
from iotflow.api.routes import problems, router
from iotflow.api.schemas.accounts import LoginBody, Registration, TokenAnswer, UserAnswer, UserView
from iotflow.api.schemas.common import text
from iotflow.services.authentication import Login

routes = router("Authentication")


class PasswordForm(BaseModel):
    """OAuth 2.0's password form (RFC 6749, section 4.3.2), so that Authorize in `/docs` works."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, text(254), Field(description="Name or address.", examples=["ada"])]
    password: Annotated[str, text(1_000), Field(json_schema_extra={"format": "password"}, examples=["correct horse"])]
    grant_type: Literal["password"] = "password"
    scope: str = Field("", max_length=1_000, description="Ignored: a token may do all that its user may.")
    client_id: str | None = Field(None, max_length=1_000, description="Ignored: there are no registered clients.")
    client_secret: str | None = Field(None, max_length=1_000, description="Ignored: there are no registered clients.")

    @field_validator("*")
    @classmethod
    def _has_no_null_character(cls, value: str | None) -> str | None:
        if value and "\0" in value:
            raise ValueError("text holds no null character")
        return value


@routes.post("/auth/register", status_code=201, operation_id="register_user", responses=problems(409))
async def register_user(
    caller: Registrar, body: Registration, accounts: AccountsDep, request_id: RequestId, client: Client
) -> UserAnswer:
    """Make an account. Where registration is closed, an admin's token is required."""
    user = await accounts.register(
        body.username, body.email, body.password, caller=caller, request_id=request_id, network=client
    )
    return UserAnswer(user=UserView.model_validate(user))


@routes.post("/auth/login", operation_id="login")
async def login(
    _: Visitor, client: Client, body: LoginBody, authentication: AuthenticationDep, request_id: RequestId
) -> TokenAnswer:
    """Log in. A name or address and a password give an access token."""
    return _token(await authentication.login(body.username, body.password, client, request_id))


@routes.post("/auth/token", operation_id="login_with_form")
async def login_with_form(
    _: Visitor,
    client: Client,
    form: Annotated[PasswordForm, Form()],
    authentication: AuthenticationDep,
    request_id: RequestId,
) -> TokenAnswer:
    """Log in with OAuth 2.0's password form. Authorize in `/docs` uses it."""
    return _token(await authentication.login(form.username, form.password, client, request_id))


@routes.post("/auth/logout", status_code=204, operation_id="logout")
async def logout(caller: User, authentication: AuthenticationDep, request_id: RequestId) -> None:
    """Log out. The token that the request came with ends."""
    await authentication.logout(caller, request_id)


def _token(login: Login) -> TokenAnswer:
    return TokenAnswer(
        access_token=login.access_token,
        token_type="bearer",  # noqa: S106  # the kind of token, no secret
        expires_in=login.expires_in_s,
        user=UserView.model_validate(login.user),
    )
