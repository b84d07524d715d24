"""Bodies about accounts and logins."""

from typing import Annotated, Literal, Self, cast
from uuid import UUID

from pydantic import MISSING, Field
from typing_extensions import TypeAliasType

from iotflow.api.schemas.base import PageInfo, PartialUpdate, RequestModel, ResponseModel, example
from iotflow.api.schemas.fields import NORMALIZED, Json, TextRule, Timestamp
from iotflow.domain import accounts as domain
from iotflow.domain.accounts import (
    EMAIL,
    MAX_EMAIL_LENGTH,
    MAX_PREFERENCES_BYTES,
    MAX_USERNAME_LENGTH,
    MIN_USERNAME_LENGTH,
    USERNAME,
    email_error,
    username_error,
)
from iotflow.services.accounts import ProfileChange
from iotflow.services.authentication import Login

Username = Annotated[
    str,
    TextRule(
        username_error,
        {"minLength": MIN_USERNAME_LENGTH, "maxLength": MAX_USERNAME_LENGTH, "pattern": f"^{USERNAME}$"},
    ),
    NORMALIZED,
    Field(examples=["ada"]),
]
UserPreferences = TypeAliasType(
    "UserPreferences",
    Annotated[
        Json,
        Field(description=f"Any JSON object of at most {MAX_PREFERENCES_BYTES} bytes.", examples=[{"theme": "dark"}]),
    ],
)
"""A user's preferences. Without a name their type would be named after each operation in generated clients."""
Email = Annotated[
    str,
    TextRule(email_error, {"maxLength": MAX_EMAIL_LENGTH, "pattern": f"^{EMAIL}$"}),
    Field(examples=["ada@example.org"]),
]
Password = Annotated[
    str,
    Field(min_length=10, max_length=1_000, json_schema_extra={"format": "password"}, examples=["correct horse"]),
    NORMALIZED,
]


class User(ResponseModel):
    """An account."""

    user_id: UUID = Field(examples=["0f8fad5b-d9cb-469f-a165-70867728950e"])
    username: str = Field(examples=["ada"])
    email: str = Field(examples=["ada@example.org"])
    is_active: bool = Field(description="False while the account is suspended.")
    is_admin: bool = Field(examples=[False])
    created_at: Timestamp
    updated_at: Timestamp
    last_login: Timestamp | None


class UserResponse(ResponseModel):
    """One account."""

    user: User

    @classmethod
    def of(cls, user: domain.User) -> Self:
        """Return the response that describes a user."""
        return cls(user=User.model_validate(user))


class UserList(ResponseModel):
    """A page of accounts."""

    users: list[User]
    meta: PageInfo


class UserCreate(RequestModel):
    """An account to create."""

    username: Username
    email: Email
    password: Password


class Credentials(RequestModel):
    """A login by username or email address."""

    username: Annotated[
        str,
        Field(min_length=1, max_length=254, examples=["ada"], description="Username or email address."),
        NORMALIZED,
    ]
    password: Annotated[
        str,
        Field(min_length=1, max_length=1_000, json_schema_extra={"format": "password"}, examples=["correct horse"]),
        NORMALIZED,
    ]


class TokenResponse(ResponseModel):
    """A new access token."""

    access_token: str = Field(
        description="Send it as `Authorization: Bearer <token>`. Shown only once: the service stores its hash."
    )
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Lifetime of the token in seconds.", examples=[86_400])
    user: User

    @classmethod
    def of(cls, login: Login) -> Self:
        """Return the response to a successful login."""
        return cls(
            access_token=login.access_token,
            token_type="bearer",  # noqa: S106  # the kind of token, no secret
            expires_in=login.expires_in_s,
            user=User.model_validate(login.user),
        )


class UserUpdate(PartialUpdate):
    """Changes of an account; absent fields keep their values."""

    model_config = example(email="ada@example.org")

    username: Username | MISSING = MISSING
    email: Email | MISSING = MISSING
    password: Password | MISSING = MISSING
    current_password: (
        Annotated[str, Field(max_length=1_000, json_schema_extra={"format": "password"}), NORMALIZED] | MISSING
    ) = Field(MISSING, description="Current password; required to change your own `password`.")
    revoke_tokens: bool | MISSING = Field(
        MISSING, description="True: also revoke the account's personal access tokens, with a new `password` or without."
    )
    is_admin: bool | MISSING = Field(MISSING, description="Whether the account is an administrator. Admins only.")

    def change(self) -> ProfileChange:
        """Return the fields that the client sent."""
        return cast("ProfileChange", self.given())
