"""What routes are given: services and repositories of the running app, and facts of the request."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from iotflow.api.access import AccountOrAdmin
from iotflow.api.state import AppState, app_state
from iotflow.clock import Clock
from iotflow.domain.devices import MAX_ID
from iotflow.repositories.events import EventRepository
from iotflow.services.accounts import Accounts
from iotflow.services.authentication import Authentication
from iotflow.services.devices import Devices
from iotflow.services.groups import Groups
from iotflow.services.health import HealthCheck
from iotflow.services.history import History
from iotflow.services.ingest import Ingest
from iotflow.services.statistics import StatisticsReader

USER_REFERENCE = r"^(me|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$"


async def _state(request: Request) -> AppState:
    return app_state(request)


async def _clock(request: Request) -> Clock:
    return app_state(request).clock


async def _authentication(request: Request) -> Authentication:
    return app_state(request).authentication


async def _accounts(request: Request) -> Accounts:
    return app_state(request).accounts


async def _devices(request: Request) -> Devices:
    return app_state(request).devices


async def _groups(request: Request) -> Groups:
    return app_state(request).groups


async def _ingest(request: Request) -> Ingest:
    return app_state(request).ingest


async def _history(request: Request) -> History:
    return app_state(request).history


async def _events(request: Request) -> EventRepository:
    return app_state(request).events


async def _statistics(request: Request) -> StatisticsReader:
    return app_state(request).statistics


async def _health(request: Request) -> HealthCheck:
    return app_state(request).health


async def _request_id(request: Request) -> str:
    request_id: str = request.state.request_id
    return request_id


async def _account_id(
    caller: AccountOrAdmin,
    user_id: Annotated[
        str, Path(pattern=USER_REFERENCE, description="A user's id, or `me` for the caller's own.", examples=["me"])
    ],
) -> UUID:
    return caller.user_id if user_id == "me" else UUID(user_id)


StateDep = Annotated[AppState, Depends(_state)]
ClockDep = Annotated[Clock, Depends(_clock)]
AuthenticationDep = Annotated[Authentication, Depends(_authentication)]
AccountsDep = Annotated[Accounts, Depends(_accounts)]
DevicesDep = Annotated[Devices, Depends(_devices)]
GroupsDep = Annotated[Groups, Depends(_groups)]
IngestDep = Annotated[Ingest, Depends(_ingest)]
HistoryDep = Annotated[History, Depends(_history)]
EventsDep = Annotated[EventRepository, Depends(_events)]
StatisticsDep = Annotated[StatisticsReader, Depends(_statistics)]
HealthDep = Annotated[HealthCheck, Depends(_health)]
RequestId = Annotated[str, Depends(_request_id)]
AccountId = Annotated[UUID, Depends(_account_id)]
DeviceId = Annotated[int, Path(ge=1, le=MAX_ID, description="A device's id.", examples=[1])]
GroupId = Annotated[int, Path(ge=1, le=MAX_ID, description="A group's id.", examples=[1])]
