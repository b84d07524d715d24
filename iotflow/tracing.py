"""Traces for OpenTelemetry: a span for each request, and one for each call of a store.

OpenTelemetry is imported only if its endpoint is set; its own variables configure the exporter and the sampler
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING

import iotflow

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
LAST_EXPORT_TIMEOUT_MS = 3_000
"""Time for the spans that wait at shutdown; the receiver may be unavailable."""

_tracer: "Tracer | None" = None


def requested_by() -> str | None:
    """Return the variable that requests traces; None if none is set."""
    return next((name for name in ENDPOINTS if os.environ.get(name)), None)


def is_installed() -> bool:
    """Return whether the packages of the extra `iotflow[tracing]` are installed."""
    try:
        return all(map(find_spec, ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")))
    except ModuleNotFoundError:
        return False


def is_active() -> bool:
    """Return whether spans are exported now."""
    return _tracer is not None


def span(name: str) -> AbstractContextManager[object]:
    """Return a child of the current span as a block; a block without effect while nothing is traced."""
    return nullcontext() if _tracer is None else _tracer.start_as_current_span(name)


@contextmanager
def request_span(name: str, headers: Mapping[str, str]) -> "Iterator[Span]":
    """Trace a request as a block, below the span that its `traceparent` names, if it has one (W3C Trace Context)."""
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    assert _tracer is not None  # the caller has checked `is_active`
    parent = TraceContextTextMapPropagator().extract(headers)
    with _tracer.start_as_current_span(name, context=parent, kind=SpanKind.SERVER) as opened:
        yield opened


@asynccontextmanager
async def exported_traces() -> AsyncIterator[None]:
    """Export spans during a block, if a variable requests it."""
    global _tracer
    if requested_by() is None:
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "iotflow"}
    resource = Resource.create({**name, "service.version": iotflow.__version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    before, _tracer = _tracer, provider.get_tracer("iotflow", iotflow.__version__)
    try:
        yield
    finally:
        _tracer = before
        await asyncio.to_thread(provider.force_flush, LAST_EXPORT_TIMEOUT_MS)
        await asyncio.to_thread(provider.shutdown)
