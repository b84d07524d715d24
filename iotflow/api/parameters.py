"""Path and query parameters that several routes share, and their parsing."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from iotflow.api.auth import SelfOrAdmin
from iotflow.api.schemas.telemetry import NAMES_PATTERN
from iotflow.domain.devices import MAX_ID
from iotflow.domain.errors import InvalidInput
from iotflow.domain.principals import UserPrincipal
from iotflow.domain.telemetry import MAX_NAMES_PER_DEVICE, name_error

USER_REFERENCE = r"^(me|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$"


def parse_user_reference(reference: str, caller: UserPrincipal) -> UUID:
    """Return the user id of a reference, which is an id or `me`. Raises ValueError for anything else."""
    return caller.user_id if reference == "me" else UUID(reference)


def parse_names(fields: str | None) -> list[str] | None:
    """Return the distinct measurement names of the parameter `fields`; None for all. Raises InvalidInput."""
    if fields is None:
        return None
    names = list(dict.fromkeys(fields.split(",")))
    if len(names) > MAX_NAMES_PER_DEVICE:
        raise InvalidInput.at("query", "fields", message=f"a device has at most {MAX_NAMES_PER_DEVICE} names")
    for name in names:
        if error := name_error(name):
            raise InvalidInput.at("query", "fields", message=error)
    return names


async def _account_id(
    context: SelfOrAdmin,
    user_id: Annotated[
        str, Path(pattern=USER_REFERENCE, description="Id of a user, or `me` for the caller.", examples=["me"])
    ],
) -> UUID:
    return parse_user_reference(user_id, context.principal)


UserReference = Annotated[
    str, Query(pattern=USER_REFERENCE, description="Only items of this user; `me` is the caller.", examples=["me"])
]
AccountId = Annotated[UUID, Depends(_account_id)]
DeviceId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of a device.", examples=[1])]
NamesParameter = Annotated[
    str,
    Query(
        description="Comma-separated measurement names; all by default.", json_schema_extra={"pattern": NAMES_PATTERN}
    ),
]
"""The text that `parse_names` parses."""
Cursor = Annotated[str | None, Query(description="The previous page's `next_cursor`; continues that request.")]
GroupId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of a group.", examples=[1])]
