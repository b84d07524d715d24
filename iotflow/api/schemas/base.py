"""Base classes of request and response bodies, and the fields that all lists share."""

from typing import Annotated, Any

from pydantic import MISSING, BaseModel, ConfigDict, Field

SCHEMA_REFERENCE = "#/components/schemas/{model}"


class RequestModel(BaseModel):
    """A request body: strict types, unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PartialUpdate(RequestModel):
    """A partial update. Absent fields, which are MISSING, keep their values; null clears a field."""

    def given(self) -> dict[str, Any]:  # Any: each field's own type
        """Return the fields that the client sent, in the order of the model."""
        return {name: value for name, value in self if value is not MISSING}


def example(**fields: Any) -> ConfigDict:  # Any: each field's own type
    """Return the configuration that documents an example body."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class ResponseModel(BaseModel):
    """A response body, readable from the attributes of a domain object."""

    model_config = ConfigDict(from_attributes=True)


class PageInfo(ResponseModel):
    """The position of a page within its list."""

    total: int = Field(description="Items in the whole list.", examples=[1])
    limit: int = Field(description="Maximum items per page.", examples=[100])
    offset: int = Field(description="Items skipped.", examples=[0])


NextCursor = Annotated[
    str | None, Field(description="Cursor of the next page; null on the last page.", examples=[None])
]
