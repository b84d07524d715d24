"""Bodies about personal access tokens."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field

from iotflow.api.schemas.base import PageInfo, RequestModel, ResponseModel, example
from iotflow.api.schemas.fields import InputTime, Timestamp, VisibleName
from iotflow.domain import personal_tokens as domain
from iotflow.domain.personal_tokens import TokenScope, scopes_error
from iotflow.services.personal_tokens import PersonalTokenWithSecret as NewSecret


def _check_scopes(scopes: list[TokenScope]) -> list[TokenScope]:
    if error := scopes_error(scopes):
        raise ValueError(error)
    return scopes


Scopes = Annotated[
    list[Annotated[TokenScope, Field(strict=False)]],
    Field(
        min_length=1,
        max_length=len(TokenScope),
        description="What the token permits, each scope once: `read` all reads of the user's data, `write` changes of "
        "devices, configs and groups and deletions of telemetry, `telemetry` submissions on behalf of devices.",
        examples=[["read"]],
    ),
    AfterValidator(_check_scopes),
]


class PersonalToken(ResponseModel):
    """A personal access token, without its secret."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["nightly export"])
    scopes: list[TokenScope] = Field(examples=[["read"]])
    prefix: str = Field(description="The start of the secret, to distinguish tokens.", examples=["iotp_8fK2xQ"])
    created_at: Timestamp
    expires_at: Timestamp | None = Field(description="Null: the token does not expire.")
    last_used_at: Timestamp | None = Field(
        description="Time of the latest use; null before the first. It may lag by 30 s."
    )


class PersonalTokenWithSecret(ResponseModel):
    """A new personal access token and its secret."""

    token: PersonalToken
    secret: str = Field(
        description="Send it as `Authorization: Bearer <secret>`. Shown only once: the service stores its hash.",
        examples=["iotp_…"],
    )

    @classmethod
    def of(cls, new: NewSecret) -> Self:
        """Return the response that describes a new token."""
        return cls(token=PersonalToken.model_validate(new.token), secret=new.secret)


class PersonalTokenList(ResponseModel):
    """A page of an account's personal access tokens."""

    tokens: list[PersonalToken]
    meta: PageInfo


class PersonalTokenCreate(RequestModel):
    """A personal access token to create."""

    model_config = example(name="nightly export", scopes=["read"])

    name: VisibleName = Field(examples=["nightly export"])
    scopes: Scopes
    expires_at: InputTime | None = Field(
        None, description="When the token expires, at most ten years ahead; null or absent: never."
    )

    def new_token(self) -> domain.NewPersonalToken:
        """Return the fields as the service takes them."""
        return domain.NewPersonalToken(self.name, tuple(self.scopes), self.expires_at)
