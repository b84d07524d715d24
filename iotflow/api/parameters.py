"""Path and query parameters that several routes share, and their parsing."""

import re
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query
from starlette.datastructures import QueryParams

from iotflow.api.auth import SelfOrAdminContext
from iotflow.api.schemas.fields import TextRule
from iotflow.api.schemas.telemetry import NAMES_PATTERN
from iotflow.domain.devices import MAX_ID
from iotflow.domain.errors import InvalidInput
from iotflow.domain.names import normalize
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.telemetry import MAX_NAMES_PER_DEVICE, name_error

_USER_REFERENCE = "(me|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"
REPEATABLE = frozenset({"fields"})
"""Query parameters that may be given several times: their values add up."""


def join_repeated(query: QueryParams) -> dict[str, str]:
    """Return the parameters of a query, with the values of a repeated one joined by commas."""
    return {name: ",".join(query.getlist(name)) for name in query}


def parse_user_reference(reference: str, caller: UserPrincipal) -> UUID:
    """Return the user id of a reference, which is an id or `me`. Raises ValueError for anything else."""
    return caller.user_id if reference == "me" else UUID(reference)


def _reference_error(reference: str) -> str | None:
    return None if re.fullmatch(_USER_REFERENCE, reference) else "expected `me` or the id of a user, a UUID"


def parse_names(fields: str | None) -> list[str] | None:
    """Return the distinct measurement names of the parameter `fields`, in normal form C; None for all.

    Raises InvalidInput.
    """
    if fields is None:
        return None
    names = list(dict.fromkeys(normalize(fields).split(",")))
    if len(names) > MAX_NAMES_PER_DEVICE:
        raise InvalidInput.at("query", "fields", message=f"a device has at most {MAX_NAMES_PER_DEVICE} names")
    for name in names:
        if error := name_error(name):
            raise InvalidInput.at("query", "fields", message=error)
    return names


_REFERENCE_RULE = TextRule(_reference_error, {"pattern": f"^{_USER_REFERENCE}$"})


async def _account_id(
    context: SelfOrAdminContext,
    user_id: Annotated[
        str, _REFERENCE_RULE, Path(description="Id of a user, or `me` for the caller.", examples=["me"])
    ],
) -> UUID:
    return parse_user_reference(user_id, context.principal)


UserReference = Annotated[
    str, _REFERENCE_RULE, Query(description="Only items of this user; `me` is the caller.", examples=["me"])
]
AccountId = Annotated[UUID, Depends(_account_id)]
DeviceId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of a device.", examples=[1])]
NamesParameter = Annotated[
    str,
    Query(
        description="Comma-separated measurement names; all by default. May be repeated.",
        json_schema_extra={"pattern": NAMES_PATTERN},
    ),
]
"""The text that `parse_names` parses."""
Order = Annotated[
    Literal["asc", "desc"],
    Query(description="Order by time: `asc` returns the oldest records first, `desc` the newest."),
]
Cursor = Annotated[str | None, Query(description="The previous page's `next_cursor`; continues that request.")]
TokenId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of a personal access token.", examples=[1])]
ConfigVersionNumber = Annotated[int, Path(ge=1, le=MAX_ID, description="Version of a device's config.", examples=[1])]
GroupId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of a group.", examples=[1])]
RuleId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of an alert rule.", examples=[1])]
ReportId = Annotated[UUID, Path(description="Id of a report.", examples=["0b6f6d0e-9637-4bd6-8054-2b3ba810c016"])]
AlertId = Annotated[UUID, Path(description="Id of an alert.", examples=["7d4648ac-9637-5bd6-8054-2b3ba810c016"])]
WebhookId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of a webhook.", examples=[1])]
DeliveryId = Annotated[UUID, Path(description="Id of a delivery.", examples=["f2f4c9b1-3d0e-5b0c-9c5e-6a1d7c0e4b12"])]
