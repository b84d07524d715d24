"""The error format of all responses (RFC 9457)."""

from typing import Annotated

from pydantic import MISSING, BaseModel, Field, WithJsonSchema
from typing_extensions import TypeAliasType

LocationPart = TypeAliasType(
    "LocationPart",
    Annotated[
        str | int,
        WithJsonSchema(
            {"description": "A field's name (string) or an item's index (integer).", "examples": ["data", 3]}
        ),
    ],
)
"""A part of a field's path, documented without a type for the reason of `MeasuredValue`."""


class ProblemError(BaseModel):
    """One invalid field."""

    loc: list[LocationPart] = Field(description="Path to the field, outermost element first.")
    msg: str = Field(description="What is wrong with the field.")
    type: str = Field(description="Machine-readable kind of error.")


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:iotflow:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(description="HTTP status code.", ge=400, le=599, examples=[404])
    detail: str = Field(
        description="Explanation of this occurrence.", examples=["there is no device 7 among those that you may see"]
    )
    instance: str = Field(description="Path of the request.", examples=["/api/v1/devices/7"])
    request_id: str = Field(description="Id of the request, as in the `X-Request-ID` header and the service's log.")
    errors: list[ProblemError] | MISSING = Field(
        MISSING, description="On 422: one entry per invalid field. Never contains the value sent."
    )
