"""The app: routes, middleware, and a lifespan that opens and closes stores, services and background work."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import Lifespan

import iotflow
from iotflow import tracing
from iotflow.api import docs, openapi, problems
from iotflow.api.bodies import BodiesInFlight
from iotflow.api.compiled.routes import CompiledRoutes
from iotflow.api.compression import Compression
from iotflow.api.dependencies import AppState
from iotflow.api.fastapi_compat import add_routes
from iotflow.api.forwarded import Forwarded
from iotflow.api.middleware import Cors, HeadRequests, RequestLogging
from iotflow.api.request_traces import RequestTraces
from iotflow.api.routers import (
    admin,
    alert_rules,
    alerts,
    analytics,
    auth,
    batches,
    device_self,
    devices,
    events,
    groups,
    health,
    metadata,
    metrics,
    personal_tokens,
    preferences,
    reports,
    stream,
    submission,
    telemetry,
    users,
    webhooks,
)
from iotflow.background.composition import flush_at_shutdown, start_background_work, start_sampling
from iotflow.background.supervisor import Supervisor
from iotflow.clock import Clock, SystemClock
from iotflow.composition import open_stores
from iotflow.logs import batched_lines
from iotflow.services.container import build_services
from iotflow.settings import Settings


class LifespanState(TypedDict):
    """The lifespan's state, part of each request's scope."""

    app: AppState


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """Return an app. `clock` None: the host's clock.

    Stores open when the lifespan begins. Several apps may run in one process.
    """
    app: FastAPI = FastAPIOffline(
        title="IoTFlow",
        version=iotflow.__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        static_url=docs.STATIC_PATH,
        lifespan=_lifespan(settings, clock or SystemClock()),
        redirect_slashes=False,
        separate_input_output_schemas=False,
        # Otherwise FastAPI looks for providers of OpenTelemetry in the environment at each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    accounts = (auth, users, personal_tokens, preferences)
    of_devices = (submission, telemetry, batches, device_self, devices, metadata, groups)
    of_alerts = (alert_rules, alerts, webhooks, stream)
    for module in (*of_devices, *accounts, *of_alerts, admin, analytics, reports, events, health):
        add_routes(app, module.router)
    if settings.metrics_token:
        add_routes(app, metrics.router)
    problems.install(app)
    openapi.install(app)
    add_routes(app, docs.router)
    app.add_middleware(CompiledRoutes, fastapi=app)
    app.add_middleware(Compression)
    app.add_middleware(HeadRequests)
    if settings.cors_origins:
        app.add_middleware(
            Cors,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key", "X-Request-ID"],
            expose_headers=["Link", "X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy"],
        )
    if tracing.requested_by():
        app.add_middleware(RequestTraces)
    app.add_middleware(RequestLogging)
    app.add_middleware(Forwarded, trusted=settings.trusted_proxies)
    return app


def _lifespan(settings: Settings, clock: Clock) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[LifespanState]:
        async with AsyncExitStack() as stack:
            stack.enter_context(batched_lines())
            await stack.enter_async_context(tracing.exported_traces())
            stores = await stack.enter_async_context(open_stores(settings, clock))
            services = build_services(stores, settings, clock)
            stack.push_async_callback(flush_at_shutdown, stores, services, clock)
            stack.push_async_callback(services.close)
            supervisor = await stack.enter_async_context(Supervisor())
            start_background_work(supervisor, stores, services, clock)
            if settings.exposes_metrics:
                start_sampling(supervisor, stores)
            bodies_in_flight = BodiesInFlight(settings.max_body_bytes_in_flight)
            yield {"app": AppState(settings, clock, time.monotonic(), services, bodies_in_flight)}

    return lifespan
