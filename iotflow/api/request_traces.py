"""Middleware that traces each request as a span, of which the calls of stores are children."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotflow import tracing
from iotflow.api.middleware import CLIENT_LEFT, route_template

TRACE_HEADERS = (b"traceparent", b"tracestate")
SERVER_ERROR = 500


class RequestTraces:
    """Middleware for a service with traces. It needs the request id, so it is inside `RequestLogging`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not tracing.is_active():
            await self._app(scope, receive, send)
            return
        status = CLIENT_LEFT

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        sent = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in TRACE_HEADERS}
        with tracing.request_span(scope["method"], sent) as span:
            scope["state"]["trace_id"] = f"{span.get_span_context().trace_id:032x}"
            try:
                await self._app(scope, receive, send_and_record)
            finally:
                route = route_template(scope)
                span.update_name(f"{scope['method']} {route}")
                span.set_attributes(
                    {
                        "http.request.method": scope["method"],
                        "http.route": route,
                        "http.response.status_code": status,
                        "iotflow.request_id": scope["state"]["request_id"],
                    }
                )
                if status >= SERVER_ERROR:
                    span.set_attribute("error.type", str(status))
