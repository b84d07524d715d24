"""What the lifespan opened, as requests reach it."""

from dataclasses import dataclass

from fastapi import Request

from iotflow.api.bodies import BodiesInFlight
from iotflow.clock import Clock
from iotflow.repositories.events import EventRepository
from iotflow.services.accounts import Accounts
from iotflow.services.authentication import Authentication
from iotflow.services.devices import Devices
from iotflow.services.feed import Feed
from iotflow.services.groups import Groups
from iotflow.services.health import HealthCheck
from iotflow.services.history import History
from iotflow.services.ingest import Ingest
from iotflow.services.request_limits import RequestLimits
from iotflow.services.statistics import StatisticsReader
from iotflow.settings import Settings


@dataclass(frozen=True, slots=True)
class AppState:
    """The services and repositories of one running app."""

    settings: Settings
    clock: Clock
    started_at_s: float
    authentication: Authentication
    accounts: Accounts
    devices: Devices
    groups: Groups
    ingest: Ingest
    history: History
    feed: Feed
    events: EventRepository
    statistics: StatisticsReader
    health: HealthCheck
    request_limits: RequestLimits
    bodies_in_flight: BodiesInFlight


def app_state(request: Request) -> AppState:
    """The state of the app that serves the request."""
    state: AppState = request.scope["state"]["app"]
    return state
