"""Bodies about accounts."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from iotflow.api.schemas.common import Answer, Body, Meta, PartialBody, Timestamp, example

USERNAME = r"^[A-Za-z0-9._-]+$"

# The rule of HTML's e-mail input (https://html.spec.whatwg.org/#valid-e-mail-address): what browsers take, and
# addresses of a home network too.
EMAIL = (
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$"
)

Username = Annotated[str, Field(min_length=3, max_length=64, pattern=USERNAME, examples=["ada"])]
Email = Annotated[str, Field(max_length=254, pattern=EMAIL, examples=["ada@example.org"])]
Password = Annotated[
    str, Field(min_length=10, max_length=1_000, json_schema_extra={"format": "password"}, examples=["correct horse"])
]


class UserView(Answer):
    """An account."""

    user_id: UUID = Field(examples=["0f8fad5b-d9cb-469f-a165-70867728950e"])
    username: str = Field(examples=["ada"])
    email: str = Field(examples=["ada@example.org"])
    is_active: bool
    is_admin: bool = Field(examples=[False])
    created_at: Timestamp
    updated_at: Timestamp
    last_login: Timestamp | None


class UserAnswer(Answer):
    """One account."""

    user: UserView


class UserList(Answer):
    """A page of accounts."""

    users: list[UserView]
    meta: Meta


class Registration(Body):
    """A new account."""

    username: Username
    email: Email
    password: Password


class LoginBody(Body):
    """A login, by name or address."""

    username: Annotated[str, Field(min_length=1, max_length=254, examples=["ada"], description="Name or address.")]
    password: Annotated[
        str,
        Field(min_length=1, max_length=1_000, json_schema_extra={"format": "password"}, examples=["correct horse"]),
    ]


class TokenAnswer(Answer):
    """A fresh token; it is shown this once."""

    access_token: str = Field(description="Send it as `Authorization: Bearer <token>`.")
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds.", examples=[86_400])
    user: UserView


class ProfileChangeBody(PartialBody):
    """What to change of an account."""

    model_config = example(email="ada@example.org")

    username: Username = Field(default_factory=str)
    email: Email = Field(default_factory=str)
    password: Password = Field(default_factory=str)
    current_password: str = Field(
        default_factory=str,
        max_length=1_000,
        json_schema_extra={"format": "password"},
        description="Required with `password` when it is the caller's own.",
    )
    is_admin: bool = Field(default_factory=bool, description="Admins only.")
