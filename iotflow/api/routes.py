"""How a route answers: first whether the caller may, then whether the body will do, then the endpoint.

FastAPI reads bodies before it asks for credentials, and takes NaN. A route class that does both first, over a `Request`
that holds the decoded body, is its documented way to change that.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response, params
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from iotflow import time_slices
from iotflow.api import bodies, json_bodies, openapi
from iotflow.api.access import Access
from iotflow.api.state import AppState, app_state
from iotflow.domain.errors import FieldError, InvalidInput
from iotflow.domain.telemetry import MAX_RECORDS_PER_BATCH
from iotflow.settings import Settings

JSON = "application/json"
NDJSON = "application/x-ndjson"
FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 65_536
"""The fields of the largest form, each character percent-encoded, take 52 KB."""


class _Digits(Convertor[str]):
    """A path segment of digits, of any length: validation answers 422 to a number past the limit."""

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return str(value)


register_url_convertor("digits", _Digits())


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:  # Any: FastAPI's type for `responses`
    """Documentation of problems that a route may answer with, beside those that its class knows of."""
    return {status: {"$ref": openapi.response_reference(status)} for status in statuses}


class _DecodedRequest(Request):
    """A request whose body was read and decoded already."""

    decoded: object = None

    async def json(self) -> Any:  # Any: Starlette's type for JSON
        return self.decoded


class ApiRoute(APIRoute):
    """A route of the API. It names one `Access` among its dependencies."""

    content_types: ClassVar[tuple[str, ...]] = (JSON,)
    takes_gzip: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: FastAPI's own two dozen parameters, passed on
        super().__init__(*args, **kwargs)
        calls = [dependency.call for dependency in self.dependant.dependencies]
        calls += [inner.call for dependency in self.dependant.dependencies for inner in dependency.dependencies]
        self._access = next(call for call in calls if isinstance(call, Access))
        self._takes_form = isinstance(self.body_field and self.body_field.field_info, params.Form)
        self._query_names = {param.alias for param in self.dependant.query_params}
        statuses = {422, 503, *self._access.refusals, *({408, 413, 415} if self.body_field else ())}
        documented = {**problems(*statuses), **self.responses}
        self.responses = dict(sorted(documented.items(), key=lambda item: str(item[0])))
        if self.summary is None:
            # What the docstring says first; the rest describes.
            self.summary, _, self.description = re.sub(r"\.\s+|\.$", "\0", self.description, count=1).partition("\0")
        if self._access.schemes:
            security: list[dict[str, list[str]]] = [{scheme: []} for scheme in self._access.schemes]
            self.openapi_extra = {**(self.openapi_extra or {}), "security": security}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def admit_then_handle(request: Request) -> Response:
            await self._access(request)
            prepared = _DecodedRequest(request.scope, request.receive)
            if not self.body_field:
                self._check_query(prepared)
                return await handle(prepared)
            address = request.client.host if request.client else "unknown"
            with app_state(request).bodies_in_flight.hold(address) as hold:
                await self._read_body(prepared, hold)
                self._check_query(prepared)
                return await handle(prepared)

        return admit_then_handle

    def body_limit(self, settings: Settings) -> int:
        """The largest body that the route takes, in bytes, unpacked."""
        return min(settings.max_body_bytes, MAX_FORM_BYTES) if self._takes_form else settings.max_body_bytes

    async def decode(self, body: bytearray, content_type: str, state: AppState) -> object:
        """What the endpoint is given for a body. Raises InvalidInput."""
        if len(body) > json_bodies.LARGE_BYTES:
            await time_slices.turn()
        return json_bodies.decode_json(body)

    async def _read_body(self, request: _DecodedRequest, hold: bodies.Hold) -> None:
        state = app_state(request)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        if has_body and content_type not in ((FORM,) if self._takes_form else self.content_types):
            expected = FORM if self._takes_form else " or ".join(self.content_types)
            raise HTTPException(415, f"the content type is {content_type[:100] or 'missing'!r}, expected {expected}")
        if has_body and encoding != "identity" and not (encoding == "gzip" and self.takes_gzip):
            raise HTTPException(415, f"the content encoding {encoding[:100]!r} is not taken here")
        limit, gzip = self.body_limit(state.settings), encoding == "gzip"
        body = await bodies.read(request, limit, hold, gzip=gzip)
        if gzip:
            body = await bodies.gunzip(body, limit, hold)
        if self._takes_form:
            if body.count(b"&") >= json_bodies.MAX_FIELDS:
                raise InvalidInput.at("body", message=f"a form has at most {json_bodies.MAX_FIELDS} fields")
            # Starlette's place for a body that was read; `form` takes it from there.
            request._body = bytes(body)
        else:
            # FastAPI only looks whether there is a body; it then asks for the decoded one.
            request._body = bytes(body[:1])
            if body:
                request.decoded = await self.decode(body, content_type, state)
                _tell_json(request)

    def _check_query(self, request: Request) -> None:
        if not request.scope["query_string"]:
            return
        if request.scope["query_string"].count(b"&") >= json_bodies.MAX_FIELDS:
            raise InvalidInput.at("query", message=f"a query has at most {json_bodies.MAX_FIELDS} parameters")
        expected = ", ".join(sorted(self._query_names)) or "none"
        errors = [
            FieldError(("query", name), f"unknown query parameter, expected {expected}", "extra_forbidden")
            for name in request.query_params
            if name not in self._query_names
        ]
        errors += [
            FieldError(("query", name), "text holds no null character", "null_character")
            for name, value in request.query_params.multi_items()
            if "\0" in value
        ]
        if errors:
            raise InvalidInput(errors)


class BatchRoute(ApiRoute):
    """A route that takes many records at once: as a JSON array or as NDJSON, packed or not."""

    content_types = (JSON, NDJSON)
    takes_gzip = True

    def body_limit(self, settings: Settings) -> int:
        return settings.max_batch_bytes

    async def decode(self, body: bytearray, content_type: str, state: AppState) -> list[memoryview]:
        """The records, each undecoded. A JSON array must be JSON as a whole; a line need not."""
        if len(body) > json_bodies.LARGE_BYTES:
            await time_slices.turn()
        if content_type == NDJSON:
            return json_bodies.split_lines(body, MAX_RECORDS_PER_BATCH)
        records = json_bodies.split_array(body, MAX_RECORDS_PER_BATCH)
        await json_bodies.check_items(records, state.settings.max_body_bytes)
        return records


def _tell_json(request: _DecodedRequest) -> None:
    """Have FastAPI, which looks at the content type, take NDJSON's values as the JSON array that they stand for."""
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
    request.scope["headers"] = [*headers, (b"content-type", JSON.encode())]
    request._headers = Headers(scope=request.scope)


def router(tag: str, route_class: type[ApiRoute] = ApiRoute, prefix: str = "/api/v1") -> APIRouter:
    """A router of the API's own routes."""
    return APIRouter(tags=[tag], route_class=route_class, prefix=prefix)
