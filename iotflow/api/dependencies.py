"""FastAPI dependencies: the state, services and clock of the running app."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from iotflow.api.bodies import BodiesInFlight
from iotflow.clock import Clock
from iotflow.services.container import Services
from iotflow.settings import Settings


@dataclass(frozen=True, slots=True)
class AppState:
    """The state of one running app."""

    settings: Settings
    clock: Clock
    started_at_s: float
    services: Services
    bodies_in_flight: BodiesInFlight


def app_state(request: Request) -> AppState:
    """Return the state of the app that serves the request."""
    state: AppState = request.scope["state"]["app"]
    return state


async def get_app_state(request: Request) -> AppState:
    """Return the state of the app, as a dependency."""
    return app_state(request)


async def get_services(request: Request) -> Services:
    """Return the services of the app; override it to inject others."""
    return app_state(request).services


async def get_clock(request: Request) -> Clock:
    """Return the clock of the app."""
    return app_state(request).clock


AppStateDep = Annotated[AppState, Depends(get_app_state)]
ServicesDep = Annotated[Services, Depends(get_services)]
ClockDep = Annotated[Clock, Depends(get_clock)]
