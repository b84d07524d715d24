"""Traces, as a receiver of OTLP over HTTP gets them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from iotflow import tracing
from iotflow.settings import Settings
from tests.api.clients import new_device, sign_up, submit
from tests.api.service import run_service
from tests.clock import FakeClock

PARENT_TRACE, PARENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass
class Receiver:
    """A receiver of spans. `resources` are the attributes of their senders."""

    url: str
    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)

    def receive(self, body: bytes) -> None:
        for found in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append({each.key: each.value.string_value for each in found.resource.attributes})
            self.spans += [span for scope in found.scope_spans for span in scope.spans]


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, receiver: Receiver, *arguments: object) -> None:
        self._receiver = receiver
        super().__init__(*arguments)  # type: ignore[arg-type]  # socketserver's own arguments

    def do_POST(self) -> None:
        self._receiver.receive(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    receiver = Receiver("")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, receiver)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield receiver
        server.shutdown()
        thread.join()


def attributes(span: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@pytest.fixture
async def spans(receiver: Receiver, embedded_settings: Settings, clock: FakeClock) -> list[Span]:
    """The spans of a service that has stored a record whose sender is part of a trace, and has ended."""
    async with run_service(embedded_settings, clock) as service, service.client() as client:
        device = await new_device(await sign_up(client, "ada"))
        await submit(device, a=1)
        headers = {"traceparent": f"00-{PARENT_TRACE}-{PARENT_SPAN}-01", "X-Request-ID": "the-request"}
        await device.post("/telemetry", {"data": {"a": 2}}, headers=headers)
    return receiver.spans


async def test_a_request_continues_its_clients_trace(spans: list[Span], receiver: Receiver) -> None:
    (request,) = (span for span in spans if span.parent_span_id.hex() == PARENT_SPAN)
    assert request.trace_id.hex() == PARENT_TRACE
    assert (request.name, request.kind) == ("POST /api/v1/telemetry", Span.SPAN_KIND_SERVER)
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/telemetry",
        "http.response.status_code": 201,
        "iotflow.request_id": "the-request",
    }
    assert {resource["service.name"] for resource in receiver.resources} == {"iotflow"}


async def test_calls_of_stores_are_children_of_their_request(spans: list[Span]) -> None:
    requests = {span.span_id: span for span in spans if span.kind == Span.SPAN_KIND_SERVER}
    (write,) = (span for span in spans if span.name == "telemetry.write" and span.trace_id.hex() == PARENT_TRACE)
    assert attributes(requests[write.parent_span_id])["iotflow.request_id"] == "the-request"
    registrations = [span for span in requests.values() if span.name == "POST /api/v1/devices/register"]
    assert any(span.name == "transactions.write" and span.parent_span_id == registrations[0].span_id for span in spans)


async def test_log_lines_have_the_trace_id(
    receiver: Receiver, embedded_settings: Settings, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with run_service(embedded_settings, clock) as service, service.client("") as client:
        await client.get("/health/live", headers={"traceparent": f"00-{PARENT_TRACE}-{PARENT_SPAN}-01"})
    assert [record.fields["trace_id"] for record in caplog.records if hasattr(record, "fields")] == [PARENT_TRACE]


async def test_nothing_is_traced_without_an_endpoint(
    embedded_settings: Settings, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with run_service(embedded_settings, clock) as service, service.client("") as client:
        assert not tracing.is_active()
        await client.get("/health/live", headers={"traceparent": f"00-{PARENT_TRACE}-{PARENT_SPAN}-01"})
    assert all("trace_id" not in record.fields for record in caplog.records if hasattr(record, "fields"))
