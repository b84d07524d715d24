"""Routes for registration, login and logout."""

from typing import Annotated, Literal

from fastapi import Form
from pydantic import BaseModel, ConfigDict, Field, field_validator

from iotflow.api.auth import LoggedInUserContext, LoginContext, RegistrationContext
from iotflow.api.dependencies import ServicesDep
from iotflow.api.routing import api_router, problem_responses
from iotflow.api.schemas.accounts import Credentials, TokenResponse, UserCreate, UserResponse
from iotflow.api.schemas.fields import NORMALIZED, text
from iotflow.domain.telemetry import NULL_CHARACTER_ERROR

router = api_router("Authentication")


class PasswordForm(BaseModel):
    """The form of OAuth 2.0's password grant (RFC 6749, section 4.3.2), which Authorize in `/docs` sends."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, text(254), NORMALIZED, Field(description="Username or email address.", examples=["ada"])]
    password: Annotated[
        str, text(1_000), NORMALIZED, Field(json_schema_extra={"format": "password"}, examples=["correct horse"])
    ]
    grant_type: Literal["password"] = "password"
    scope: str = Field("", max_length=1_000, description="Ignored: a token has all rights of its user.")
    client_id: str | None = Field(None, max_length=1_000, description="Ignored: clients are not registered.")
    client_secret: str | None = Field(None, max_length=1_000, description="Ignored: clients are not registered.")

    @field_validator("*")
    @classmethod
    def _check_null_characters(cls, value: str | None) -> str | None:
        if value and "\0" in value:
            raise ValueError(NULL_CHARACTER_ERROR)
        return value


@router.post("/auth/register", status_code=201, operation_id="register_user", responses=problem_responses(409))
async def register_user(context: RegistrationContext, body: UserCreate, services: ServicesDep) -> UserResponse:
    """Create an account. Requires an administrator's token if registration is closed."""
    user = await services.accounts.register(context, body.username, body.email, body.password)
    return UserResponse.of(user)


@router.post("/auth/login", operation_id="login")
async def login(context: LoginContext, body: Credentials, services: ServicesDep) -> TokenResponse:
    """Log in. Returns an access token for a username or email address and its password."""
    return TokenResponse.of(await services.authentication.login(context, body.username, body.password))


@router.post("/auth/token", operation_id="login_with_form")
async def login_with_form(
    context: LoginContext,
    form: Annotated[PasswordForm, Form()],
    services: ServicesDep,
) -> TokenResponse:
    """Log in with the OAuth 2.0 password form. Used by Authorize in `/docs`."""
    return TokenResponse.of(await services.authentication.login(context, form.username, form.password))


@router.post("/auth/logout", status_code=204, operation_id="logout")
async def logout(context: LoggedInUserContext, services: ServicesDep) -> None:
    """Log out. Revokes the access token of the request."""
    await services.authentication.logout(context)
