"""The app: routers and middleware, and a lifespan that opens and closes all that they use."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TypedDict

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import Lifespan

import iotflow
from iotflow.api import openapi, pages, problems
from iotflow.api.bodies import BodiesInFlight
from iotflow.api.forwarded import Forwarded
from iotflow.api.middleware import Cors, RequestContext
from iotflow.api.routers import admin, auth, batches, devices, events, groups, health, own_device, telemetry, users
from iotflow.api.state import AppState
from iotflow.bootstrap import Stores, open_stores
from iotflow.clock import Clock, SystemClock
from iotflow.completion import stopped
from iotflow.domain.errors import StoreUnavailable
from iotflow.services.accounts import Accounts
from iotflow.services.activity import ActivityCounter
from iotflow.services.authentication import Authentication
from iotflow.services.bulk_reads import BulkReads
from iotflow.services.devices import Devices
from iotflow.services.feed import Feed
from iotflow.services.groups import Groups
from iotflow.services.health import HealthCheck
from iotflow.services.history import History
from iotflow.services.ingest import Ingest
from iotflow.services.login_throttle import LoginThrottle
from iotflow.services.passwords import Passwords
from iotflow.services.purge import Purge
from iotflow.services.relay import Relay
from iotflow.services.request_limits import RequestLimits
from iotflow.services.statistics import StatisticsReader
from iotflow.services.upkeep import clamp_future_times, flush_presence, repeat, sweep
from iotflow.settings import Settings

logger = logging.getLogger(__name__)

FLUSH_EVERY_S = 30
CLAMP_EVERY_S = 10.0
SWEEP_EVERY_S = 3_600.0
BEGIN_AGAIN_AFTER_S = 5.0


class LifespanState(TypedDict):
    """What requests find in their state."""

    app: AppState


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """An app of these settings. It opens nothing before its lifespan begins; many may run in one process."""
    app: FastAPI = FastAPIOffline(
        title="IoTFlow",
        version=iotflow.__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        static_url=pages.STATIC_PATH,
        lifespan=_lifespan(settings, clock or SystemClock()),
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    for module in (telemetry, batches, own_device, devices, groups, auth, users, admin, events, health):
        # An included router is asked twice for each request: whether it has the route, and again which one that is.
        app.router.routes += module.routes.routes
    problems.install(app)
    openapi.install(app)
    pages.install(app)
    if settings.cors_origins:
        app.add_middleware(
            Cors,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy"],
        )
    app.add_middleware(RequestContext)
    app.add_middleware(Forwarded, trusted=settings.trusted_proxies)
    return app


def _lifespan(settings: Settings, clock: Clock) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[LifespanState]:
        async with AsyncExitStack() as stack:
            stores = await stack.enter_async_context(open_stores(settings, clock))
            passwords = Passwords()
            stack.callback(passwords.close)
            activity = ActivityCounter(stores.activity, clock)
            state = _state(settings, clock, stores, passwords, activity)
            stack.push_async_callback(_flush_at_last, stores, activity, clock)
            stack.push_async_callback(state.ingest.close)
            for work in _background_work(stores, clock, activity):
                task = asyncio.create_task(_keep_doing(work))
                stack.push_async_callback(stopped, task)
            yield {"app": state}

    return lifespan


def _state(
    settings: Settings, clock: Clock, stores: Stores, passwords: Passwords, activity: ActivityCounter
) -> AppState:
    transactions = stores.transactions
    bulk_reads = BulkReads()
    throttle = LoginThrottle(stores.rate_limiter, settings.login_limits)
    request_limits = RequestLimits(stores.rate_limiter, settings.rates)
    return AppState(
        settings=settings,
        clock=clock,
        started_at_s=time.monotonic(),
        authentication=Authentication(
            transactions,
            stores.principals,
            stores.presence,
            throttle,
            request_limits,
            stores.counters,
            passwords,
            clock,
            token_lifetime_s=settings.token_lifetime,
        ),
        accounts=Accounts(transactions, stores.principals, throttle, passwords, clock),
        devices=Devices(
            transactions,
            stores.principals,
            stores.presence,
            clock,
            online_window_s=settings.online_window,
            max_devices_per_account=settings.max_devices_per_account,
        ),
        groups=Groups(transactions, stores.presence, bulk_reads, clock),
        ingest=Ingest(
            transactions,
            stores.telemetry,
            stores.latest,
            stores.principals,
            activity,
            clock,
            retention_days=settings.retention_days,
        ),
        history=History(
            transactions, stores.telemetry, stores.latest, stores.principals, stores.counters, bulk_reads, clock
        ),
        feed=Feed(transactions, stores.telemetry, bulk_reads),
        events=stores.events,
        statistics=StatisticsReader(
            transactions,
            stores.presence,
            activity,
            stores.counters,
            clock,
            online_window_s=settings.online_window,
        ),
        health=HealthCheck(stores.probes),
        request_limits=request_limits,
        bodies_in_flight=BodiesInFlight(settings.max_body_bytes_in_flight),
    )


def _background_work(
    stores: Stores, clock: Clock, activity: ActivityCounter
) -> list[Callable[[], Coroutine[None, None, None]]]:
    purge = Purge(stores.telemetry, stores.latest, stores.presence, stores.activity)
    relay = Relay(stores.transactions, stores.events, purge, stores.principals, clock)
    swept = partial(sweep, stores.sweepers, stores.transactions, clock)
    return [
        *(consumer.run for consumer in relay.consumers),
        partial(repeat, "the flush of presence and activity", partial(_flush, stores, activity, clock), FLUSH_EVERY_S),
        partial(
            repeat, "the clamp of future times", partial(clamp_future_times, stores.transactions, clock), CLAMP_EVERY_S
        ),
        partial(repeat, "the sweep of expired data", swept, SWEEP_EVERY_S),
    ]


async def _flush(stores: Stores, activity: ActivityCounter, clock: Clock) -> None:
    await flush_presence(stores.presence, stores.transactions, clock)
    await activity.flush()


async def _flush_at_last(stores: Stores, activity: ActivityCounter, clock: Clock) -> None:
    try:
        await _flush(stores, activity, clock)
    except StoreUnavailable as error:
        logger.warning("presence and activity of the last seconds are lost, no store takes them: %s", error)


async def _keep_doing(work: Callable[[], Coroutine[None, None, None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            # A defect in one round must not end events, purges and flushes for as long as the service runs.
            logger.exception("background work failed: it begins again in %.0f s", BEGIN_AGAIN_AFTER_S)
        await asyncio.sleep(BEGIN_AGAIN_AFTER_S)
