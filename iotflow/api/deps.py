"""What routes are given: services and repositories of the running app, and facts of the request."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Path, Query, Request

from iotflow.api.access import AccountOrAdmin
from iotflow.api.state import AppState, app_state
from iotflow.clock import Clock
from iotflow.domain.devices import MAX_ID
from iotflow.domain.principals import UserPrincipal
from iotflow.repositories.events import EventRepository
from iotflow.services.accounts import Accounts
from iotflow.services.authentication import Authentication
from iotflow.services.devices import Devices
from iotflow.services.feed import Feed
from iotflow.services.groups import Groups
from iotflow.services.health import HealthCheck
from iotflow.services.history import History
from iotflow.services.ingest import Ingest
from iotflow.services.statistics import StatisticsReader

T = TypeVar("T")

USER_REFERENCE = r"^(me|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$"


def _given(pick: Callable[[AppState], T]) -> Callable[[Request], Awaitable[T]]:
    async def dependency(request: Request) -> T:
        return pick(app_state(request))

    return dependency


async def _request_id(request: Request) -> str:
    request_id: str = request.scope["state"]["request_id"]
    return request_id


def account_of(reference: str, caller: UserPrincipal) -> UUID:
    """The account that a reference means: a user's id, or `me`. Raises ValueError for anything else."""
    return caller.user_id if reference == "me" else UUID(reference)


async def _account_id(
    caller: AccountOrAdmin,
    user_id: Annotated[
        str, Path(pattern=USER_REFERENCE, description="A user's id, or `me` for the caller's own.", examples=["me"])
    ],
) -> UUID:
    return account_of(user_id, caller)


StateDep = Annotated[AppState, Depends(_given(lambda state: state))]
ClockDep = Annotated[Clock, Depends(_given(lambda state: state.clock))]
AuthenticationDep = Annotated[Authentication, Depends(_given(lambda state: state.authentication))]
AccountsDep = Annotated[Accounts, Depends(_given(lambda state: state.accounts))]
DevicesDep = Annotated[Devices, Depends(_given(lambda state: state.devices))]
GroupsDep = Annotated[Groups, Depends(_given(lambda state: state.groups))]
IngestDep = Annotated[Ingest, Depends(_given(lambda state: state.ingest))]
HistoryDep = Annotated[History, Depends(_given(lambda state: state.history))]
FeedDep = Annotated[Feed, Depends(_given(lambda state: state.feed))]
EventsDep = Annotated[EventRepository, Depends(_given(lambda state: state.events))]
StatisticsDep = Annotated[StatisticsReader, Depends(_given(lambda state: state.statistics))]
HealthDep = Annotated[HealthCheck, Depends(_given(lambda state: state.health))]
RequestId = Annotated[str, Depends(_request_id)]
UserReference = Annotated[
    str, Query(pattern=USER_REFERENCE, description="Of this user alone; `me` is the caller.", examples=["me"])
]
AccountId = Annotated[UUID, Depends(_account_id)]
DeviceId = Annotated[int, Path(ge=1, le=MAX_ID, description="A device's id.", examples=[1])]
GroupId = Annotated[int, Path(ge=1, le=MAX_ID, description="A group's id.", examples=[1])]
